import Foundation
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

/// A server, or the network before it, that does not do what it should. No test looks at how long something took: one that
/// waited for ever would not end.
@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"), .timeLimit(.minutes(30)))
struct FaultTests {
    private let fixture: PostgreSQLFixture

    init() throws {
        fixture = try PostgreSQLFixture()
        try fixture.makeTable()
    }

    // MARK: Connecting

    /// What a server says before it falls silent, or goes on a byte at a time.
    private static let servers: [(greeting: String, dribble: UInt8?)] = [
        ("", nil),
        // Offers TLS and does not shake hands.
        ("S", nil),
        // Asks for a password, in so many bytes, and does not send them all.
        ("R\u{0}\u{0}\u{0}\u{8}", nil), ("R\u{0}\u{0}\u{0}\u{7f}", 0), ("", UInt8(ascii: "N")),
    ]

    @Test(arguments: servers, [TLSPolicy.disabled, .preferred, .required])
    func `a server that accepts and never comes to an end is unavailable`(
        server: (greeting: String, dribble: UInt8?), tls: TLSPolicy
    ) throws {
        let silent = try SilentServer(
            greeting: Array(server.greeting.utf8), dribble: server.dribble, every: .milliseconds(20))
        let login = fixture.login(tls: tls, connectTimeout: .milliseconds(300))
        let address = ServerAddress.tcp(host: "127.0.0.1", port: silent.port)
        let error = try storeError { _ = try fixture.connect(login, at: address) }
        // One that says something wrong is told from one that says nothing, as far as it comes to that.
        #expect(error.code == .unavailable || error.code == .misconfigured, "\(error)")
        #expect(error.isSessionLost)
        #expect(error.message.contains("127.0.0.1:\(silent.port)"))
        if server.greeting.isEmpty, server.dribble == nil {
            #expect(error.message.contains("store.connect-timeout (0.3 seconds)"), "\(error)")
        }
    }

    @Test func `nobody listening is unavailable`() throws {
        let port = try FreePort()
        let error = try storeError { _ = try fixture.connect(at: .tcp(host: "127.0.0.1", port: port.number)) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("nobody listens there"), "\(error)")
    }

    @Test func `a server of another kind is no PostgreSQL server`() throws {
        let other = try SilentServer(greeting: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        for tls in [TLSPolicy.disabled, .required] {
            let error = try storeError {
                _ = try fixture.connect(fixture.login(tls: tls), at: .tcp(host: "127.0.0.1", port: other.port))
            }
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("no PostgreSQL server"), "\(error)")
        }
    }

    @Test func `a name without an address says so`() throws {
        let error = try storeError { _ = try fixture.connect(at: .tcp(host: "no-such-host.invalid", port: 5432)) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("no-such-host.invalid"))
    }

    @Test func `a name is tried at each of its addresses`() throws {
        // Usually ::1 first, where the server does not listen.
        let connection = try fixture.connect(at: .tcp(host: "localhost", port: fixture.server.port))
        #expect(try connection.value("SELECT 1") == .integer(1))
    }

    @Test func `a Unix socket is a way too`() throws {
        let path = "\(fixture.server.socketPath)/.s.PGSQL.\(fixture.server.port)"
        let connection = try fixture.connect(fixture.login(tls: .verifyFull), at: .socket(path: path))
        #expect(try connection.value("SELECT inet_client_addr() IS NULL") == .integer(1))
        let error = try storeError { _ = try fixture.connect(at: .socket(path: "/nowhere/.s.PGSQL.1")) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("no such socket"), "\(error)")
    }

