import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import LeafThreads
import Testing

@Suite("Transactions on a MariaDB server", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct TransactionTests {
    let fixture: MySQLFixture
    let connection: MySQLConnection

    init() throws {
        fixture = try MySQLFixture()
        connection = try fixture.connect()
    }

    @Test func `statements that go together have a reply each, and one commit`() throws {
        let replies = try connection.runTogether([
            Texts.lease(step: 10), Texts.read(), Texts.lease("users"), Texts.lease(step: 1),
        ])
        #expect(replies.map(\.affectedRows) == [1, 0, 0, 1])
        #expect(replies.map(\.insertID) == [11, nil, nil, 12])
        #expect(replies[1].rows == [[.integer(11)]])
        #expect(replies.allSatisfy { $0.isAcknowledged })
        #expect(try fixture.maxID() == 12)
    }

    @Test func `a thousand statements go together`() throws {
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, step) SELECT CONCAT('t', seq), 1 FROM seq_1_to_1000")
        let replies = try connection.runTogether((1...1000).map { Texts.lease("t\($0)", step: Int64($0)) })
        #expect(replies.map(\.insertID) == (1...1000).map { 1 + $0 })
        #expect(replies.allSatisfy { $0.isAcknowledged && $0.affectedRows == 1 })
    }

    @Test func `the first that fails undoes all`() throws {
        let bad = SQLStatement(SQLText("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('orders', 1)"))
        try storeError(.tagExists) { _ = try connection.runTogether([Texts.lease(), bad, Texts.lease()]) }
        #expect(try fixture.maxID() == 1)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        #expect(try fixture.maxID() == 101)
    }

    @Test func `more than the server takes at once is refused, and not sent`() throws {
        try fixture.server.sql("SET GLOBAL max_allowed_packet = 16384")
        defer { _ = try? fixture.server.sql("SET GLOBAL max_allowed_packet = 16777216") }
        let small = try fixture.connect()
        let error = try storeError(.misconfigured) {
            _ = try small.runTogether((1...1000).map { _ in Texts.lease() })
        }
        #expect(error.message.contains("max_allowed_packet is 16384") && !error.isSessionLost)
        #expect(try small.run(Texts.lease()).insertID == 101)
    }

    @Test func `what is within a transaction is acknowledged by its commit alone`() throws {
        try connection.begin()
        let reply = try connection.run(Texts.lease())
        #expect(reply.insertID == 101 && !reply.isAcknowledged)
        #expect(try fixture.maxID() == 1)
        #expect(try connection.commit())
        #expect(try fixture.maxID() == 101)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
    }

    @Test func `a rollback undoes, and is harmless without a transaction`() throws {
        try connection.begin()
        _ = try connection.run(Texts.lease())
        connection.rollback()
        connection.rollback()
        #expect(try fixture.maxID() == 1)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
    }

    @Test func `an error within a transaction ends it`() throws {
        try connection.begin()
        _ = try connection.run(Texts.lease())
        let bad = SQLStatement(SQLText("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('orders', 1)"))
        try storeError(.tagExists) { _ = try connection.run(bad) }
        #expect(try connection.run(Texts.lease(step: 7)).insertID == 8)
        connection.rollback()
        #expect(try fixture.maxID() == 8)
    }

    @Test func `autocommit=0 for everybody does not reach a session`() throws {
        let server = try MariaDBServer(["--autocommit=0", "--init-connect=SET autocommit=0", "--completion-type=1"])
        let other = try MySQLFixture(server, table: nil)
        try other.sql(MySQLFixture.leafTable + "COMMIT;")
        let connection = try other.connect()
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        #expect(try other.maxID() == 101)
        #expect(try connection.runTogether([Texts.lease()])[0].isAcknowledged)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        #expect(try other.maxID() == 301)
    }

    @Test func `a session that has lost autocommit acknowledges nothing`() throws {
        _ = try connection.run(SQLStatement(SQLText("SET autocommit = 0")))
        let reply = try connection.run(Texts.lease())
        #expect(reply.insertID == 101 && !reply.isAcknowledged)
        #expect(try fixture.maxID() == 1)
    }

    @Test func `a commit that leaves a transaction open is not believed`() throws {
        for setting in ["autocommit = 0", "completion_type = 1"] {
            let connection = try fixture.connect()
            _ = try connection.run(SQLStatement(SQLText("SET \(setting)")))
            #expect(try !connection.runTogether([Texts.lease()])[0].isAcknowledged, "\(setting)")
            try connection.begin()
            _ = try connection.run(Texts.lease())
            #expect(try !connection.commit(), "\(setting)")
        }
    }

    @Test func `a server without strict mode clamps nothing for a session`() throws {
        let server = try MariaDBServer(["--sql-mode="])
        let other = try MySQLFixture(server)
        try other.sql("ALTER TABLE leaf_alloc MODIFY max_id INT NOT NULL; UPDATE leaf_alloc SET max_id = 2147483640")
        let error = try storeError(.conflict) { _ = try other.connect().run(Texts.lease()) }
        #expect(error.message.contains("1264"))
    }

    @Test func `of two that lock each other out one is told to try again, and goes on`() async throws {
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('users', 1)")
        let other = try fixture.connect()
        try connection.begin()
        try other.begin()
        _ = try connection.run(Texts.lease("orders"))
        _ = try other.run(Texts.lease("users"))
        let outcome = Lock<Result<SQLReply, StoreError>?>(nil)
        let box = Exclusive(other)
        let thread = DedicatedThread(name: "other") {
            let result = Result { () throws(StoreError) in try box.value.run(Texts.lease("orders")) }
            outcome.with { $0 = result }
        }
        let mine = Result { () throws(StoreError) in try connection.run(Texts.lease("users")) }
        if case .success = mine { _ = try connection.commit() }
        thread.join()
        let theirs = try #require(outcome.with { $0 })
        let failures = [mine, theirs].compactMap { result in if case .failure(let error) = result { error } else { nil }
        }
        #expect(
            failures.map(\.code) == [.transient]
                && failures.allSatisfy { !$0.isSessionLost && $0.message.contains("1213") })
        if case .success = theirs { _ = try other.commit() }
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        #expect(try other.run(Texts.lease()).isAcknowledged)
    }

    @Test func `who waits for a lock too long is told to try again before the query timeout`() throws {
        let other = try fixture.connect(fixture.login(queryTimeout: .seconds(4)))
        try connection.begin()
        _ = try connection.run(Texts.lease())
        _ = try other.run(SQLStatement(SQLText("SET innodb_lock_wait_timeout = 1")))
        let error = try storeError(.transient) { _ = try other.run(Texts.lease()) }
        #expect(error.message.contains("1205") && !error.isSessionLost)
        #expect(try connection.commit())
        #expect(try other.run(Texts.lease()).insertID == 201)
    }
}

/// A value that one thread hands to another.
///
/// @unchecked: the test uses it on one thread at a time.
struct Exclusive<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
