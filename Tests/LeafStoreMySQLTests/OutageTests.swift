import LeafCore
import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import LeafThreads
import Testing

@Suite("Servers that do not answer", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct OutageTests {
    let fixture: MySQLFixture

    init() throws { fixture = try MySQLFixture() }

    /// The first bytes of what a MariaDB says first.
    static let halfGreeting: [UInt8] = [0x5b, 0, 0, 0, 10] + Array("5.5.5-10.11.19-MariaDB".utf8)
    /// All of it: a server with TLS that has nothing more to say.
    static let greeting: [UInt8] = {
        var body: [UInt8] =
            [10] + Array("5.5.5-10.11.19-MariaDB".utf8) + [0, 7, 0, 0, 0] + Array("abcdefgh".utf8) + [0]
        body += [0xfe, 0xff, 45, 2, 0, 0xff, 0x81, 21] + [UInt8](repeating: 0, count: 6) + [0x1d, 0, 0, 0]
        body += Array("ijklmnopqrst".utf8) + [0] + Array("mysql_native_password".utf8) + [0]
        return [UInt8(body.count), 0, 0, 0] + body
    }()

    static let silences: [(greeting: [UInt8], dribble: UInt8?, tls: TLSPolicy)] = [
        ([], nil, .disabled), (halfGreeting, nil, .disabled), (halfGreeting, 0x41, .disabled),
        (greeting, nil, .disabled),
        (greeting, nil, .required), (greeting, nil, .preferred), (greeting, nil, .verifyFull),
    ]

    @Test(arguments: silences.indices)
    func `a server that goes silent is given up when the time is up, whatever it said before`(index: Int) throws {
        let (greeting, dribble, tls) = Self.silences[index]
        let server = try SilentServer(greeting: greeting, dribble: dribble, every: .milliseconds(5))
        let login = fixture.login(tls: tls, connectTimeout: .milliseconds(300))
        let error = try storeError(.unavailable) {
            _ = try fixture.connect(login, host: tls == .verifyFull ? "localhost" : "127.0.0.1", port: server.port)
        }
        #expect(error.isSessionLost && error.message.contains("store.connect-timeout (300 ms)"), "\(error.message)")
        #expect(server.accepted >= 1)
    }

    @Test(arguments: silences.indices)
    func `nobody waits for a silent server when leafd stops`(index: Int) throws {
        let (greeting, dribble, tls) = Self.silences[index]
        let server = try SilentServer(greeting: greeting, dribble: dribble, every: .milliseconds(5))
        let interrupt = fixture.interrupt
        let thread = DedicatedThread(name: "stop") {
            try? eventually("a connection comes") { server.accepted > 0 }
            interrupt.fire()
        }
        // An hour: only the interrupt ends it.
        let error = try storeError(.unavailable) {
            _ = try fixture.connect(
                fixture.login(tls: tls, connectTimeout: .seconds(3600)),
                host: tls == .verifyFull ? "localhost" : "127.0.0.1",
                port: server.port)
        }
        thread.join()
        #expect(error.message.contains("leafd is stopping") && error.isSessionLost)
    }

    @Test func `a statement without an answer ends with the query timeout, and the connection with it`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let connection = try fixture.connect(fixture.login(queryTimeout: .milliseconds(300)), port: proxy.port)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        proxy.blackhole()
        let error = try storeError(.unavailable) { _ = try connection.run(Texts.lease()) }
        #expect(error.isSessionLost && connection.isClosed)
        #expect(error.message.contains("store.query-timeout (300 ms)") && error.message.contains("UPDATE leaf_alloc"))
        try storeError(.unavailable) { _ = try connection.run(Texts.lease()) }
    }

    static let calls: [(String, @Sendable (MySQLConnection) throws -> Void)] = [
        ("run", { _ = try $0.run(Texts.lease()) }), ("read", { _ = try $0.run(Texts.read()) }),
        ("together", { _ = try $0.runTogether([Texts.lease(), Texts.lease()]) }), ("begin", { try $0.begin() }),
    ]

    @Test(arguments: calls.indices)
    func `a paused server is waited for no longer than the query timeout, by any call`(index: Int) throws {
        let server = try MariaDBServer()
        let other = try MySQLFixture(server)
        let connection = try other.connect(other.login(queryTimeout: .milliseconds(300)))
        try server.pause()
        defer { server.resume() }
        try storeError(.unavailable) { try Self.calls[index].1(connection) }
        #expect(connection.isClosed)
        let error = try storeError(.unavailable) {
            _ = try other.connect(other.login(connectTimeout: .milliseconds(300)))
        }
        #expect(error.message.contains("store.connect-timeout (300 ms)"))
    }

    /// A connection that holds a row's lock. However slow the machine, the server does not end its transaction.
    private func holdRow() throws -> MySQLConnection {
        let holder = try fixture.connect()
        _ = try holder.run(SQLStatement(SQLText("SET SESSION idle_transaction_timeout = 0")))
        try holder.begin()
        _ = try holder.run(Texts.lease())
        return holder
    }

    /// Waits until a connection of this test waits for a row's lock.
    ///
    /// - Returns: its id at the server.
    private func waiterID() throws -> String {
        let query = """
            SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '\(fixture.database)' AND INFO LIKE '%LAST_INSERT_ID%' \
            AND USER = '\(ServerUser.name)'
            """
        return try eventually("a lease waits for a lock", within: .seconds(60)) {
            let id = try fixture.server.sql(query)
            return id.isEmpty ? nil : id
        }
    }

    @Test func `an interrupt ends a statement that waits for a lock`() throws {
        let holder = try holdRow()
        defer { holder.rollback() }
        let waiter = try fixture.connect(fixture.login(queryTimeout: .seconds(3600)))
        let box = Exclusive(waiter)
        let outcome = Lock<StoreError?>(nil)
        let thread = DedicatedThread(name: "waiter") {
            do throws(StoreError) { _ = try box.value.run(Texts.lease()) } catch { outcome.with { $0 = error } }
        }
        _ = try waiterID()
        fixture.interrupt.fire()
        thread.join()
        let error = try #require(outcome.with { $0 })
        #expect(error.code == .unavailable && error.isSessionLost && error.message.contains("leafd is stopping"))
        #expect(waiter.isClosed)
    }

    @Test func `a connection that is killed in the middle of a statement is lost`() throws {
        let holder = try holdRow()
        let waiter = Exclusive(try fixture.connect(fixture.login(queryTimeout: .seconds(3600))))
        let outcome = Lock<StoreError?>(nil)
        let thread = DedicatedThread(name: "waiter") {
            do throws(StoreError) { _ = try waiter.value.run(Texts.lease()) } catch { outcome.with { $0 = error } }
        }
        let id = try waiterID()
        try fixture.server.sql("KILL \(id)")
        thread.join()
        let error = try #require(outcome.with { $0 })
        #expect(error.code == .unavailable && error.isSessionLost && waiter.value.isClosed, "\(error.message)")
        holder.rollback()
        #expect(try fixture.maxID() == 1)
    }

    @Test func `a commit whose reply is lost is an unknown outcome, not a failure to retry`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let connection = try fixture.connect(fixture.login(queryTimeout: .milliseconds(500)), port: proxy.port)
        try connection.begin()
        _ = try connection.run(Texts.lease())
        proxy.cut(afterBytes: 0, .toClient, how: .reset)
        let error = try storeError(.unavailable) { _ = try connection.commit() }
        #expect(error.isSessionLost && connection.isClosed)
    }

    @Test func `a lease exchange that is cut at any byte is never acknowledged unless its reply is whole`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        for bytes in 0..<20 {
            let connection = try fixture.connect(port: proxy.port)
            _ = try connection.run(Texts.lease())
            proxy.cut(afterBytes: bytes, .toClient, how: .close)
            do {
                let reply = try connection.run(Texts.lease())
                #expect(try reply.insertID == fixture.maxID() && reply.isAcknowledged && bytes >= 11)
            } catch {
                #expect((error as? StoreError)?.isSessionLost == true)
            }
            proxy.restore()
        }
    }

    @Test func `a port that nobody listens on is refused with its address`() throws {
        let port = try FreePort()
        let error = try storeError(.unavailable) { _ = try fixture.connect(port: port.number) }
        #expect(error.message.contains("127.0.0.1:\(port.number)") && error.isSessionLost)
        #expect(!error.message.contains(ServerUser.password))
    }

    @Test func `a server that speaks another protocol is refused`() throws {
        let server = try SilentServer(greeting: Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
        #expect(throws: StoreError.self) {
            _ = try fixture.connect(fixture.login(connectTimeout: .milliseconds(500)), port: server.port)
        }
    }

    @Test func `a server that shuts down loses its sessions, and serves new ones when it is back`() throws {
        let server = try MariaDBServer()
        let other = try MySQLFixture(server)
        let connection = try other.connect()
        _ = try connection.run(Texts.lease())
        try server.stop()
        let error = try storeError(.unavailable) { _ = try connection.run(Texts.lease()) }
        #expect(error.isSessionLost && connection.isClosed)
        try storeError(.unavailable) { _ = try other.connect() }
        try server.start()
        #expect(try other.connect().run(Texts.lease()).insertID == 201)
    }

    @Test func `closing says nothing to a server that has gone silent`() throws {
        let proxy = try FaultProxy(to: fixture.server.port)
        let connection = try fixture.connect(port: proxy.port)
        proxy.blackhole()
        connection.close()
        connection.close()
        #expect(connection.isClosed)
    }
}
