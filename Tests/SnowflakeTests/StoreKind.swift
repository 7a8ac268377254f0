import Foundation
import LeafTestKit
import Testing

/// The database servers that are tried as the central store.
enum StoreKind: String, CaseIterable, Sendable, CustomStringConvertible, CustomTestStringConvertible {
    case mariaDB = "MariaDB"
    case postgreSQL = "PostgreSQL"

    var description: String { rawValue }
    var testDescription: String { rawValue }

    /// Those whose packages are installed.
    static let available = allCases.filter { $0.obstacle == nil }

    /// Why it cannot be run here; nil: it can.
    var obstacle: String? {
        switch self {
        case .mariaDB: MariaDBServer.obstacle
        case .postgreSQL: PostgreSQLServer.obstacle
        }
    }

    func makePair() throws -> any ServerPair {
        switch self {
        case .mariaDB: try MariaDBPair()
        case .postgreSQL: try PostgreSQLPair()
        }
    }

    private func makeServer() throws -> any DatabaseServer {
        switch self {
        case .mariaDB: try MariaDBServer()
        case .postgreSQL: try PostgreSQLServer()
        }
    }

    /// The server's clock, in whole seconds since 1970.
    private var time: String {
        switch self {
        case .mariaDB: "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', UTC_TIMESTAMP())"
        case .postgreSQL: "SELECT floor(EXTRACT(EPOCH FROM clock_timestamp()))::bigint"
        }
    }

    /// SQL that keeps the user leafd from making tables in a database, and from nothing else.
    func forbidTables(in database: String) -> String {
        switch self {
        case .mariaDB:
            """
            REVOKE ALL PRIVILEGES ON \(database).* FROM \(ServerUser.name)@'%';
            GRANT SELECT, INSERT, UPDATE, DELETE ON \(database).* TO \(ServerUser.name)@'%';
            """
        case .postgreSQL: "ALTER DATABASE \(database) OWNER TO postgres"
        }
    }

    // MARK: The shared server

    /// A server on a clock that only ever goes on: all worlds of its kind are on it.
    struct Shared: Sendable {
        let server: any DatabaseServer
        let clock: ClockShift

        /// Starts it where a test has left it stopped.
        func start() throws {
            guard !server.isRunning else { return }
            try StoreKind.following(clock) { try server.start() }
        }
    }

    private static let servers = TestLock<[StoreKind: Shared]>([:])

    /// The one that the tests share.
    var shared: Shared {
        get throws {
            try StoreKind.servers.with { servers in
                if let shared = servers[self] {
                    try shared.start()
                    return shared
                }
                let clock = try ClockShift(in: ClockShift.folder, "world-\(self)")
                let server = try StoreKind.following(clock) { try makeServer() }
                clock.slept = .seconds(1000)
                let shown = try server.sql(time)
                guard let seconds = Int64(shown), seconds > trueTime() / 1000 + 900 else {
                    throw TestProblem("\(self) does not follow a shifted clock: it says \(shown)")
                }
                let shared = Shared(server: server, clock: clock)
                servers[self] = shared
                return shared
            }
        }
    }

    /// Starts programs of the kit that know nothing of clocks.
    private static func following<R>(_ clock: ClockShift, _ body: () throws -> R) throws -> R {
        let variables = try ClockShift.environment([clock])
        for (name, value) in variables { setenv(name, value, 1) }
        defer { for name in variables.keys { unsetenv(name) } }
        return try body()
    }

    private static let made = TestLock(0)

    /// A name for a database, used once.
    static func newDatabase() -> String {
        made.with {
            $0 += 1
            return "ids\($0)"
        }
    }
}
