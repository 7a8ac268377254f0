import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct StatementTests {
    private let fixture: PostgreSQLFixture
    private let connection: any SQLConnection

    init() throws {
        fixture = try PostgreSQLFixture()
        try fixture.makeTable()
        connection = try fixture.connect()
    }

    @Test func `a lease is one acknowledged statement with the counter in its reply`() throws {
        let reply = try connection.run(PostgreSQLFixture.lease())
        #expect(reply.rows == [[.integer(101)]])
        #expect(reply.affectedRows == 1)
        #expect(reply.insertID == nil)
        #expect(reply.isAcknowledged)
        #expect(try fixture.sql("SELECT max_id FROM leaf_alloc") == "101")
    }

    @Test func `a lease of a tag that is not there changes no row`() throws {
        let reply = try connection.run(PostgreSQLFixture.lease("missing"))
        #expect(reply.rows.isEmpty)
        #expect(reply.affectedRows == 0)
    }

    /// Around 2^53, where a DOUBLE begins to round, and at the ends.
    private static let numbers: [Int64] = [
        9_007_199_254_740_991, 9_007_199_254_740_992, 9_007_199_254_740_993, .max - 1, .max, .min, -1, 0,
    ]

    @Test(arguments: numbers)
    func `integers keep all of their 64 bits`(number: Int64) throws {
        #expect(try connection.value("SELECT :n", ["n": .integer(number)]) == .integer(number))
        try connection.run("UPDATE leaf_alloc SET max_id = :n", ["n": .integer(number)])
        #expect(try connection.value("SELECT max_id FROM leaf_alloc") == .integer(number))
        #expect(try fixture.sql("SELECT max_id FROM leaf_alloc") == "\(number)")
    }

    @Test func `a counter that would pass 2^63 - 1 is refused and the session kept`() throws {
        try connection.run("UPDATE leaf_alloc SET max_id = :n", ["n": .integer(.max)])
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .conflict)
        #expect(!error.isSessionLost)
        #expect(error.message.contains("22003"))
        #expect(try connection.value("SELECT max_id FROM leaf_alloc") == .integer(.max))
    }

    @Test func `each type of a column comes back as what it is`() throws {
        let row = try connection.run(
            """
            SELECT 1::int2, 2::int4, 3::int8, 't'::text, 'v'::varchar(9), 'c'::char(3), 'n'::name, true, false, NULL,
                4::numeric, 5::float8, '2026-01-01'::date, 'x'::bytea
            """
        ).rows.first
        #expect(
            row == [
                .integer(1), .integer(2), .integer(3), .text("t"), .text("v"), .text("c  "), .text("n"), .integer(1),
                .integer(0), .null, .other("4"), .other("5"), .other("2026-01-01"), .other("\\x78"),
            ])
    }

    @Test(arguments: ["", "orders", "straße ☃ 🐘", "quote ' and \" and \\ and $1 and :tag", "line\nbreak\ttab"])
    func `texts come back byte by byte`(text: String) throws {
        #expect(try connection.value("SELECT :t", ["t": .text(text)]) == .text(text))
        #expect(
            try connection.value("SELECT length(:t::varchar)", ["t": .text(text)])
                == .integer(Int64(text.unicodeScalars.count)))
    }

    @Test func `a text with a NUL is refused instead of cut`() throws {
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', 1, 100)")
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease("a\u{0}b")) }
        #expect(error.code == .conflict)
        #expect(!error.isSessionLost)
        #expect(try connection.value("SELECT max_id FROM leaf_alloc WHERE biz_tag = 'a'") == .integer(1))
    }

    @Test func `a NULL is bound as one`() throws {
        #expect(try connection.value("SELECT :x::text IS NULL", ["x": .null]) == .integer(1))
    }

    @Test func `a parameter at two places has one value`() throws {
        let row = try connection.run("SELECT :a, :b, :a || '!'", ["a": .text("x"), "b": .integer(7)]).rows.first
        #expect(row == [.text("x"), .integer(7), .text("x!")])
    }
}
