private import Foundation

/// A MariaDB server of Debian's package mariadb-server.
package final class MariaDBServer: DatabaseServer {
    package static let scheme = "mysql"

    package static let obstacle: String? = {
        let programs = ["mariadbd", "mariadb", "mariadb-install-db", "setsid", "setpriv"]
        if let missing = programs.first(where: { !Tool.isThere($0) }) { return "there is no \(missing) here" }
        return ServerAccount.isThere("mysql") ? nil : "there is no user mysql here"
    }()
    package static let isAvailable = obstacle == nil

    private let process: ServerProcess
    private let options: [String]

    /// Small, so that several run side by side. What is durable stays as MariaDB has it by default.
    private static let size = [
        "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--performance-schema=OFF",
        "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M", "--max-connections=400",
    ]

    /// Installs a data folder, starts the server on it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - options: more options of mariadbd, for all its lives: `--sync-binlog=0`.
    ///   - certificates: what it offers TLS with; nil: it has no TLS.
    package convenience init(_ options: [String] = [], certificates: Certificates? = nil) throws {
        try self.init(options, certificates: certificates, fill: MariaDBServer.copyTemplate)
        try start()
    }

    /// Prepares a server without starting it.
    ///
    /// - Parameter fill: makes the data folder at a path.
    init(_ options: [String], certificates: Certificates?, fill: (String) throws -> Void) throws {
        process = try ServerProcess(as: "mysql")
        var options = options
        if let certificates {
            let installed = try certificates.install(for: process)
            options += [
                "--ssl-ca=\(installed.authority)", "--ssl-cert=\(installed.server)", "--ssl-key=\(installed.key)",
            ]
        }
        self.options = options
        try fill(dataPath)
        try process.account.ownAll(dataPath)
    }

    package var port: Int { process.port }
    package var pid: Int32 { get throws { try process.pid } }
    package var isRunning: Bool { process.isRunning }
    package var socketPath: String { process.folder.file("s") }
    package var log: String { process.log }
    var dataPath: String { process.folder.file("data") }
    var account: ServerAccount { process.account }
    var folder: TemporaryFolder { process.folder }

    // MARK: Life

    /// - Parameter options: more options of mariadbd, for this life alone.
    package func start(with options: [String]) throws {
        // A killed one leaves its socket behind.
        try? FileManager.default.removeItem(atPath: socketPath)
        try process.start(
            [
                "mariadbd", "--no-defaults", "--datadir=\(dataPath)", "--socket=\(socketPath)", "--port=\(port)",
                "--bind-address=127.0.0.1", "--pid-file=\(folder.file("pid"))", "--tmpdir=\(folder.path)",
                "--skip-name-resolve", "--character-set-server=utf8mb4",
            ] + MariaDBServer.size + self.options + options
        ) {
            FileManager.default.fileExists(atPath: socketPath) && (try? sql("SELECT 1")) == "1"
        }
    }

    package func stop() throws { try process.stop(SIGTERM) }
    package func kill() { process.kill() }
    package func pause() throws { try process.pause() }
    package func resume() { process.resume() }

    // MARK: SQL

    @discardableResult
    package func sql(_ text: String, database: String?) throws -> String {
        let arguments = MariaDBServer.client(socketPath) + (database.map { [$0] } ?? [])
        let result = try Tool.run("mariadb", arguments, input: text + "\n")
        guard result.isSuccess else { throw TestProblem("mariadb: \(result.errors)\(text)") }
        return result.lines.joined(separator: "\n")
    }

    /// Arguments of the client mariadb for the superuser at a socket.
    static func client(_ socketPath: String) -> [String] {
        ["--no-defaults", "--default-character-set=utf8mb4", "--user=root", "--socket=\(socketPath)", "-N", "-s", "-r"]
    }

    package func makeDatabase(_ name: String) throws {
        try sql(
            """
            CREATE DATABASE \(name);
            CREATE USER IF NOT EXISTS \(ServerUser.name)@'%' IDENTIFIED BY '\(ServerUser.password)';
            GRANT ALL ON \(name).* TO \(ServerUser.name)@'%';
            """)
    }

    package func setReadOnly(_ isReadOnly: Bool) throws {
        try sql("SET GLOBAL read_only = \(isReadOnly ? 1 : 0)")
    }

    package func dropConnections() throws {
        try sql("KILL HARD USER \(ServerUser.name)")
    }

    package func connectionCount() throws -> Int {
        let count = try sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '\(ServerUser.name)'")
        return Int(count) ?? 0
    }

    // MARK: Installation

    private static let installed = TestLock<(folder: TemporaryFolder, lifeline: Lifeline)?>(nil)

    /// Makes a data folder as mariadb-install-db does, which runs once a process: copying is faster.
    ///
    /// The copies are different servers all the same: `@@server_uid` comes from the host and the port.
    static func copyTemplate(to path: String) throws {
        try FileManager.default.copyItem(atPath: try template(), toPath: path)
    }

    private static func template() throws -> String {
        try installed.with { installed in
            if let installed { return installed.folder.file("data") }
            let folder = TemporaryFolder()
            let lifeline = try Lifeline(folder)
            let account = try ServerAccount("mysql")
            try account.own(folder.path)
            try account.run(
                [
                    "mariadb-install-db", "--no-defaults", "--datadir=\(folder.file("data"))",
                    "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M",
                ], in: folder)
            installed = (folder, lifeline)
            return folder.file("data")
        }
    }
}
