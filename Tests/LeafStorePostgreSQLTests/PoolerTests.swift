import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@testable import LeafStorePostgreSQL

/// Behind a pooler a session is lent to others between two transactions.
@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct PoolerTests {
    private let setup = SessionSetup(queryTimeout: .seconds(4))
    private let connection: any SQLConnection

    init() throws {
        connection = try PostgreSQLFixture().connect()
        for name in ["synchronous_commit", "lock_timeout", "statement_timeout"] { try connection.run("RESET \(name)") }
        try connection.run("SET synchronous_commit = off")
    }

    private var settings: [SQLValue] {
        get throws {
            try ["synchronous_commit", "lock_timeout", "statement_timeout"].map { try connection.value("SHOW \($0)") }
        }
    }

    @Test func `a process that is another than the greeting's is a pooler, and nothing is set for others`() throws {
        let reply = try connection.run(setup.statement(backend: 1))
        #expect(reply.rows.first?.first == .integer(1))
        #expect(try settings == [.text("off"), .text("0"), .text("0")])
    }

    @Test func `the process of the greeting is the server itself, and the session is set up`() throws {
        let own = try #require(try connection.value("SELECT pg_backend_pid()").integer)
        let reply = try connection.run(setup.statement(backend: Int32(own)))
        #expect(reply.rows.first?.first == .integer(0))
        #expect(try settings == [.text("on"), .text("3600ms"), .text("3800ms")])
    }

    @Test func `each transaction behind a pooler brings its settings and takes them away`() throws {
        let show = SQLStatement(SQLText("SELECT current_setting('synchronous_commit')", returnsRows: true))
        let replies = try connection.runTogether([setup.prelude, show])
        #expect(replies[1].rows == [[.text("on")]])
        #expect(try settings == [.text("off"), .text("0"), .text("0")])
    }
}