    @Test(arguments: [nil, "wrong"])
    func `a password that is wrong or missing is named and not shown`(password: String?) throws {
        let error = try storeError { _ = try fixture.connect(fixture.login(password: password)) }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains("store.password-file"), "\(error)")
        #expect(!error.message.contains("wrong;") && !"\(error)".contains(ServerUser.password))
        #expect(error.message.contains(password == nil ? "no password supplied" : "28P01"))
    }

    @Test func `a database or user that is not there is named`() throws {
        var login = fixture.login()
        login.database = "nowhere"
        let missing = try storeError { _ = try fixture.connect(login) }
        #expect(missing.code == .misconfigured)
        #expect(
            missing.message.contains("there is no database \"nowhere\"") && missing.message.contains("3D000"),
            "\(missing)")
        let stranger = try storeError { _ = try fixture.connect(fixture.login(user: "nobody")) }
        #expect(stranger.code == .misconfigured)
        #expect(stranger.message.contains("\"nobody\""), "\(stranger)")
    }

    @Test func `the environment changes nothing of what the configuration says`() throws {
        let variables = [
            "PGSERVICE": "nowhere", "PGSSLMODE": "verify-full", "PGREQUIRESSL": "1", "PGHOST": "/nowhere",
            "PGPORT": "1",
            "PGOPTIONS": "-c search_path=nowhere -c default_transaction_read_only=on", "PGUSER": "x", "PGPASSWORD": "x",
            "PGDATABASE": "x", "PGTZ": "Asia/Tokyo", "PGAPPNAME": "x", "PGCLIENTENCODING": "LATIN1",
            "PGREQUIREPEER": "x",
            "PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "1", "PGGSSENCMODE": "require",
            "PGSSLROOTCERT": "/nowhere", "PGPASSFILE": "/nowhere", "PGCHANNELBINDING": "require",
            "PGHOSTADDR": "192.0.2.1",
        ]
        for (name, value) in variables { setenv(name, value, 1) }
        let connection = try fixture.connect()
        #expect(try connection.value("SHOW search_path") == .text("\"$user\", public"))
        #expect(try connection.value("SHOW application_name") == .text("leafd"))
        #expect(try connection.value("SELECT current_setting('TimeZone') <> 'Asia/Tokyo'") == .integer(1))
        #expect(try connection.run(PostgreSQLFixture.lease()).isAcknowledged)
        let error = try storeError { _ = try fixture.connect(fixture.login(password: nil)) }
        #expect(error.message.contains("no password supplied"))
    }

    // MARK: Running

    /// Waits until a proxy has counted what has gone through it already, so that a cut counts from here on.
    private func settle(_ proxy: FaultProxy) {
        var before = -1
        while proxy.counters.toClient != before {
            before = proxy.counters.toClient
            pauseThread(.milliseconds(5))
        }
    }

    @Test func `a server that falls silent is unavailable and the connection closed`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let login = fixture.login(queryTimeout: .milliseconds(300))
        let connection = try fixture.connect(login, at: .tcp(host: "127.0.0.1", port: proxy.port))
        proxy.blackhole()
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .unavailable)
        #expect(error.isSessionLost && connection.isClosed)
        #expect(error.message.contains("store.query-timeout (0.3 seconds)"), "\(error)")
        #expect(error.message.contains("UPDATE leaf_alloc"))
        let next = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(next.message.contains("closed") && next.isSessionLost)
    }

    @Test func `a server that takes nothing in does not hold a large transaction for ever`() throws {
        // One of its own, since it is stopped.
        let fixture = try PostgreSQLFixture([])
        let connection = try fixture.connect(fixture.login(queryTimeout: .seconds(1)))
        let text = SQLText("SELECT pg_sleep(0), length(:text)", returnsRows: true)
        let large = String(repeating: "x", count: 1 << 20)
        try fixture.server.pause()
        defer { fixture.server.resume() }
        let error = try storeError {
            _ = try connection.runTogether((0..<64).map { _ in SQLStatement(text, ["text": .text(large)]) })
        }
        #expect(error.code == .unavailable)
        #expect(error.isSessionLost && connection.isClosed)
    }

    @Test(arguments: [FaultProxy.Cut.close, .reset])
    func `a connection that breaks in the middle is unavailable`(ending: FaultProxy.Cut) throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let connection = try fixture.connect(at: .tcp(host: "127.0.0.1", port: proxy.port))
        settle(proxy)
        // The lease arrives, and its reply does not.
        proxy.cut(afterBytes: 3, .toClient, how: ending)
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .unavailable)
        #expect(error.isSessionLost && connection.isClosed)
        #expect(try fixture.sql("SELECT max_id FROM leaf_alloc") == "101")
    }

    @Test func `the lost reply to a commit is unavailable, though it happened`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let connection = try fixture.connect(at: .tcp(host: "127.0.0.1", port: proxy.port))
        try connection.begin()
        _ = try connection.run(PostgreSQLFixture.lease())
        settle(proxy)
        proxy.cut(afterBytes: 0, .toClient, how: .close)
        let error = try storeError { _ = try connection.commit() }
        #expect(error.code == .unavailable)
        #expect(error.isSessionLost)
        #expect(error.message.contains("COMMIT"))
        connection.rollback()
        connection.close()
        #expect(try fixture.sql("SELECT max_id FROM leaf_alloc") == "101")
    }

    /// Cut behind every byte of a lease's reply: none but the whole one is a lease.
    @Test func `of a reply that is cut at any byte nothing is taken`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let address = ServerAddress.tcp(host: "127.0.0.1", port: proxy.port)
        let whole = try fixture.connect(at: address)
        settle(proxy)
        let before = proxy.counters.toClient
        _ = try whole.run(PostgreSQLFixture.lease())
        settle(proxy)
        let length = proxy.counters.toClient - before
        #expect(length > 20)
        for count in 0..<length {
            let connection = try fixture.connect(at: address)
            settle(proxy)
            proxy.cut(afterBytes: count, .toClient, how: .close)
            let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
            #expect(error.code == .unavailable && error.isSessionLost, "\(count) of \(length) bytes: \(error)")
        }
    }

    @Test func `a session that is ended in the middle of a statement is unavailable`() throws {
        let connection = try fixture.connect()
        let pid = try #require(try connection.value("SELECT pg_backend_pid()").integer)
        let server = fixture.server
        let crew = Crew(1) { _ in
            _ = try? eventually("it sleeps") {
                try server.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = \(pid) AND wait_event = 'PgSleep'"
                ) == "t"
            }
        }
        let error = try storeError { _ = try connection.run("SELECT pg_sleep(15)") }
        crew.join()
        #expect(error.code == .unavailable)
        #expect(error.message.contains("57P01"), "\(error)")
        #expect(error.isSessionLost && connection.isClosed)
    }

    @Test func `a session that was ended while nobody used it is unavailable at its next use`() throws {
        let connection = try fixture.connect()
        let pid = try #require(try connection.value("SELECT pg_backend_pid()").integer)
        try fixture.sql("SELECT pg_terminate_backend(\(pid), 5000)")
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .unavailable)
        #expect(error.isSessionLost && connection.isClosed)
        #expect(try fixture.sql("SELECT max_id FROM leaf_alloc") == "1")
    }

    @Test func `a daemon that stops waits for no server`() throws {
        let interrupt = Interrupt()
        let connection = try fixture.dialect.connect(fixture.address, fixture.login(), interrupt)
        let silent = try SilentServer()
        let crew = Crew(1) { _ in
            pauseThread(.milliseconds(200))
            interrupt.fire()
        }
        let error = try storeError { _ = try connection.run("SELECT pg_sleep(15)") }
        crew.join()
        #expect(error.code == .unavailable)
        #expect(error.message.contains("leafd is stopping"))
        #expect(error.isSessionLost && connection.isClosed)
        let next = try storeError {
            _ = try fixture.dialect.connect(.tcp(host: "127.0.0.1", port: silent.port), fixture.login(), interrupt)
        }
        #expect(next.message.contains("leafd is stopping"))
    }

    @Test func `a table that is gone is missing`() throws {
        let connection = try fixture.connect()
        try fixture.sql("DROP TABLE leaf_alloc")
        let error = try storeError { _ = try connection.run(PostgreSQLFixture.lease()) }
        #expect(error.code == .missing)
        #expect(error.isSessionLost && connection.isClosed)
    }
}
