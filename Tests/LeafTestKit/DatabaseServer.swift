/// A real database server that a test has for itself: a central store, and what can befall it.
///
/// It listens on 127.0.0.1 and on a Unix socket, with a folder of its own, independently of a server of the system's. It
/// ends with its last user, or with the test's process.
package protocol DatabaseServer: AnyObject, Sendable {
    /// As in a URL: mysql or postgresql.
    static var scheme: String { get }
    /// Why it cannot be run here; nil if it can.
    static var obstacle: String? { get }

    var port: Int { get }
    var pid: Int32 { get throws }
    var isRunning: Bool { get }
    /// What `?socket=` takes.
    var socketPath: String { get }
    /// Everything the server has logged, over all its lives.
    var log: String { get }

    /// Starts it again after `stop` or `kill`, on the same folder and port, and waits until it answers.
    func start(with options: [String]) throws
    /// An orderly stop, which ends all connections.
    func stop() throws
    /// SIGKILL to all of its processes.
    func kill()
    /// SIGSTOP to all of its processes: it accepts connections, and answers nothing.
    func pause() throws
    /// SIGCONT.
    func resume()

    /// Runs SQL as the server's superuser, over the Unix socket.
    ///
    /// - Returns: the output, rows as lines and columns split by tabs, without the last line's end.
    @discardableResult
    func sql(_ text: String, database: String?) throws -> String
    /// Makes a database that the user `leafd` may do everything in, and that user.
    func makeDatabase(_ name: String) throws
    /// Refuses writes from now on, or takes them again: as after a failover. Connections stay.
    func setReadOnly(_ isReadOnly: Bool) throws
    /// Ends the connections of the user `leafd`.
    func dropConnections() throws
    /// How many connections the user `leafd` has.
    func connectionCount() throws -> Int
}

/// Who leafd is to a test's server.
package enum ServerUser {
    package static let name = "leafd"
    package static let password = "s3cret-of-leafd"
    package static let database = "ids"
}

extension DatabaseServer {
    /// A URL for the user `leafd`, without the password.
    ///
    /// - Parameters:
    ///   - port: another one than the server's own, such as a proxy's.
    ///   - more: what follows the database, such as `?socket=…`.
    package func url(
        port: Int? = nil, host: String = "127.0.0.1", database: String = ServerUser.database, _ more: String = ""
    )
        -> String
    {
        "\(Self.scheme)://\(ServerUser.name)@\(host):\(port ?? self.port)/\(database)\(more)"
    }

    /// The same over the Unix socket.
    package func socketURL(database: String = ServerUser.database) -> String {
        // PostgreSQL's socket lies in its folder, and is named by the port.
        let path = Self.scheme == "postgresql" ? "\(socketPath)/.s.PGSQL.\(port)" : socketPath
        return "\(Self.scheme)://\(ServerUser.name)@/\(database)?socket=\(path)"
    }

    package func start() throws { try start(with: []) }
    package func makeDatabase() throws { try makeDatabase(ServerUser.database) }

    /// SQL in the database of `makeDatabase()`.
    @discardableResult
    package func ids(_ text: String) throws -> String { try sql(text, database: ServerUser.database) }

    @discardableResult
    package func sql(_ text: String) throws -> String { try sql(text, database: nil) }

    /// An orderly stop and a new start.
    package func restart(with options: [String] = []) throws {
        try stop()
        try start(with: options)
    }

    /// The counter of a tag.
    package func counter(_ tag: String, table: String = "leaf_alloc", database: String = ServerUser.database) throws
        -> Int64
    {
        let text = try sql("SELECT max_id FROM \(table) WHERE biz_tag = '\(tag)';", database: database)
        guard let id = Int64(text) else { throw TestProblem("the store has no tag \(tag): \(text)") }
        return id
    }
}
