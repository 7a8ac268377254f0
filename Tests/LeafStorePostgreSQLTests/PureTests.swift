import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@testable import LeafStorePostgreSQL

struct NumberedTextTests {
    @Test func `each name gets one number`() {
        let text = NumberedText(SQLText("UPDATE t SET a = :a::text, b = ':a' || :b WHERE c = :a AND d = :c"))
        #expect(text.sql == "UPDATE t SET a = $1::text, b = ':a' || $2 WHERE c = $1 AND d = $3")
        #expect(text.names == ["a", "b", "c"])
    }

    @Test func `a label is the start of the statement in one line, without values`() {
        let text = NumberedText(
            SQLText("SELECT\n    :secret,  'x' FROM t WHERE something = :long AND something = :else"))
        #expect(text.label == "SELECT $1, 'x' FROM t WHERE something = $2 AND s…")
    }

    @Test func `integers go as int8, texts as text, and NULL as whatever fits`() throws {
        let statement = SQLStatement(
            SQLText("SELECT :a, :b, :c"), ["a": .integer(.min), "b": .text("ä"), "c": .null])
        let bound = try #require(BoundStatement(NumberedText(statement.text), statement))
        #expect(bound.types == [20, 25, 0])
        #expect(bound.starts == [0, 21, nil])
        #expect(bound.bytes == Array("-9223372036854775808\0ä\0".utf8))
    }
}

struct ResultRowsTests {
    @Test func `a number is an integer only where its column is one`() {
        #expect(ResultRows.decode(Array("7".utf8), DataType.int8) == .integer(7))
        #expect(ResultRows.decode(Array("7".utf8), 1700) == .other("7"))
        #expect(ResultRows.decode(Array("7".utf8), 701) == .other("7"))
        #expect(ResultRows.decode(Array("9223372036854775808".utf8), DataType.int8) == .other("9223372036854775808"))
    }

    @Test func `bytes that are no UTF-8 are no text`() {
        #expect(ResultRows.decode([0x61, 0xFF], DataType.text) == .other("a\u{FFFD}"))
    }
}

struct VerdictTests {
    private let peer = Peer(
        .tcp(host: "db", port: 5432),
        ServerLogin(
            user: "leafd", database: "ids", password: { () throws(StoreError) in "s3cret" }, tls: .disabled,
            caFile: nil,
            connectTimeout: .seconds(1), queryTimeout: .seconds(1)))

    /// A state, what it means, whether the session can be used on.
    private static let verdicts: [(state: String, code: StoreError.Code, isKept: Bool)] = [
        ("40001", .transient, true), ("40P01", .transient, true), ("55P03", .transient, true),
        ("25006", .readOnly, false), ("57P03", .unavailable, false), ("57P01", .unavailable, false),
        ("57P02", .unavailable, false), ("57014", .unavailable, false), ("08006", .unavailable, false),
        ("08P01", .unavailable, false), ("53100", .unavailable, false), ("53300", .unavailable, false),
        ("58030", .unavailable, false), ("XX000", .unavailable, false), ("XX001", .corrupt, false),
        ("28000", .misconfigured, false), ("28P01", .misconfigured, false), ("3D000", .misconfigured, false),
        ("42501", .misconfigured, true), ("3F000", .misconfigured, false), ("42703", .misconfigured, false),
        ("42P10", .misconfigured, false), ("0A000", .misconfigured, false), ("42P01", .missing, false),
        ("23505", .tagExists, true), ("23514", .conflict, true), ("23502", .conflict, true),
        ("P0001", .conflict, true), ("22003", .conflict, true), ("22P02", .conflict, true), ("22P05", .conflict, true),
        ("99999", .unavailable, false), ("", .unavailable, false),
    ]

    @Test(arguments: verdicts)
    func `each SQLSTATE has its meaning`(state: String, code: StoreError.Code, isKept: Bool) {
        let error = peer.error(from: ServerError(sqlState: state, text: "words"), "leasing")
        #expect(error.code == code)
        #expect(error.isSessionLost == !isKept)
        #expect(error.message.hasPrefix("central store postgresql db:5432, database \"ids\": leasing failed: "))
        #expect(error.message.contains("words"))
        #expect(state.isEmpty || error.message.contains("SQLSTATE \(state)"))
    }

    @Test func `the functions of the identity tell a standby by their name, not by translated words`() {
        let standby = ServerError(sqlState: "55000", text: "Wiederherstellung läuft", function: "pg_current_wal_lsn")
        #expect(peer.error(from: standby, "leasing").code == .readOnly)
        let other = ServerError(sqlState: "55000", text: "no replica identity", function: "CheckCmdReplicaIdentity")
        #expect(peer.error(from: other, "leasing").code == .misconfigured)
    }

    @Test func `two sessions that create the same table are in each other's way, and no tag is there twice`() {
        let error = ServerError(sqlState: "23505", text: "pg_type_typname_nsp_index", schema: "pg_catalog")
        #expect(peer.error(from: error, "creating").code == .transient)
    }

    @Test func `the code of a failed login is read out of its text`() {
        let failure = LoginFailure(
            """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed for user "x"
            LOCATION:  auth_failed, auth.c:337
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28000: no pg_hba.conf entry
            LOCATION:  ClientAuthentication, auth.c:543
            """)
        #expect(failure.sqlState == "28P01")
        #expect(!failure.text.contains("LOCATION") && !failure.text.contains("\n"))
        #expect(LoginFailure("could not connect: Connection refused").sqlState == nil)
    }

    @Test(arguments: [
        ("/run/postgresql/.s.PGSQL.5433", "/run/postgresql", 5433), ("/run/postgresql", "/run/postgresql", 5432),
        ("/run/postgresql/", "/run/postgresql", 5432), ("/.s.PGSQL.1", "/", 1),
    ])
    func `a socket is a folder and a port`(path: String, folder: String, port: Int) throws {
        let (found, number) = try ConnectionParameters.split(path, peer)
        #expect(found == folder)
        #expect(number == port)
    }

    @Test(arguments: ["run/postgresql", "/run/.s.PGSQL.", "/run/.s.PGSQL.x", "/run/.s.PGSQL.70000"])
    func `a socket that is none is refused`(path: String) throws {
        #expect(try storeError { _ = try ConnectionParameters.split(path, peer) }.code == .misconfigured)
    }

    @Test func `what a server says ends up in one line`() {
        #expect("a\n  b\r\n\tc \u{1B}[31m".onOneLine == "a; b; c  [31m")
    }
}
