import GRDB
import LeafStore

/// What a file holds of leafd's schema, and how it is made.
struct Schema {
    /// Nil if the file has no such table.
    let table: CentralTable?
    let hasState: Bool
    let hasAgents: Bool

    init(of name: CentralTable.Name, in db: Database, path: String) throws {
        table = try CentralTable.find(name, in: db, path: path)
        hasState = try CentralTable.exists(StoreState.table, in: db)
        hasAgents = try CentralTable.exists(Agents.table, in: db)
    }

    /// Leafd's own tables that are not there, and what is not guarded against without them.
    var missingGuards: [String] { MissingGuards.lines(hasState: hasState, hasAgents: hasAgents) }

    /// Makes what is not there. Leaf's table as Leaf has it, so that a Leaf server can serve the same tags.
    static func create(_ name: CentralTable.Name, in db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(name.quoted) (
                    biz_tag VARCHAR(128) NOT NULL PRIMARY KEY,
                    max_id BIGINT NOT NULL DEFAULT 1,
                    step INT NOT NULL,
                    description VARCHAR(256),
                    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
                CREATE TABLE IF NOT EXISTS \(StoreState.table) (
                    name VARCHAR(255) NOT NULL PRIMARY KEY,
                    value VARCHAR(256) NOT NULL);
                CREATE TABLE IF NOT EXISTS \(Agents.table) (
                    agent_id VARCHAR(32) NOT NULL PRIMARY KEY,
                    host VARCHAR(255) NOT NULL,
                    beat BIGINT NOT NULL,
                    nonce VARCHAR(32) NOT NULL,
                    contested INT NOT NULL DEFAULT 0,
                    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
                """)
    }

    /// Makes the table of the worker ids, also in a database of an earlier leafd. One that has been used and is gone now is not
    /// made anew: the same worker ids would be given out again.
    static func createWorkers(_ state: StoreState) throws {
        guard try state.text(WorkerStanding.Name.format) == nil else { return }
        try state.db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(SQLiteWorkers.table) (
                    worker_id INT NOT NULL PRIMARY KEY,
                    holder VARCHAR(32) NOT NULL,
                    machine VARCHAR(64) NOT NULL,
                    host VARCHAR(255) NOT NULL,
                    generation BIGINT NOT NULL,
                    ts_hi BIGINT NOT NULL,
                    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
                """)
    }
}
