import CMariaDB
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@testable import LeafStoreMySQL

@Suite("Statements on a MariaDB server", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct StatementTests {
    let fixture: MySQLFixture
    let connection: MySQLConnection

    init() throws {
        fixture = try MySQLFixture()
        connection = try fixture.connect()
    }

    @Test func `a lease is one acknowledged row with its counter`() throws {
        let reply = try connection.run(Texts.lease())
        #expect(reply.affectedRows == 1 && reply.insertID == 101 && reply.isAcknowledged && reply.rows.isEmpty)
        #expect(try connection.run(Texts.lease(step: 5)).insertID == 106)
        #expect(try fixture.maxID() == 106)
    }

    @Test func `a lease of no row affects none and has no insert id`() throws {
        _ = try connection.run(Texts.lease())
        let reply = try connection.run(Texts.lease("users"))
        #expect(reply.affectedRows == 0 && reply.insertID == nil && reply.isAcknowledged)
    }

    @Test func `a row that is left as it was does not count as affected`() throws {
        let same = SQLText("UPDATE leaf_alloc SET max_id = :id WHERE biz_tag = 'orders'")
        #expect(try connection.run(SQLStatement(same, ["id": .integer(1)])).affectedRows == 0)
        #expect(try connection.run(SQLStatement(same, ["id": .integer(2)])).affectedRows == 1)
    }

    static let counters: [Int64] = [
        0, 1, 1 << 53 - 1, 1 << 53, 1 << 53 + 1, .max - 1, .max, -1, .min,
    ]

    @Test(arguments: counters)
    func `64-bit values go to the server and come back as they are, prepared and as text`(value: Int64) throws {
        let set = SQLText("UPDATE leaf_alloc SET max_id = :value WHERE biz_tag = :tag")
        let statement = SQLStatement(set, ["value": .integer(value), "tag": .text("orders")])
        try fixture.sql("UPDATE leaf_alloc SET max_id = 77")
        #expect(try connection.run(statement).affectedRows == 1)
        #expect(try connection.run(Texts.read()).rows == [[.integer(value)]])
        try fixture.sql("UPDATE leaf_alloc SET max_id = 77")
        #expect(try connection.runTogether([statement, Texts.read()])[1].rows == [[.integer(value)]])
    }

    @Test func `an insert id is exact up to the last of 64 bits, and none beyond`() throws {
        try fixture.sql("UPDATE leaf_alloc SET max_id = 9223372036854775806")
        #expect(try connection.run(Texts.lease(step: 1)).insertID == .max)
        try fixture.sql("ALTER TABLE leaf_alloc MODIFY max_id BIGINT UNSIGNED NOT NULL")
        let reply = try connection.run(Texts.lease(step: 1))
        #expect(reply.affectedRows == 1 && reply.insertID == nil)
        #expect(try connection.run(Texts.read()).rows == [[.other("9223372036854775808")]])
    }

    static let texts = ["orders", "", "Zahlungsgrün", "日本語", "😀", "it's", "\\", "a\"b`c", ":x ? ;", "tab\tnull\0end"]

    @Test(arguments: texts)
    func `text goes to the server and comes back byte by byte, prepared and as text`(text: String) throws {
        let set = SQLText("UPDATE leaf_alloc SET description = :text WHERE biz_tag = 'orders'")
        let read = SQLText("SELECT description, description = :text, HEX(:text) FROM leaf_alloc", returnsRows: true)
        let statement = SQLStatement(set, ["text": .text(text)])
        let bytes = text.utf8.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
            .uppercased()
        let expected: [[SQLValue]] = [[.text(text), .integer(1), .text(bytes)]]
        _ = try connection.run(statement)
        #expect(try connection.run(SQLStatement(read, ["text": .text(text)])).rows == expected)
        try fixture.sql("UPDATE leaf_alloc SET description = NULL")
        #expect(try connection.run(Texts.read()).rows.count == 1)
        _ = try connection.runTogether([statement])
        #expect(try connection.run(SQLStatement(read, ["text": .text(text)])).rows == expected)
    }

    @Test func `NULL is bound, and read back`() throws {
        let set = SQLText("UPDATE leaf_alloc SET description = :text WHERE biz_tag = 'orders'")
        _ = try connection.run(SQLStatement(set, ["text": .text("x")]))
        #expect(try connection.run(SQLStatement(set, ["text": .null])).affectedRows == 1)
        let read = SQLText("SELECT description, NULL, :none FROM leaf_alloc", returnsRows: true)
        #expect(try connection.run(SQLStatement(read, ["none": .null])).rows == [[.null, .null, .null]])
    }

    static let expressions: [(String, SQLValue)] = [
        ("1", .integer(1)), ("CAST(7 AS UNSIGNED)", .integer(7)),
        ("9223372036854775808", .other("9223372036854775808")),
        ("1.0", .other("1.0")), ("1e0", .other("1")), ("CAST(5 AS DOUBLE)", .other("5")),
        ("CAST(5 AS DECIMAL(20,0))", .other("5")), ("'text'", .text("text")),
        ("CAST('bytes' AS BINARY)", .other("bytes")),
        ("_latin1 X'FC'", .text("ü")), ("CAST(X'FF' AS BINARY)", .other("0xff")),
        ("DATE '2026-01-02'", .other("2026-01-02")),
        ("EXISTS (SELECT 1)", .integer(1)), ("CAST(2026 AS YEAR)", .other("2026")), ("SUM(3)", .other("3")),
        ("''", .text("")),
    ]

    @Test(arguments: expressions.filter { !$0.0.contains("YEAR") })
    func `only integer types are integers, and only text is text`(sql: String, value: SQLValue) throws {
        let reply = try connection.run(SQLStatement(SQLText("SELECT \(sql)", returnsRows: true)))
        #expect(reply.rows == [[value]])
    }

    @Test func `a statement prepared before its table was altered or made anew is prepared again`() throws {
        _ = try connection.run(Texts.lease())
        try fixture.sql("ALTER TABLE leaf_alloc ADD COLUMN auto_clean TINYINT FIRST")
        #expect(try connection.run(Texts.lease()).insertID == 201)
        try fixture.sql("DROP TABLE leaf_alloc")
        let error = try storeError(.missing) { _ = try connection.run(Texts.lease()) }
        #expect(error.isSessionLost && connection.isClosed)
    }

    @Test func `a statement that the server has lost is prepared again, but for one within a transaction`() throws {
        func lose() { for statement in connection.prepared.values { statement.handle.pointee.stmt_id += 1000 } }
        #expect(try connection.run(Texts.lease()).insertID == 101)
        lose()
        #expect(try connection.run(Texts.lease()).insertID == 201)
        try connection.begin()
        _ = try connection.run(Texts.lease())
        lose()
        let error = try storeError(.transient) { _ = try connection.run(Texts.lease()) }
        #expect(error.isSessionLost && error.message.contains("1243"))
        #expect(try fixture.maxID() == 201)
    }

    @Test func `more texts than are kept prepared all work`() throws {
        let texts = (0..<100).map {
            SQLText("UPDATE leaf_alloc SET max_id = max_id + \($0) + :more WHERE biz_tag = 'orders'")
        }
        for text in texts + texts { _ = try connection.run(SQLStatement(text, ["more": .integer(1)])) }
        #expect(try fixture.maxID() == 1 + 2 * (4950 + 100))
        let count = try fixture.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").split(separator: "\t").last
        #expect(Int(count ?? "").map { $0 < 100 } == true)
    }

    @Test func `an error that concerns one statement keeps the connection`() throws {
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('users', 1)")
        let add = SQLText("INSERT INTO leaf_alloc (biz_tag, step) VALUES (:tag, 1)")
        let error = try storeError(.tagExists) { _ = try connection.run(SQLStatement(add, ["tag": .text("users")])) }
        #expect(!error.isSessionLost && error.message.contains("1062") && error.message.contains("127.0.0.1"))
        #expect(try connection.run(Texts.lease()).isAcknowledged)
    }

    @Test func `a trigger's own words reach the reader`() throws {
        try fixture.sql(
            """
            CREATE TRIGGER no BEFORE UPDATE ON leaf_alloc FOR EACH ROW
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not on a Friday';
            """)
        let error = try storeError(.conflict) { _ = try connection.run(Texts.lease()) }
        #expect(error.message.contains("not on a Friday") && !error.isSessionLost)
    }

    @Test func `a warning is a reason not to believe a reply`() throws {
        // Strict mode makes errors of most; a note from a trigger's handler is none.
        try fixture.sql("CREATE TABLE log (x INT)")
        let drop = SQLText("DROP TABLE IF EXISTS nowhere")
        #expect(try !connection.run(SQLStatement(drop)).isAcknowledged)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        let together = try connection.runTogether([Texts.lease(), Texts.lease("users")])
        #expect(together.map(\.isAcknowledged) == [true, true])
    }
}
