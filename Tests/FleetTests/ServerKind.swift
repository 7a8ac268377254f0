import Foundation
import LeafTestKit
import Testing

/// The servers that a fleet's counters may be in.
enum ServerKind: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case mariaDB = "MariaDB"
    case postgreSQL = "PostgreSQL"

    var testDescription: String { rawValue }

    /// Those that can be run here.
    static let available = allCases.filter(\.isAvailable)
    /// Why nothing can be run here.
    static let obstacle = "neither MariaDB nor PostgreSQL is installed"

    private var isAvailable: Bool {
        switch self {
        case .mariaDB: MariaDBServer.isAvailable
        case .postgreSQL: PostgreSQLServer.isAvailable
        }
    }

    /// A server with a database for the user leafd.
    func makeServer() throws -> any DatabaseServer {
        let server: any DatabaseServer =
            switch self {
            case .mariaDB: try MariaDBServer()
            case .postgreSQL: try PostgreSQLServer()
            }
        try server.makeDatabase()
        return server
    }

    /// SQL that is true for one server's user and its own session alone.
    var deadlocks: String {
        switch self {
        case .mariaDB:
            "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_deadlocks'"
        case .postgreSQL: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        }
    }
}

extension DatabaseServer {
    var kind: ServerKind { Self.scheme == MariaDBServer.scheme ? .mariaDB : .postgreSQL }

    /// How often the counters have been lifted, as `leafd_state` counts it.
    func lifts(table: String = "leaf_alloc") throws -> Int {
        Int(try ids("SELECT value FROM leafd_state WHERE name = 'lift/\(table)'")) ?? 0
    }

    /// The last beat of each daemon, by its name.
    func beats() throws -> [String: Int64] {
        var beats: [String: Int64] = [:]
        for row in try ids("SELECT agent_id, beat FROM leafd_agent").split(separator: "\n") {
            let columns = row.split(separator: "\t")
            if columns.count == 2 { beats[String(columns[0])] = Int64(columns[1]) }
        }
        return beats
    }

    /// How many deadlocks the server has broken.
    func deadlockCount() throws -> Int { Int(try ids(kind.deadlocks)) ?? 0 }

    /// Processor time of all of the server's processes.
    func processorTime() throws -> Duration {
        let leader = try pid
        let family = Folder.entries(of: "/proc").compactMap { Int32($0) }.filter { pid in
            // After the name in parentheses: state, parent.
            let fields = Tool.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            return pid == leader || fields.count > 1 && fields[1] == "\(leader)"
        }
        return family.compactMap { try? ProcessUsage(of: $0).processorTime }.reduce(.zero, +)
    }

    /// Keeps the user leafd out, and ends its connections: as before a restore.
    func lockUser() throws {
        switch kind {
        case .mariaDB: try sql("ALTER USER \(ServerUser.name)@'%' ACCOUNT LOCK")
        case .postgreSQL: try sql("ALTER ROLE \(ServerUser.name) NOLOGIN")
        }
        try dropConnections()
    }

    func unlockUser() throws {
        switch kind {
        case .mariaDB: try sql("ALTER USER \(ServerUser.name)@'%' ACCOUNT UNLOCK")
        case .postgreSQL: try sql("ALTER ROLE \(ServerUser.name) LOGIN")
        }
    }

    // MARK: Dumps

    /// The database as a dump, as mariadb-dump and pg_dump make it.
    ///
    /// - Parameter more: further arguments.
    func dump(_ more: [String] = []) throws -> String {
        let result =
            switch kind {
            case .mariaDB:
                try Tool.run(
                    "mariadb-dump",
                    ["--no-defaults", "--user=root", "--socket=\(socketPath)", "--single-transaction"] + more
                        + [ServerUser.database])
            case .postgreSQL:
                try Tool.run(
                    "pg_dump",
                    ["--clean", "--if-exists", "-h", socketPath, "-p", "\(port)", "-U", "postgres"] + more
                        + [ServerUser.database])
            }
        guard result.isSuccess else { throw TestProblem("no dump: \(result.errors)") }
        return result.output
    }

    /// Puts a dump in the place of what is there.
    func restore(_ dump: String) throws {
        switch kind {
        case .mariaDB: try ids(dump)
        case .postgreSQL: try ids("BEGIN;\n\(dump)\nCOMMIT;")
        }
    }
}
