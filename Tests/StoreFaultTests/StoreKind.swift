import LeafTestKit
import Testing

/// The database servers that are tried.
enum StoreKind: String, CaseIterable, Sendable, CustomStringConvertible, CustomTestStringConvertible {
    case mariaDB = "MariaDB"
    case postgreSQL = "PostgreSQL"

    var description: String { rawValue }
    var testDescription: String { rawValue }

    /// Those whose packages are installed.
    static let available = allCases.filter(\.isAvailable)

    private var isAvailable: Bool {
        switch self {
        case .mariaDB: MariaDBServer.isAvailable
        case .postgreSQL: PostgreSQLServer.isAvailable
        }
    }

    var other: StoreKind { self == .mariaDB ? .postgreSQL : .mariaDB }

    func makeServer(_ options: [String] = [], certificates: Certificates? = nil) throws -> any DatabaseServer {
        switch self {
        case .mariaDB: try MariaDBServer(options, certificates: certificates)
        case .postgreSQL: try PostgreSQLServer(options, certificates: certificates)
        }
    }

    /// Of the shared server, as a client trusts it, and of no other.
    static let certificates = Result { try Certificates() }
    /// Of the stranger, for another name than its own.
    static let otherCertificates = Result { try Certificates(names: ["DNS:db.example.com"]) }

    private static let servers = TestLock<[StoreKind: any DatabaseServer]>([:])
    private static let strangers = TestLock<[StoreKind: any DatabaseServer]>([:])

    /// The one that the tests share, in order whatever the last test has left behind.
    var server: any DatabaseServer {
        get throws {
            try StoreKind.servers.with { servers in
                let server = try servers[self] ?? makeServer(certificates: StoreKind.certificates.get())
                servers[self] = server
                server.resume()
                if !server.isRunning { try server.start() }
                try server.setReadOnly(false)
                return server
            }
        }
    }

    /// Another one of the same kind, that has nothing to do with it.
    var stranger: any DatabaseServer {
        get throws {
            try StoreKind.strangers.with { servers in
                let server = try servers[self] ?? makeServer(certificates: StoreKind.otherCertificates.get())
                servers[self] = server
                return server
            }
        }
    }
}

/// Names of databases, each used once: servers are shared, what is in them is not.
enum Database {
    private static let made = TestLock(0)

    static func newName() -> String {
        made.with {
            $0 += 1
            return "ids\($0)"
        }
    }
}
