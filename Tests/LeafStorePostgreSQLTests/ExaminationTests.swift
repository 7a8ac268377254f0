import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct ExaminationTests {
    @Test func `a server as it should be has an identity and no warning`() throws {
        let fixture = try PostgreSQLFixture()
        let connection = try fixture.connect()
        let traits = try fixture.dialect.examine(connection, hasIdentity: true)
        #expect(traits.warnings == [])
        let identity = try #require(traits.identity)
        let number = try fixture.sql("SELECT system_identifier FROM pg_control_system()")
        #expect(try connection.value("SELECT \(identity)") == .text("postgresql:\(number):00000001"))
        #expect(try fixture.dialect.examine(connection, hasIdentity: false).identity == nil)
    }

    @Test func `settings that lose commits are warned of`() throws {
        let fixture = try PostgreSQLFixture(["fsync=off", "full_page_writes=off", "synchronous_commit=off"])
        let connection = try fixture.connect()
        let warnings = try fixture.dialect.examine(connection, hasIdentity: true).warnings
        #expect(warnings.count == 2)
        #expect(warnings.contains { $0.contains("fsync is off") && $0.contains("set fsync = on") })
        #expect(warnings.contains { $0.contains("full_page_writes is off") })
        #expect(try connection.value("SHOW synchronous_commit") == .text("on"))
    }

    @Test(arguments: [
        ("off", "on"), ("on", "on"), ("remote_apply", "remote_apply"), ("remote_write", "remote_write"),
        ("local", "local"),
    ])
    func `synchronous_commit is switched on and never made weaker`(before: String, after: String) throws {
        let fixture = try PostgreSQLFixture()
        try fixture.sql("ALTER ROLE leafd IN DATABASE \(fixture.database) SET synchronous_commit = \(before)")
        #expect(try fixture.connect().value("SHOW synchronous_commit") == .text(after))
    }

    @Test func `a session waits less than leafd does, and reads what is committed`() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.sql(
            "ALTER ROLE leafd IN DATABASE \(fixture.database) SET default_transaction_isolation = 'serializable'")
        let connection = try fixture.connect(fixture.login(queryTimeout: .seconds(2)))
        #expect(try connection.value("SHOW transaction_isolation") == .text("read committed"))
        #expect(try connection.value("SHOW statement_timeout") == .text("1900ms"))
        #expect(try connection.value("SHOW lock_timeout") == .text("1800ms"))
        #expect(try connection.value("SHOW client_encoding") == .text("UTF8"))
        #expect(try connection.value("SHOW application_name") == .text("leafd"))
    }

    @Test func `a frozen database is left alone`() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.makeTable()
        try fixture.sql("ALTER ROLE leafd IN DATABASE \(fixture.database) SET default_transaction_read_only = on")
        let connection = try fixture.connect()
        let refusal = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(refusal.code == .readOnly)
        #expect(refusal.isSessionLost && connection.isClosed)
        let error = try storeError { _ = try fixture.dialect.examine(fixture.connect(), hasIdentity: true) }
        #expect(error.code == .readOnly)
        #expect(error.isSessionLost)
        #expect(error.message.contains("default_transaction_read_only"))
    }

    @Test func `functions that are not permitted are named with the GRANT, and the session stays`() throws {
        let fixture = try PostgreSQLFixture()
        try fixture.sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        let connection = try fixture.connect()
        let traits = try fixture.dialect.examine(connection, hasIdentity: true)
        #expect(traits.identity == nil)
        #expect(traits.warnings.count == 1)
        #expect(traits.warnings.first?.contains("GRANT EXECUTE ON FUNCTION pg_control_system()") == true)
        #expect(traits.warnings.first?.contains("store.identity: none") == true)
        #expect(try connection.value("SELECT 1") == .integer(1))
        #expect(try fixture.dialect.examine(connection, hasIdentity: false).warnings == [])
    }

    @Test func `a standby is refused until it is promoted, and then is another server`() throws {
        let pair = try PostgreSQLPair()
        let fixture = try PostgreSQLFixture(on: pair.primary)
        try fixture.makeTable()
        try pair.waitUntilCaughtUp()
        let identity = try #require(try fixture.dialect.examine(fixture.connect(), hasIdentity: true).identity)
        let before = try fixture.connect().value("SELECT \(identity)")

        let standby = ServerAddress.tcp(host: "127.0.0.1", port: pair.replica.port)
        let connection = try fixture.connect(at: standby)
        let error = try storeError { _ = try fixture.dialect.examine(connection, hasIdentity: true) }
        #expect(error.code == .readOnly)
        #expect(error.isSessionLost && connection.isClosed)
        #expect(error.message.contains("standby"))
        // What a session meets that was on a primary, behind a pooler.
        for text in ["SELECT \(identity)", "UPDATE leaf_alloc SET max_id = max_id + 1"] {
            let error = try storeError { try fixture.connect(at: standby).run(text) }
            #expect(error.code == .readOnly, "\(error)")
            #expect(error.isSessionLost)
        }

        try pair.failOver()
        let promoted = try fixture.connect(at: standby)
        let after = try promoted.value(
            "SELECT \(try #require(fixture.dialect.examine(promoted, hasIdentity: true).identity))")
        #expect(before != after)
        #expect(after.text?.hasSuffix(":00000002") == true)
        #expect(try promoted.run(PostgreSQLFixture.lease()).isAcknowledged)
    }
}
