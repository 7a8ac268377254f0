import GRDB
import LeafStore

/// The table `leafd_agent`: one row a daemon, the trace by which it notices that the database went backward.
struct Agents {
    static let table = "leafd_agent"

    let db: Database
    let path: String

    /// Whether the row still has at least the beat that the database once acknowledged.
    func isPresent(_ mark: AgentMark) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM leafd_agent WHERE agent_id = ? AND beat >= ?)")
        return try Bool.fetchOne(statement, arguments: [mark.agentID, mark.beat]) ?? false
    }

    /// Adds the row. One that is there already is left at its beat, and must not be behind the mark: raising it would hide
    /// that the database lost a beat.
    ///
    /// No nonce yet: it belongs to the first beat.
    func register(_ mark: AgentMark, host: String) throws {
        try db.execute(
            sql: """
                INSERT INTO leafd_agent (agent_id, host, beat, nonce, contested, seen_at)
                VALUES (?, ?, ?, '', 0, CURRENT_TIMESTAMP)
                ON CONFLICT (agent_id) DO UPDATE SET host = excluded.host, seen_at = CURRENT_TIMESTAMP
                """,
            arguments: [mark.agentID, host, mark.beat])
        guard try isPresent(mark) else {
            throw StoreError(
                .conflict,
                "central store \(path): agent \(mark.agentID) stands at an older beat than \(mark.beat) in "
                    + "leafd_agent: the database went backward; go on under a new agent id")
        }
    }
}
