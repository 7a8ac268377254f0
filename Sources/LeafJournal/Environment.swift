private import CLMDB
private import Glibc

/// An LMDB environment in one file, synced at every commit. Owned once, used by one thread at a time.
///
/// No NOSYNC, NOMETASYNC or MAPASYNC (an acknowledged commit must be on disk) and no WRITEMAP (a full disk would be
/// SIGBUS). LMDB's own reader locks are off: the journal's own lock keeps others out, and one thread reads and writes.
struct Environment: ~Copyable {
    private let env: OpaquePointer
    private let path: String
    /// Empty where tables are missing, which only reading allows.
    private let tables: [MDB_dbi?]

    enum Table: Int, CaseIterable {
        case meta
        /// Every record but the header, those of worker ids too.
        case tags

        var name: String { self == .meta ? "meta" : "tags" }
    }

    enum Access {
        /// Makes the file and its tables where they are missing.
        case readWrite
        /// Takes the file as it is.
        case existing
        /// Changes nothing.
        case read
    }

    /// Opens the environment and its tables.
    ///
    /// - Parameters:
    ///   - path: the data file.
    ///   - mapBytes: how large it may become; 0: as its own meta page says.
    ///   - name: what error messages call it.
    init(file path: String, mapBytes: Int, access: Access, name: String) throws(JournalError) {
        var env: OpaquePointer?
        try check(mdb_env_create(&env), "make an environment for", name, isOpening: true)
        guard let env else { throw JournalError(.inaccessible, "the journal \(name) cannot be opened: out of memory") }
        do throws(JournalError) {
            if mapBytes > 0 {
                try check(mdb_env_set_mapsize(env, mapBytes), "set the map size of", name, isOpening: true)
            }
            try check(mdb_env_set_maxdbs(env, UInt32(Table.allCases.count)), "prepare", name, isOpening: true)
            let flags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | (access == .read ? MDB_RDONLY : 0)
            try check(mdb_env_open(env, path, UInt32(flags), 0o600), "open", name, isOpening: true)
            tables = try Environment.openTables(env, access, name)
        } catch {
            mdb_env_close(env)
            throw error
        }
        self.env = env
        self.path = name
    }

    deinit {
        mdb_env_close(env)
    }

    /// One write transaction.
    struct Transaction: ~Copyable {
        fileprivate let pointer: OpaquePointer?
        fileprivate let tables: [MDB_dbi?]
        fileprivate let path: String

