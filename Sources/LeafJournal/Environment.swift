private import CLMDB
private import Glibc

/// An LMDB environment in a folder, synced at every commit. Owned once, used by one thread at a time.
///
/// No NOSYNC, NOMETASYNC or MAPASYNC (an acknowledged commit must be on disk) and no WRITEMAP (a full disk would be SIGBUS).
/// LMDB's own reader locks are off: the journal's own lock keeps others out, and one thread reads and writes.
struct Environment: ~Copyable {
    private let env: OpaquePointer
    private let path: String
    private let tables: [MDB_dbi]

    enum Table: Int, CaseIterable {
        case meta
        case tags

        var name: String { self == .meta ? "meta" : "tags" }
    }

    /// Opens or creates the environment and its tables.
    init(path: String, mapBytes: Int) throws(JournalError) {
        var env: OpaquePointer?
        try check(mdb_env_create(&env), "make an environment for", path)
        guard let env else { throw JournalError(.inaccessible, "the journal \(path) cannot be opened: out of memory") }
        do throws(JournalError) {
            try check(mdb_env_set_mapsize(env, mapBytes), "set the map size of", path)
            try check(mdb_env_set_maxdbs(env, UInt32(Table.allCases.count)), "prepare", path)
            try check(mdb_env_open(env, path, UInt32(MDB_NOLOCK | MDB_NOTLS), 0o600), "open", path)
            tables = try Environment.openTables(env, path)
        } catch {
            mdb_env_close(env)
            throw error
        }
        self.env = env
        self.path = path
    }

    deinit {
        mdb_env_close(env)
    }

    /// Puts all entries in one transaction. When it returns, they are durable.
    func write(_ entries: [(table: Table, key: [UInt8], value: [UInt8])]) throws(JournalError) {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(env, nil, 0, &transaction), "begin a transaction in", path)
        for entry in entries {
            let status = put(transaction, entry.table, entry.key, entry.value)
            guard status == MDB_SUCCESS else {
                mdb_txn_abort(transaction)
                throw journalError(status, "write to", path)
            }
        }
        // Frees the transaction whatever the outcome.
        try check(mdb_txn_commit(transaction), "commit to", path)
    }

    /// Reads every entry of a table, in the order of keys. The bytes are valid within `body` only.
    func read(_ table: Table, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) throws {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(env, nil, UInt32(MDB_RDONLY), &transaction), "read", path)
        defer { mdb_txn_abort(transaction) }
        var cursor: OpaquePointer?
        try check(mdb_cursor_open(transaction, tables[table.rawValue], &cursor), "read", path)
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
        var info = MDB_envinfo()
        var stat = MDB_stat()
        mdb_env_info(env, &info)
        mdb_env_stat(env, &stat)
        return ((info.me_last_pgno + 1) * Int(stat.ms_psize), info.me_mapsize)
    }

    /// The data file's descriptor.
    var descriptor: Int32 {
        var fd: Int32 = -1
        mdb_env_get_fd(env, &fd)
        return fd
    }

    private func put(_ transaction: OpaquePointer?, _ table: Table, _ key: [UInt8], _ value: [UInt8]) -> Int32 {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                // LMDB reads from both and writes to neither.
                var k = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
                var v = MDB_val(mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
                return mdb_put(transaction, tables[table.rawValue], &k, &v, 0)
            }
        }
    }

    private static func openTables(_ env: OpaquePointer, _ path: String) throws(JournalError) -> [MDB_dbi] {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(env, nil, 0, &transaction), "begin a transaction in", path)
        var tables: [MDB_dbi] = []
        for table in Table.allCases {
            var dbi = MDB_dbi()
            let status = mdb_dbi_open(transaction, table.name, UInt32(MDB_CREATE), &dbi)
            guard status == MDB_SUCCESS else {
                mdb_txn_abort(transaction)
                throw journalError(status, "open the table \(table.name) of", path)
            }
            tables.append(dbi)
        }
        try check(mdb_txn_commit(transaction), "create the tables of", path)
        return tables
    }
}

private func check(_ status: Int32, _ action: String, _ path: String) throws(JournalError) {
    guard status == MDB_SUCCESS else { throw journalError(status, action, path) }
}

private func journalError(_ status: Int32, _ action: String, _ path: String) -> JournalError {
    let what = "leafd cannot \(action) the journal \(path): \(String(cString: mdb_strerror(status)))"
    switch status {
    case ENOSPC, EDQUOT:
        return JournalError(.full, what + " — free space on its disk; issuing goes on below what is journaled")
    case MDB_MAP_FULL:
        return JournalError(.full, what + " — raise journal.map-size and restart")
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_BAD_TXN, MDB_BAD_DBI:
        return JournalError(.damaged, what)
    case ENOENT, EACCES, EPERM, EROFS, EAGAIN, ENOTDIR:
        return JournalError(.inaccessible, what + " — check that the folder exists and leafd's user may write to it")
    default:
        return JournalError(.unknownOutcome, what)
    }
}
