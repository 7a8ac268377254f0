import CLeafPlatform
package import GRDB
import LeafStore

/// One open connection to the file of a store: turns, transactions, and the proof that the file is still the one at its
/// path.
///
/// Whoever calls blocks: GRDB's synchronous interface runs the work on the calling thread.
package final class SQLiteConnection {
    /// For tests, which break things from inside.
    package let queue: DatabaseQueue
    /// Which server answers, as `StoreFacts` has it: which file this is.
    let server: String
    private var file: StoreFile
    private let lastLog: LastLog
    private let turn: WriterTurn
    private var isClosed = false

    /// Opens the file.
    ///
    /// - Parameter mayCreate: whether a file that is not there may be made. GRDB always opens with SQLITE_OPEN_CREATE, so
    ///   the file is looked for before; one that vanishes in between leaves at worst an empty file without tables.
    init(path: String, mayCreate: Bool, timeout: Duration, lastLog: LastLog) throws(StoreError) {
        let before = try FileIdentity.ofDatabase(path)
        guard before != nil || mayCreate else {
            throw StoreError(
                .missing,
                "central store \(path): there is no such file; mount or restore it, or, for a first start, "
                    + "allow store.create-schema")
        }
        let turn = WriterTurn(timeout: timeout)
        do {
            var configuration = Configuration()
            configuration.busyMode = .immediateError
            // A rollback that fails must end the session, not the process.
            configuration.allowsUnsafeTransactions = true
            configuration.prepareDatabase { db in try Self.leaveLog(true, db) }
            queue = try turn.wait { try DatabaseQueue(path: path, configuration: configuration) }
        } catch {
            throw .fromSQLite(error, path: path, action: "opening")
        }
        guard let identity = try FileIdentity.ofDatabase(path), before == nil || before == identity else {
            throw StoreError(.missing, "central store \(path): the file was exchanged while it was opened; try again")
        }
        file = StoreFile(path: path, identity: identity)
        server = try StoreFile.server(path: path, identity: identity)
        self.lastLog = lastLog
        self.turn = turn
    }

    var path: String { file.path }

    /// Sets what durability rests on: WAL, and a sync of it at every commit.
    ///
    /// With synchronous=NORMAL a power cut may take the last commits back, and their ranges would be leased again. Each
    /// commit is moved into the file at once, unless a reader holds it up: then a log that somebody removes takes nothing
    /// with it (1,600 instead of 5,700 transactions a second from one writer, 2,700 instead of 4,400 from eight).
    func makeDurable() throws(StoreError) {
        let mode = try run("switching to WAL") { db in
            try turn.wait {
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1")
                return try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? "none"
            }
        }
        guard mode == "wal" else {
            // A file that may not be written keeps its old mode without an error. Writing tells.
            try run("writing") { db in
                try turn.wait { try db.beginTransaction(.immediate) }
                try db.rollback()
            }
            throw StoreError(
                .misconfigured,
                "central store \(path): cannot use WAL (journal_mode stays \(mode)); "
                    + "put the file on a local file system")
        }
    }

    /// Runs one short write transaction. What it returns has been committed, in the file that is at the path.
    func write<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try run(action) { db in
            try file.verify()
            try turn.wait { try db.beginTransaction(.immediate) }
            do {
                if file.log == nil { file.log = try WriteAheadLog(of: db, database: file.identity) }
                // Once more, since the wait for the lock may have been long.
                try file.verify()
                let result = try body(db)
                try db.commit()
                // A file moved away meanwhile may already have been copied: then this commit is not in the copy.
                try file.verify()
                return result
            } catch {
                try? db.rollback()
                throw error
            }
        }
    }

    /// Reads, all of it from one state of the database.
    func read<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try run(action) { db in
            try file.verify()
            return try turn.wait {
                try db.beginTransaction(.deferred)
                defer { try? db.rollback() }
                return try body(db)
            }
        }
    }

    /// Whether commits that this store's last session made may have been lost together with its log.
    var hasLostLog: Bool {
        guard let log = file.log else { return false }
        return lastLog.isLost(log.wal, of: file.identity)
    }

    /// The counters have been lifted since.
    func answerLostLog() {
        lastLog.forget()
    }

    /// Ends the session. The last one of a file also moves its log into it.
    package func close() {
        let isIntact = file.log != nil && (try? file.verify()) != nil
        close(movingLog: isIntact)
    }

    /// A log that is not at its path must not be moved into a file that others write by now.
    ///
    /// Leaving the connection open instead would do harm: all connections of a process to one file share its -shm, also one
    /// that was removed.
    private func close(movingLog: Bool) {
        guard !isClosed else { return }
        isClosed = true
        let hadLostLog = hasLostLog
        if movingLog { try? queue.writeWithoutTransaction { db in try Self.leaveLog(false, db) } }
        try? queue.close()
        guard let log = file.log, !hadLostLog else { return }
        if movingLog, !log.isThere { lastLog.forget() } else { lastLog.leave(log.wal, of: file.identity) }
    }

    /// Whether SQLite leaves the log as it is at closing. It does from the opening on, also where a connection ends by
    /// itself, until all is known to be well.
    private static func leaveLog(_ leave: Bool, _ db: Database) throws {
        guard let connection = db.sqliteConnection, leaf_sqlite_leave_log(connection, leave) == 0 else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE is refused")
        }
    }

    /// Runs `body` on the connection, and closes it after an error that leaves it in doubt.
    private func run<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        guard !isClosed else {
            throw StoreError(
                .unavailable, "central store \(path): this session is closed; open another", isSessionLost: true)
        }
        do {
            return try queue.writeWithoutTransaction(body)
        } catch {
            let error = StoreError.fromSQLite(error, path: path, action: action)
            if error.isSessionLost { close(movingLog: false) }
            throw error
        }
    }
}
