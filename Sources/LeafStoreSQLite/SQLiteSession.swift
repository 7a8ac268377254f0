import GRDB
import LeafCore
package import LeafStore

/// A session on a store in one SQLite file.
package final class SQLiteSession: StoreSession {
    package let storeID: StoreID
    package let missingGuards: [String]
    package internal(set) var skippedTags: [String] = []

    /// For tests, which break things from inside.
    package let connection: SQLiteConnection
    let table: CentralTable
    let defaultStep: Int64
    let hasState: Bool
    let hasAgents: Bool
    let leaseSQL: LeaseSQL
    /// Which server the open file is; nil: `store.identity: none`.
    let server: String?
    /// Before that, nothing is compared: nobody has been asked what to do about a difference.
    var hasReadFacts = false

    init(
        connection: SQLiteConnection, storeID: StoreID, table: CentralTable, schema: Schema, defaultStep: Int64,
        hasIdentity: Bool
    ) {
        self.connection = connection
        self.storeID = storeID
        self.table = table
        self.defaultStep = defaultStep
        missingGuards = schema.missingGuards
        hasState = schema.hasState
        hasAgents = schema.hasAgents
        leaseSQL = LeaseSQL(table, hasState: schema.hasState)
        server = hasIdentity ? connection.server : nil
    }

    var path: String { connection.path }

    package func ping() throws(StoreError) {
        try connection.read("ping") { db in
            try verifyStore(db)
            _ = try Row.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM \(table.name.quoted) LIMIT 1"))
        }
    }

    package func close() {
        connection.close()
    }

    /// `leafd_state`; nil if there is none.
    func state(in db: Database) -> StoreState? {
        hasState ? StoreState(db: db, path: path, names: StoreState.Names(table.name)) : nil
    }

    /// Runs one write transaction in the store that this session was opened on, and in no other, on the server that its
    /// facts found.
    func write<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try writeUnsettled(action) { db in
            try verifyServer(db)
            return try body(db)
        }
    }

    /// The same for what settles a session: there the server may be another than the one written down.
    func writeUnsettled<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try connection.write(action) { db in
            try verifyStore(db)
            return try body(db)
        }
    }

    func verifyStore(_ db: Database) throws {
        try state(in: db)?.verify(storeID)
    }

    /// Throws unless the open file is the server that is written down: else it may lack the last commits. None written down
    /// is a loss too, since that is done together with the store's id.
    private func verifyServer(_ db: Database) throws {
        guard hasReadFacts, let server, let state = state(in: db) else { return }
        let recorded = try state.server()
        guard recorded != server else { return }
        throw StoreError(
            .wentBackward,
            "central store \(path): this file is \(server), but the counters were last known good on "
                + "\(recorded ?? "none"): a copy or a restored backup; the counters are lifted before the next lease",
            isSessionLost: true)
    }
}
