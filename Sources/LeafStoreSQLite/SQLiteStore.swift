import CLeafPlatform
import Foundation
import GRDB
import LeafCore
package import LeafStore

/// The central store in one SQLite file, for the daemons of one host.
///
/// What its leases rest on: WAL with synchronous=FULL, one writer at a time (BEGIN IMMEDIATE), a file that is still the
/// one at its path, and a random identity inside it.
package struct SQLiteStore: SegmentStore {
    package let kind = "sqlite"
    package let maxSessions = 1
    package let path: String
    private let table: CentralTable.Name
    private let createSchema: Bool
    private let queryTimeout: Duration
    private let defaultStep: Int64
    private let hasIdentity: Bool
    /// Of all sessions of this store, one after the other.
    private let lastLog = LastLog()

    /// Names the store; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - path: the file; a relative path is taken from the current folder.
    ///   - table: the central table: letters, digits and underscores, no schema.
    ///   - createSchema: whether file and tables may be made: where the journal knows no store yet, and `leafd_worker` in any.
    ///   - queryTimeout: how long to wait for other writers.
    ///   - defaultStep: the step of a row that has no usable one, at least 1.
    ///   - identity: whether the file is told from copies of it (`store.identity`). Without that only floors and the own
    ///     traces show that a backup was restored.
    package init(
        path: String, table: String = "leaf_alloc", createSchema: Bool = true, queryTimeout: Duration = .seconds(2),
        defaultStep: Int64 = 1000, identity: Bool = true
    ) throws(StoreError) {
        precondition(defaultStep >= 1 && queryTimeout >= .zero)
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StoreError(.misconfigured, "store.url names no file: write sqlite:///path/to/central.sqlite")
        }
        // Absolute also because SQLite reads a name like file:… or :memory: as something else than a file.
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        self.table = try CentralTable.Name(table)
        self.createSchema = createSchema
        self.queryTimeout = queryTimeout
        self.defaultStep = defaultStep
        hasIdentity = identity
    }

    package var redactedURL: String { "sqlite://\(path)" }

    package func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession {
        try open(knownStore: knownStore, mayCreate: mayCreate)
    }

    /// `connect`, with the type that tests break from inside.
    package func open(knownStore: StoreID?, mayCreate isFirst: Bool = true) throws(StoreError) -> SQLiteSession {
        let isFirst = isFirst && knownStore == nil
        let mayCreate = createSchema && isFirst
        try requireLocal()
        let connection = try SQLiteConnection(path: path, mayCreate: mayCreate, timeout: queryTimeout, lastLog: lastLog)
        do throws(StoreError) {
            if !mayCreate {
                // Before anything is written: a known file may be empty now.
                _ = try connection.read("looking for the table") { db in
                    try existingTable(Schema(of: table, in: db, path: path))
                }
            }
            try connection.makeDurable()
            return try connection.write("reading the schema") { db in
                let before = try Schema(of: table, in: db, path: path)
                let isNew = before.table == nil
                if isNew && before.hasState { try requireNeverThere(db) }
                if mayCreate { try Schema.create(table, in: db) }
                let schema = try Schema(of: table, in: db, path: path)
                let state = schema.hasState ? StoreState(db: db, path: path, names: StoreState.Names(table)) : nil
                let found = try existingTable(schema)
                let storeID = try identify(
                    state, server: connection.server, knownStore: knownStore, isFirst: isFirst)
                if createSchema, let state { try Schema.createWorkers(state) }
                // A second table in this database: its counters are good on this server too.
                if isNew { try state?.recordServer(connection.server) }
                return SQLiteSession(
                    connection: connection, storeID: storeID, table: found, schema: schema, defaultStep: defaultStep,
                    hasIdentity: hasIdentity)
            }
        } catch {
            connection.close()
            throw error
        }
    }

    /// A WAL is shared through memory: two hosts on one file over a network would each have a log of their own.
    private func requireLocal() throws(StoreError) {
        let folder = (path as NSString).deletingLastPathComponent
        let type = leaf_file_system_type(folder)
        guard type >= 0, !FileSystemKind.isLocal(type) else { return }
        throw StoreError(
            .misconfigured,
            "central store \(path): it lies on a file system (type \(FileSystemKind.hexadecimal(type))) that leafd does not know "
                + "as a local one, and SQLite would give two hosts the same IDs there; move the file to a local disk, or use "
                + "MySQL or PostgreSQL for several hosts")
    }

    /// Throws if the table has been there: then it has been lost, and its counters with it.
    private func requireNeverThere(_ db: Database) throws {
        let state = StoreState(db: db, path: path, names: StoreState.Names(table))
        guard try state.server() != nil else { return }
        throw StoreError(
            .missing,
            "central store \(path): the table \(table.text) is gone, and leafd_state knows it: restore it from a backup, then run "
                + "leafctl bump --all")
    }

    private func existingTable(_ schema: Schema) throws(StoreError) -> CentralTable {
        if let table = schema.table { return table }
        throw StoreError(
            .missing,
            "central store \(path): there is no table \(table.text); restore it, or, for a first start, "
                + "allow store.create-schema")
    }

    /// Finds out which store this is, and whether it is the one that the journal knows.
    ///
    /// Only a store that no journal knows is given an identity: a known one that has lost it has lost its counters too.
    private func identify(
        _ state: StoreState?, server: String, knownStore: StoreID?, isFirst: Bool
    ) throws -> StoreID {
        let found: StoreID? =
            if let state {
                try isFirst ? state.makeStoreID(server: server) : state.storeID()
            } else {
                StoreID.derived(path: path, table: table.text)
            }
        guard let found else {
            throw StoreError(
                .missing, "central store \(path): leafd_state holds no store_id; restore it from a backup")
        }
        guard let knownStore, found != knownStore else { return found }
        if state == nil {
            throw StoreError(
                .missing,
                "central store \(path): leafd_state is gone, which held the identity \(knownStore); restore it")
        }
        throw StoreError(
            .foreignStore,
            "central store \(path): this is store \(found), the journal's stock comes from \(knownStore); "
                + "correct store.url, or restore the right file")
    }
}

extension StoreID {
    /// The identity of a store that cannot hold one (no `leafd_state`): it follows from path and table.
    ///
    /// Not from the file, though a restored backup would then show: a changed identity would end the floors too, and they
    /// are the only guard that such a store has left.
    static func derived(path: String, table: String) -> StoreID {
        // FNV-1a, 128 bits: http://www.isthe.com/chongo/tech/comp/fnv/ . Nothing here resists an attacker, nor has to.
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in "sqlite\0\(path)\0\(table)".utf8 {
            hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        let digits = String(hash, radix: 16)
        return StoreID(String(repeating: "0", count: 32 - digits.utf8.count) + digits)!
    }
}
