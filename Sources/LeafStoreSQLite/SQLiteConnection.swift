package import GRDB
import LeafStore

/// One open connection to the file of a store: turns, transactions, and the proof that the file is still the one at its
/// path.
///
/// Whoever calls blocks: GRDB's synchronous interface runs the work on the calling thread.
package final class SQLiteConnection {
    /// For tests, which break things from inside.
    package let queue: DatabaseQueue
    private let file: StoreFile
    private let turn: WriterTurn
    private var isClosed = false

    /// Opens the file.
    ///
    /// - Parameter mayCreate: whether a file that is not there may be made. GRDB always opens with SQLITE_OPEN_CREATE, so
    ///   the file is looked for before; one that vanishes in between leaves at worst an empty file without tables.
    init(path: String, mayCreate: Bool, timeout: Duration) throws(StoreError) {
        let before = try StoreFile.Identity.of(path)
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
            queue = try turn.wait { try DatabaseQueue(path: path, configuration: configuration) }
        } catch {
            throw .fromSQLite(error, path: path, action: "opening")
        }
        guard let identity = try StoreFile.Identity.of(path), before == nil || before == identity else {
            throw StoreError(.missing, "central store \(path): the file was exchanged while it was opened; try again")
        }
        file = StoreFile(path: path, identity: identity)
        self.turn = turn
    }

    var path: String { file.path }

    /// Sets what durability rests on: WAL, and a sync of it at every commit.
    ///
    /// With synchronous=NORMAL a power cut may take the last commits back, and their ranges would be leased again.
    func makeDurable() throws(StoreError) {
        let mode = try run("switching to WAL") { db in
            try turn.wait {
                try db.execute(sql: "PRAGMA synchronous = FULL")
                return try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? "none"
            }
        }
        guard mode == "wal" else {
            // A file that may not be written keeps its old mode without an error. Writing tells.
            try write("writing") { _ in }
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

    /// Closing the last connection of a file also moves its WAL into it.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        try? queue.close()
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
            if error.isSessionLost { close() }
            throw error
        }
    }
}
