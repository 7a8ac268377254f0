import GRDB
import LeafCore
package import LeafStore

/// A session on a store in one SQLite file.
package final class SQLiteSession: StoreSession {
    package let storeID: StoreID
    /// Leafd's own tables that this database lacks, for HEALTH. Without `leafd_state` nothing tells this store from
    /// another, and no tag can be dropped or limited; without `leafd_agent` only the floors show a database that went
    /// backward.
    package let missingGuards: [String]
    /// What the last `listTags` left out, and why: a line a row.
    package internal(set) var skippedTags: [String] = []

    /// For tests, which break things from inside.
    package let connection: SQLiteConnection
    let table: CentralTable
    let defaultStep: Int64
    let hasState: Bool
    let hasAgents: Bool
    let leaseSQL: LeaseSQL

    init(
        connection: SQLiteConnection, storeID: StoreID, table: CentralTable, schema: Schema, defaultStep: Int64
    ) {
        self.connection = connection
        self.storeID = storeID
        self.table = table
        self.defaultStep = defaultStep
        missingGuards = schema.missingGuards
        hasState = schema.hasState
        hasAgents = schema.hasAgents
        leaseSQL = LeaseSQL(table, hasState: schema.hasState)
    }

    var path: String { connection.path }

    package func register(agent: AgentMark, host: String) throws(StoreError) {
        guard hasAgents else { return }
        try write("registering this daemon") { db in
            try Agents(db: db, path: path).register(agent, host: host)
        }
    }

    package func ping() throws(StoreError) {
        try connection.read("ping") { db in
            try verifyIdentity(db)
            _ = try Row.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM \(table.name.quoted) LIMIT 1"))
        }
    }

    package func close() {
        connection.close()
    }

    /// Runs one write transaction in the store that this session was opened on, and in no other.
    func write<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        try connection.write(action) { db in
            try verifyIdentity(db)
            return try body(db)
        }
    }

    private func verifyIdentity(_ db: Database) throws {
        if hasState { try StoreState(db: db, path: path).verify(storeID) }
    }
}
