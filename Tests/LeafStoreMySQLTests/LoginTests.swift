import Glibc
import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite("Logging in, and TLS", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct LoginTests {
    private static let certificates = Result { try Certificates() }
    private static let encrypted = Result { try MariaDBServer(certificates: try certificates.get()) }

    let plain: MySQLFixture
    let tls: MySQLFixture

    init() throws {
        plain = try MySQLFixture()
        tls = try MySQLFixture(Self.encrypted.get())
    }

    private var authority: String { get throws { try Self.certificates.get().authorityPath } }

    private func cipher(_ connection: MySQLConnection) throws -> String {
        let status = SQLText("SHOW SESSION STATUS LIKE 'Ssl_cipher'", returnsRows: true)
        return try connection.run(SQLStatement(status)).rows[0][1].text ?? ""
    }

    private func refused(_ fixture: MySQLFixture, _ login: ServerLogin, host: String = "localhost") throws -> StoreError
    {
        let error = try storeError(.misconfigured) { _ = try fixture.connect(login, host: host) }
        #expect(error.isSessionLost && error.message.contains("central store mysql://\(host):\(fixture.server.port)/"))
        #expect(!error.message.contains(ServerUser.password))
        return error
    }

    @Test func `disabled never encrypts`() throws {
        #expect(try cipher(tls.connect(tls.login(tls: .disabled))) == "")
    }

    @Test func `preferred encrypts where it can, whoever signed the certificate`() throws {
        #expect(try cipher(tls.connect(tls.login(tls: .preferred))) != "")
        #expect(try cipher(plain.connect(plain.login(tls: .preferred))) == "")
    }

    @Test func `required encrypts or does not connect`() throws {
        #expect(try cipher(tls.connect(tls.login(tls: .required))) != "")
        let error = try refused(plain, plain.login(tls: .required))
        #expect(error.message.contains("the server offers no TLS, and store.tls is required"))
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `verify-full connects by a name or address of the certificate`(host: String) throws {
        let login = tls.login(tls: .verifyFull, caFile: try authority)
        let connection = try tls.connect(login, host: host)
        #expect(try cipher(connection) != "")
        #expect(try connection.run(Texts.lease()).isAcknowledged)
    }

    @Test func `verify-full refuses a server without TLS`() throws {
        let error = try refused(plain, plain.login(tls: .verifyFull, caFile: authority))
        #expect(error.message.contains("the server offers no TLS, and store.tls is verify-full"))
    }

    @Test func `verify-full refuses a certificate of another authority, and names the file`() throws {
        let foreign = try Self.certificates.get().foreignAuthorityPath
        let error = try refused(tls, tls.login(tls: .verifyFull, caFile: foreign))
        #expect(error.message.contains("was not issued by store.ca-file \(foreign)"), "\(error.message)")
    }

    @Test func `verify-full without a file trusts only the authorities of the system`() throws {
        let error = try refused(tls, tls.login(tls: .verifyFull))
        #expect(error.message.contains("was not issued by an authority this system knows"), "\(error.message)")
    }

    @Test func `verify-full refuses a certificate for another name, by name and by address`() throws {
        let certificates = try Certificates(names: ["DNS:db.example.org"])
        let other = try MySQLFixture(MariaDBServer(certificates: certificates))
        let login = other.login(tls: .verifyFull, caFile: certificates.authorityPath)
        for host in ["localhost", "127.0.0.1"] {
            let error = try refused(other, login, host: host)
            #expect(error.message.contains("the certificate is for other names than \(host)"), "\(error.message)")
        }
        #expect(try cipher(other.connect(other.login(tls: .required))) != "")
    }

    @Test func `a file of authorities that is not there is named`() throws {
        let error = try refused(tls, tls.login(tls: .verifyFull, caFile: "/nowhere/ca.pem"))
        #expect(error.message.contains("store.ca-file /nowhere/ca.pem cannot be read"))
    }

    @Test func `a server that wants TLS says so`() throws {
        let server = try MariaDBServer(["--require-secure-transport=ON"], certificates: try Self.certificates.get())
        let other = try MySQLFixture(server)
        let error = try refused(other, other.login())
        #expect(error.message.contains("where the server wants TLS, set store.tls"), "\(error.message)")
        #expect(try cipher(other.connect(other.login(tls: .required))) != "")
    }

    @Test func `timeouts hold on an encrypted connection`() throws {
        let proxy = try FaultProxy(to: tls.server.port)
        let login = tls.login(tls: .verifyFull, caFile: try authority, queryTimeout: .milliseconds(300))
        for host in ["localhost", "127.0.0.1"] {
            let connection = try tls.connect(login, host: host, port: proxy.port)
            #expect(try connection.run(Texts.lease()).isAcknowledged)
            proxy.blackhole()
            let error = try storeError(.unavailable) { _ = try connection.run(Texts.lease()) }
            #expect(error.message.contains("store.query-timeout (300 ms)") && connection.isClosed)
            proxy.restore()
        }
    }

    @Test func `a handshake that failed does no harm to the connections that the thread has`() throws {
        let login = tls.login(tls: .verifyFull, caFile: try authority)
        let connection = try tls.connect(login)
        // By address: a name would be connected to on another thread.
        let foreign = tls.login(tls: .verifyFull, caFile: try Self.certificates.get().foreignAuthorityPath)
        _ = try refused(tls, foreign, host: "127.0.0.1")
        #expect(try connection.run(Texts.lease()).isAcknowledged)
    }

    @Test func `a handshake cut at any byte ends with an error, and in time`() throws {
        let proxy = try FaultProxy(to: tls.server.port)
        for (bytes, how) in zip(
            stride(from: 0, through: 2000, by: 97), [FaultProxy.Cut.close, .reset, .blackhole].repeated)
        {
            proxy.cut(afterBytes: bytes, .toClient, how: how)
            let login = tls.login(tls: .verifyFull, caFile: try authority, connectTimeout: .milliseconds(700))
            do {
                try tls.connect(login, port: proxy.port).close()
                #expect(proxy.isArmed)
            } catch let error as StoreError {
                #expect(error.isSessionLost && error.code == .unavailable, "\(bytes) \(how): \(error.message)")
            }
            proxy.restore()
        }
    }

    @Test func `a wrong password is named as such, without being shown`() throws {
        let error = try refused(plain, plain.login(password: "wr0ng-secret"))
        #expect(error.message.contains("1045") && error.message.contains("the user leafd, its password"))
        #expect(!error.message.contains("wr0ng-secret"))
        _ = try refused(plain, plain.login(password: nil))
    }

    @Test func `a password of any characters works`() throws {
        try plain.server.sql("CREATE USER odd@'%' IDENTIFIED BY 'p:ä@ /?#\"\\\\😀'; GRANT ALL ON *.* TO odd@'%'")
        _ = try plain.connect(plain.login(user: "odd", password: "p:ä@ /?#\"\\😀"))
    }

    @Test func `a user with ed25519 logs in`() throws {
        try plain.server.sql(
            "INSTALL SONAME 'auth_ed25519'; CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret'); GRANT ALL ON *.* TO ed@'%'"
        )
        _ = try plain.connect(plain.login(user: "ed", password: "secret"))
    }

    @Test func `a database that is not there is named`() throws {
        let error = try refused(plain, plain.login(database: "nowhere"))
        #expect(error.message.contains("create the database nowhere"))
    }

    @Test func `a Unix socket is connected to, under every policy of TLS`() throws {
        for policy in [TLSPolicy.disabled, .preferred, .required, .verifyFull] {
            let address = ServerAddress.socket(path: plain.server.socketPath)
            let connection = try plain.dialect.connect(address, plain.login(tls: policy), plain.interrupt)
            #expect(try connection.run(Texts.lease()).isAcknowledged)
        }
    }

    @Test func `a socket that is not there is named`() throws {
        let error = try storeError(.unavailable) {
            _ = try plain.dialect.connect(.socket(path: "/nowhere/s"), plain.login(), plain.interrupt)
        }
        #expect(error.message.contains("/nowhere/s"))
    }

    @Test func `what the environment and option files say is of no account`() throws {
        let address = ServerAddress.tcp(host: "127.0.0.1", port: plain.server.port)
        setenv("MYSQL_PWD", ServerUser.password, 1)
        defer { unsetenv("MYSQL_PWD") }
        try storeError(.misconfigured) {
            _ = try plain.dialect.connect(address, plain.login(password: nil), plain.interrupt)
        }
    }
}

extension Array {
    /// Its elements, over and over.
    var repeated: some Sequence<Element> { (0...).lazy.map { self[$0 % count] } }
}