        /// Puts a value, having shown the one that it replaces.
        func put<R>(
            _ table: Table, _ key: [UInt8], _ value: [UInt8], replacing body: (UnsafeRawBufferPointer?) -> R
        ) throws(JournalError) -> R {
            guard let dbi = tables[table.rawValue] else {
                throw JournalError(.damaged, "the journal \(path) has no table \(table.name)")
            }
            let (status, result) = key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    // LMDB reads from both and writes to neither.
                    var k = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
                    var old = MDB_val()
                    var status = mdb_get(pointer, dbi, &k, &old)
                    let result = body(
                        status == MDB_SUCCESS ? UnsafeRawBufferPointer(start: old.mv_data, count: old.mv_size) : nil)
                    guard status == MDB_SUCCESS || status == MDB_NOTFOUND else { return (status, result) }
                    var v = MDB_val(mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
                    status = mdb_put(pointer, dbi, &k, &v, 0)
                    return (status, result)
                }
            }
            try check(status, "write to", path)
            return result
        }
    }

    /// Writes in one transaction. When it returns, everything is durable.
    func write(_ body: (borrowing Transaction) throws(JournalError) -> Void) throws(JournalError) {
        let transaction = try begin()
        do throws(JournalError) {
            try body(transaction)
        } catch {
            mdb_txn_abort(transaction.pointer)
            throw error
        }
        // Frees the transaction whatever the outcome.
        let status = mdb_txn_commit(transaction.pointer)
        if [ENOSPC, EDQUOT].contains(status) && isFatal {
            // The meta page itself could not be written, or only in part.
            throw journalError(status, "commit to", path, isOutcomeKnown: false)
        }
        // A write cut short for lack of room is EIO to LMDB. The meta page comes last: nothing has been written.
        try check(status == EIO && !isFatal && lacksRoom ? ENOSPC : status, "commit to", path)
    }

    /// The same, but nothing of it happens: to find out whether it would.
    func rehearse(_ body: (borrowing Transaction) throws(JournalError) -> Void) throws(JournalError) {
        let transaction = try begin()
        defer { mdb_txn_abort(transaction.pointer) }
        try body(transaction)
    }

    private func begin() throws(JournalError) -> Transaction {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(env, nil, 0, &transaction), "begin a transaction in", path)
        return Transaction(pointer: transaction, tables: tables, path: path)
    }

    /// LMDB refuses everything since a meta page could not be written.
    private var isFatal: Bool {
        var transaction: OpaquePointer?
        guard mdb_txn_begin(env, nil, 0, &transaction) == MDB_SUCCESS else { return true }
        mdb_txn_abort(transaction)
        return false
    }

    /// The file system has less than 1 MiB left.
    private var lacksRoom: Bool {
        var system = statvfs()
        guard fstatvfs(descriptor, &system) == 0 else { return false }
        return UInt64(system.f_bavail) * UInt64(system.f_frsize) < 1 << 20
    }

    /// Reads every entry of a table, in the order of keys. The bytes are valid within `body` only.
    func read(_ table: Table, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) throws {
        guard let dbi = tables[table.rawValue] else { return }
        try read(dbi, body)
    }

    /// Whether a table is there.
    func has(_ table: Table) -> Bool { tables[table.rawValue] != nil }

    private func read(
        _ dbi: MDB_dbi, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(env, nil, UInt32(MDB_RDONLY), &transaction), "read", path)
        defer { mdb_txn_abort(transaction) }
        var cursor: OpaquePointer?
        try check(mdb_cursor_open(transaction, dbi, &cursor), "read", path)
        defer { mdb_cursor_close(cursor) }
        var (key, value) = (MDB_val(), MDB_val())
        var status = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        while status == MDB_SUCCESS {
            try body(
                UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size),
                UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
            status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
        }
        guard status == MDB_NOTFOUND else { throw journalError(status, "read", path) }
    }

    /// Bytes of the data file in use, and of the map.
    var size: (used: Int, map: Int) {
        let info = info
        var stat = MDB_stat()
        mdb_env_stat(env, &stat)
        return ((info.me_last_pgno + 1) * Int(stat.ms_psize), info.me_mapsize)
    }

    /// The number of LMDB's newest transaction: 1 when there are tables and nothing in them.
    var newestTransaction: Int { info.me_last_txnid }

    /// The data file's descriptor.
    var descriptor: Int32 {
        var fd: Int32 = -1
        mdb_env_get_fd(env, &fd)
        return fd
    }

    private var info: MDB_envinfo {
        var info = MDB_envinfo()
        mdb_env_info(env, &info)
        return info
    }

    private static func openTables(
        _ env: OpaquePointer, _ access: Access, _ path: String
    ) throws(JournalError) -> [MDB_dbi?] {
        var transaction: OpaquePointer?
        let isReading = access != .readWrite
        try check(
            mdb_txn_begin(env, nil, isReading ? UInt32(MDB_RDONLY) : 0, &transaction), "begin a transaction in", path,
            isOpening: true)
        var tables: [MDB_dbi?] = []
        for table in Table.allCases {
            var dbi = MDB_dbi()
            let status = mdb_dbi_open(transaction, table.name, isReading ? 0 : UInt32(MDB_CREATE), &dbi)
            guard status == MDB_SUCCESS || isReading && status == MDB_NOTFOUND else {
                mdb_txn_abort(transaction)
                throw journalError(status, "open the table \(table.name) of", path, isOpening: true)
            }
            tables.append(status == MDB_SUCCESS ? dbi : nil)
        }
        try check(mdb_txn_commit(transaction), "create the tables of", path)
        return tables
    }
}

private func check(
    _ status: Int32, _ action: String, _ path: String, isOpening: Bool = false
) throws(JournalError) {
    guard status == MDB_SUCCESS else { throw journalError(status, action, path, isOpening: isOpening) }
}

/// - Parameters:
///   - isOpening: nothing has been written, so that no outcome is unknown.
///   - isOutcomeKnown: a lack of room means that nothing was written.
private func journalError(
    _ status: Int32, _ action: String, _ path: String, isOpening: Bool = false, isOutcomeKnown: Bool = true
) -> JournalError {
    let what = "leafd cannot \(action) the journal \(path): \(String(cString: mdb_strerror(status)))"
    switch status {
    case _ where !isOutcomeKnown:
        return JournalError(.unknownOutcome, what)
    case ENOSPC, EDQUOT:
        let rest = isOpening ? "" : "; issuing goes on below what is journaled"
        return JournalError(.full, what + " — free space on its disk" + rest)
    case MDB_MAP_FULL:
        return JournalError(.full, what + " — raise journal.map-size and restart")
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE, MDB_BAD_VALSIZE,
        MDB_BAD_TXN, MDB_BAD_DBI:
        return JournalError(.damaged, what)
    case ENOENT, EACCES, EPERM, EROFS, EAGAIN, ENOTDIR:
        return JournalError(.inaccessible, what + " — check that the folder exists and leafd's user may write to it")
    case _ where isOpening:
        return JournalError(.inaccessible, what)
    default:
        return JournalError(.unknownOutcome, what)
    }
}
