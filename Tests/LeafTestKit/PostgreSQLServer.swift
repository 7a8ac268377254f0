private import Foundation

/// A PostgreSQL server of Debian's package postgresql, the newest version that is installed.
package final class PostgreSQLServer: DatabaseServer {
    package static let scheme = "postgresql"

    /// Where the newest version's programs are: those in /usr/bin choose one of the system's servers first.
    private static let programs: String? = {
        let root = "/usr/lib/postgresql"
        let versions = Folder.entries(of: root).compactMap { Int($0) }.sorted(by: >)
        let folders = versions.map { "\(root)/\($0)/bin" }
        return folders.first { Tool.isThere("\($0)/postgres") } ?? folders.first
    }()

    package static let obstacle: String? = {
        guard programs != nil else { return "there is no PostgreSQL server here" }
        let needed =
            ["initdb", "postgres", "psql", "pg_basebackup"].map(PostgreSQLServer.program) + ["setsid", "setpriv"]
        if let missing = needed.first(where: { !Tool.isThere($0) }) { return "there is no \(missing) here" }
        return ServerAccount.isThere("postgres") ? nil : "there is no user postgres here"
    }()
    package static let isAvailable = obstacle == nil

    private let process: ServerProcess
    private let options: [String]

    /// Small, so that several run side by side. What is durable stays as PostgreSQL has it by default.
    ///
    /// Shared memory is in files of the data folder: a killed server leaves none behind that outlasts it.
    private static let size = [
        "shared_buffers=16MB", "max_wal_size=64MB", "min_wal_size=32MB", "max_connections=200",
        "dynamic_shared_memory_type=mmap",
    ]

    /// Makes a data folder, starts the server on it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - options: more settings, for all its lives: `synchronous_commit=off`.
    ///   - certificates: what it offers TLS with; nil: it has no TLS.
    package convenience init(_ options: [String] = [], certificates: Certificates? = nil) throws {
        try self.init(options, certificates: certificates) { process, path in
            // Never a copy of one: its system identifier tells a server from all others.
            try process.account.run(
                [
                    PostgreSQLServer.program("initdb"), "--pgdata=\(path)", "--username=postgres", "--no-sync",
                    "--no-instructions", "--encoding=UTF8", "--locale=C", "--auth=trust",
                ], in: process.folder)
        }
        try start()
    }

    /// Prepares a server without starting it.
    ///
    /// - Parameter fill: makes the data folder at a path.
    init(_ options: [String], certificates: Certificates?, fill: (ServerProcess, String) throws -> Void) throws {
        process = try ServerProcess(as: "postgres")
        var options = options
        if let certificates {
            let installed = try certificates.install(for: process)
            options += ["ssl=on", "ssl_cert_file=\(installed.server)", "ssl_key_file=\(installed.key)"]
        }
        self.options = options
        try fill(process, dataPath)
        try PostgreSQLServer.access.write(toFile: dataPath + "/pg_hba.conf", atomically: false, encoding: .utf8)
    }

    deinit {
        process.kill()
        // The one piece that is not in a file, of some bytes, which a killed server leaves to the next on its folder.
        let lines = Tool.text(dataPath + "/postmaster.pid").split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 6, let segment = lines[6].split(separator: " ").last else { return }
        _ = try? Tool.run("ipcrm", ["-m", String(segment)])
    }

    /// Everybody but the superuser needs a password.
    private static let access = """
        local all postgres trust
        local replication postgres trust
        local all all scram-sha-256
        host all all 127.0.0.1/32 scram-sha-256

        """

    static func program(_ name: String) -> String { "\(programs ?? "/usr/lib/postgresql")/\(name)" }

    package var port: Int { process.port }
    package var pid: Int32 { get throws { try process.pid } }
    package var isRunning: Bool { process.isRunning }
    /// The folder of the socket, as libpq takes it for a host.
    package var socketPath: String { process.folder.path }
    package var log: String { process.log }
    var dataPath: String { process.folder.file("data") }

    // MARK: Life

    /// - Parameter options: more settings, for this life alone.
    package func start(with options: [String]) throws {
        let own = ["port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=\(socketPath)"]
        let settings = (PostgreSQLServer.size + own + self.options + options).flatMap { ["-c", $0] }
        try process.start([PostgreSQLServer.program("postgres"), "-D", dataPath] + settings) {
            FileManager.default.fileExists(atPath: "\(socketPath)/.s.PGSQL.\(port)") && (try? sql("SELECT 1")) == "1"
        }
    }

    /// PostgreSQL's fast shutdown: it does not wait for clients to go.
    package func stop() throws { try process.stop(SIGINT) }
    package func kill() { process.kill() }
    package func pause() throws { try process.pause() }
    package func resume() { process.resume() }

    // MARK: SQL

    @discardableResult
    package func sql(_ text: String, database: String?) throws -> String {
        let result = try Tool.run(
            PostgreSQLServer.program("psql"), PostgreSQLServer.client(socketPath, port, database), input: text + "\n")
        guard result.isSuccess else { throw TestProblem("psql: \(result.errors)\(text)") }
        return result.lines.joined(separator: "\n")
    }

    /// Arguments of the client psql for the superuser at a socket.
    static func client(_ socketPath: String, _ port: Int, _ database: String?) -> [String] {
        [
            "-X", "-A", "-t", "-q", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", socketPath, "-p", "\(port)",
            "-U", "postgres", "-d", database ?? "postgres",
        ]
    }

    package func makeDatabase(_ name: String) throws {
        if try sql("SELECT 1 FROM pg_roles WHERE rolname = '\(ServerUser.name)'").isEmpty {
            try sql("CREATE ROLE \(ServerUser.name) LOGIN PASSWORD '\(ServerUser.password)'")
        }
        try sql("CREATE DATABASE \(name) OWNER \(ServerUser.name)")
    }

    package func setReadOnly(_ isReadOnly: Bool) throws {
        // For the connections that are there, it counts from their next transaction on.
        try sql("ALTER SYSTEM SET default_transaction_read_only = \(isReadOnly ? "on" : "off")")
        try reload()
    }

    /// Makes the server read its settings again, and waits until a new connection has them.
    func reload() throws {
        let before = try sql("SELECT pg_conf_load_time()")
        try sql("SELECT pg_reload_conf()")
        try eventually("the settings are read") { try sql("SELECT pg_conf_load_time()") != before }
    }

    package func dropConnections() throws {
        try sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(ServerUser.name)'")
    }

    package func connectionCount() throws -> Int {
        Int(try sql("SELECT COUNT(*) FROM pg_stat_activity WHERE usename = '\(ServerUser.name)'")) ?? 0
    }
}
