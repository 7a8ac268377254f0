import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct TransactionTests {
    private let fixture: PostgreSQLFixture
    private let connection: any SQLConnection

    init() throws {
        fixture = try PostgreSQLFixture()
        try fixture.makeTable()
        connection = try fixture.connect()
    }

    private var counter: String {
        get throws { try fixture.sql("SELECT max_id FROM leaf_alloc WHERE biz_tag = 'orders'") }
    }

    // MARK: Together

    @Test func `statements run together are one transaction`() throws {
        let replies = try connection.runTogether([
            PostgreSQLFixture.lease(), PostgreSQLFixture.lease(step: 5),
            SQLStatement(SQLText("SELECT txid_current(), pg_backend_pid() > 0", returnsRows: true)),
            SQLStatement(SQLText("SELECT txid_current(), pg_backend_pid() > 0", returnsRows: true)),
        ])
        #expect(replies.map(\.isAcknowledged) == [true, true, true, true])
        #expect(replies[0].rows == [[.integer(101)]])
        #expect(replies[1].rows == [[.integer(106)]])
        #expect(replies[2].rows == replies[3].rows)
        #expect(try counter == "106")
        #expect(try connection.runTogether([]).isEmpty)
    }

    @Test(arguments: [0, 1, 2])
    func `after an error nothing of what was run together has happened`(position: Int) throws {
        var statements = [PostgreSQLFixture.lease(), PostgreSQLFixture.lease()]
        statements.insert(SQLStatement(SQLText("INSERT INTO leaf_alloc VALUES ('orders', 1, 1)")), at: position)
        let error = try storeError { _ = try connection.runTogether(statements) }
        #expect(error.code == .tagExists)
        #expect(error.message.contains("INSERT INTO leaf_alloc"))
        #expect(!error.isSessionLost)
        #expect(try counter == "1")
        #expect(try connection.run(PostgreSQLFixture.lease()).isAcknowledged)
        #expect(try counter == "101")
    }

    @Test func `an error of the commit itself is one of all`() throws {
        try fixture.sql(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END';
            CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON leaf_alloc DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse()
            """)
        for statements in [[PostgreSQLFixture.lease()], [PostgreSQLFixture.lease(), PostgreSQLFixture.lease()]] {
            let connection = try fixture.connect(fixture.login(queryTimeout: .seconds(5)))
            let error = try storeError { _ = try connection.runTogether(statements) }
            #expect(error.code == .conflict, "\(error)")
            #expect(error.message.contains("not today"))
            #expect(try counter == "1")
        }
        try connection.begin()
        #expect(try !connection.run(PostgreSQLFixture.lease()).isAcknowledged)
        #expect(try storeError { _ = try connection.commit() }.code == .conflict)
        #expect(try counter == "1")
        #expect(try connection.value("SELECT 1") == .integer(1))
    }

    /// More comes back than is sent, so that the server waits for leafd to read; or less than the server sends by itself before
    /// the synchronization, so that nothing but room in the socket tells leafd to go on writing.
    @Test(arguments: [(1000, 16_384, "repeat(:text, 3)"), (40, 1 << 20, "left(:text, 1)")])
    func `many statements with large texts fill no buffer for good`(count: Int, size: Int, answer: String) throws {
        let text = SQLText("SELECT :number, length(:text), \(answer)", returnsRows: true)
        let large = String(repeating: "x", count: size)
        let replies = try connection.runTogether(
            (0..<count).map { SQLStatement(text, ["number": .integer(Int64($0)), "text": .text(large)]) })
        #expect(
            replies.map { $0.rows.first?.prefix(2) }
                == (0..<count).map { [.integer(Int64($0)), .integer(Int64(size))] })
        #expect(replies.allSatisfy { $0.isAcknowledged })
    }

    // MARK: Begin and commit

    @Test func `a transaction is acknowledged at its commit`() throws {
        try connection.begin()
        #expect(try !connection.run(PostgreSQLFixture.lease()).isAcknowledged)
        #expect(try connection.runTogether([PostgreSQLFixture.lease()]).map(\.isAcknowledged) == [false])
        #expect(try counter == "1")
        #expect(try connection.commit())
        #expect(try counter == "201")
    }

    @Test func `a transaction that is rolled back leaves nothing`() throws {
        connection.rollback()
        try connection.begin()
        _ = try connection.run(PostgreSQLFixture.lease())
        connection.rollback()
        connection.rollback()
        #expect(try counter == "1")
        #expect(try connection.run(PostgreSQLFixture.lease()).isAcknowledged)
    }

    @Test func `a commit that the server answers with a rollback is none`() throws {
        try connection.begin()
        _ = try storeError { try connection.run("SELECT 1 / 0") }
        let error = try storeError { _ = try connection.commit() }
        #expect(error.code == .transient)
        #expect(error.message.contains("ROLLBACK"))
        #expect(!error.isSessionLost)
        #expect(try connection.run(PostgreSQLFixture.lease()).isAcknowledged)
    }

    @Test func `a commit outside of a transaction is not acknowledged, for its warning`() throws {
        #expect(try !connection.commit())
    }

    @Test func `what a server warns of is not acknowledged, and a notice is no warning`() throws {
        try fixture.sql(
            """
            CREATE FUNCTION say(level text) RETURNS int LANGUAGE plpgsql AS
                'BEGIN IF level = ''WARNING'' THEN RAISE WARNING ''w''; ELSE RAISE NOTICE ''n''; END IF; RETURN 1; END'
            """)
        #expect(try !connection.run("SELECT say('WARNING')").isAcknowledged)
        #expect(try connection.run("SELECT say('NOTICE')").isAcknowledged)
        #expect(try connection.runTogether([PostgreSQLFixture.lease()]).allSatisfy { $0.isAcknowledged })
    }

    /// The commit is on this server's disk, and not on the standby's that it was to wait for.
    @Test func `a commit whose wait for a standby is cancelled is not acknowledged`() async throws {
        // A server of its own, since all commits of the server wait.
        let server = try PostgreSQLServer()
        let own = try PostgreSQLFixture(on: server)
        try own.makeTable()
        try server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try server.sql("SELECT pg_reload_conf()")
        try eventually("commits wait") { try server.sql("SHOW synchronous_standby_names") == "nobody" }
        let connection = try own.connect()
        let crew = Crew(1) { _ in
            _ = try? eventually("the commit is cancelled") {
                try server.sql(
                    "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1"
            }
        }
        let reply = try connection.run(PostgreSQLFixture.lease())
        crew.join()
        #expect(reply.rows == [[.integer(101)]])
        #expect(!reply.isAcknowledged)
    }

    // MARK: Several sessions

    @Test func `of two transactions in a deadlock one is told so and can go on`() throws {
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('users', 1, 100)")
        let other = TestLock(Handed(try fixture.connect()))
        let errors = TestLock<[StoreError]>([])
        let first = Handed(connection)
        try first.connection.begin()
        _ = try first.connection.run(PostgreSQLFixture.lease("orders"))
        other.with { box in
            try? box.connection.begin()
            _ = try? box.connection.run(PostgreSQLFixture.lease("users"))
        }
        let crew = Crew(2) { number in
            func lease(_ connection: any SQLConnection, _ tag: String) {
                do {
                    _ = try connection.run(PostgreSQLFixture.lease(tag))
                } catch {
                    errors.with { $0.append(error) }
                    connection.rollback()
                }
            }
            if number == 0 { lease(first.connection, "users") } else { other.with { lease($0.connection, "orders") } }
        }
        crew.join()
        let found = errors.with { $0 }
        #expect(found.map(\.code) == [.transient])
        #expect(found.first?.message.contains("40P01") == true)
        #expect(found.first?.isSessionLost == false)
        first.connection.rollback()
        other.with { $0.connection.rollback() }
        #expect(try first.connection.run(PostgreSQLFixture.lease()).isAcknowledged)
    }

    @Test func `a row that stays locked is transient and keeps the session`() throws {
        let holder = try fixture.connect()
        try holder.begin()
        _ = try holder.run(PostgreSQLFixture.lease())
        let connection = try fixture.connect(fixture.login(queryTimeout: .seconds(3)))
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .transient, "\(error)")
        #expect(error.message.contains("55P03"))
        #expect(!error.isSessionLost)
        holder.rollback()
        #expect(try connection.run(PostgreSQLFixture.lease()).isAcknowledged)
    }
}
