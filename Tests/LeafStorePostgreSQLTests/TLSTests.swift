import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct TLSTests {
    private func isEncrypted(
        _ fixture: PostgreSQLFixture, _ tls: TLSPolicy, caFile: String? = nil, host: String = "127.0.0.1"
    )
        throws -> Bool
    {
        let connection = try fixture.connect(
            fixture.login(tls: tls, caFile: caFile), at: .tcp(host: host, port: fixture.server.port))
        return try connection.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == .integer(1)
    }

    @Test func `each policy holds against a server with TLS`() throws {
        let certificates = try Certificates()
        let fixture = try PostgreSQLFixture(certificates: certificates)
        #expect(try !isEncrypted(fixture, .disabled))
        #expect(try isEncrypted(fixture, .preferred))
        #expect(try isEncrypted(fixture, .required))
        for host in ["127.0.0.1", "localhost"] {
            #expect(try isEncrypted(fixture, .verifyFull, caFile: certificates.authorityPath, host: host))
        }

        let foreign = try storeError {
            _ = try isEncrypted(fixture, .verifyFull, caFile: certificates.foreignAuthorityPath)
        }
        #expect(foreign.code == .misconfigured)
        #expect(foreign.message.contains("not signed by an authority of store.ca-file"), "\(foreign)")
        // Of the system's authorities none knows it.
        let unknown = try storeError { _ = try isEncrypted(fixture, .verifyFull) }
        #expect(unknown.code == .misconfigured, "\(unknown)")

        let absent = try storeError { _ = try isEncrypted(fixture, .verifyFull, caFile: "/nowhere/ca.pem") }
        #expect(absent.code == .misconfigured)
        #expect(absent.message.contains("store.ca-file /nowhere/ca.pem cannot be read"), "\(absent)")
        let garbage = try storeError { _ = try isEncrypted(fixture, .verifyFull, caFile: "/etc/hostname") }
        #expect(garbage.code == .misconfigured)
        #expect(garbage.message.contains("holds no PEM certificates"), "\(garbage)")
    }

    @Test func `a certificate for another host is refused where it is checked`() throws {
        let certificates = try Certificates(names: ["DNS:db.example.com"])
        let fixture = try PostgreSQLFixture(certificates: certificates)
        #expect(try isEncrypted(fixture, .required))
        let error = try storeError { _ = try isEncrypted(fixture, .verifyFull, caFile: certificates.authorityPath) }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains("certificate is for another host name"), "\(error)")
        #expect(error.message.contains("db.example.com"))
    }

    @Test func `a server without TLS is refused where it has to be there`() throws {
        let fixture = try PostgreSQLFixture()
        let certificates = try Certificates()
        #expect(try !isEncrypted(fixture, .preferred))
        for tls in [TLSPolicy.required, .verifyFull] {
            let error = try storeError { _ = try isEncrypted(fixture, tls, caFile: certificates.authorityPath) }
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("asks for encryption and the server offers none"), "\(error)")
        }
    }
}
