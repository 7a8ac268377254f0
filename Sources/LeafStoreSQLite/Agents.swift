import GRDB
import LeafCore
import LeafStore

/// The table `leafd_agent`: one row a daemon, the trace by which it notices that the database went backward, or that
/// another daemon goes by its name.
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

    /// Throws unless the row still has at least the beat of the mark.
    func verify(_ mark: AgentMark) throws {
        guard try !isPresent(mark) else { return }
        throw StoreError(
            .wentBackward,
            "central store \(path): leafd_agent lacks beat \(mark.beat) of agent \(mark.agentID), which it had acknowledged: "
                + "the database went backward (a restored backup?); the counters are lifted before the next lease",
            isSessionLost: true)
    }

    /// The row of an agent; nil if there is none.
    func row(_ agentID: String) throws -> AgentRow? {
        let row = try Row.fetchOne(
            db, sql: "SELECT beat, nonce, contested FROM leafd_agent WHERE agent_id = ?", arguments: [agentID])
        guard let row else { return nil }
        let (beat, nonce, contested): (DatabaseValue, DatabaseValue, DatabaseValue) = (
            row["beat"], row["nonce"], row["contested"]
        )
        guard case .int64(let beat) = beat.storage, case .string(let nonce) = nonce.storage,
            case .int64(let contested) = contested.storage
        else {
            throw StoreError(
                .corrupt,
                "central store \(path): the row of agent \(agentID) in leafd_agent is no beat, nonce and mark but "
                    + "\(beat), \(nonce), \(contested); delete the row", isSessionLost: true)
        }
        return AgentRow(beat: beat, nonce: nonce, isContested: contested != 0)
    }

    /// Moves the row to the next beat.
    ///
    /// - Returns: false if it is not what was seen, or is contested: then it stays as it is.
    func move(_ beat: AgentBeat) throws -> Bool {
        if let seen = beat.seen {
            try db.execute(
                sql: """
                    UPDATE leafd_agent SET beat = ?, nonce = ?, host = ?, seen_at = CURRENT_TIMESTAMP
                    WHERE agent_id = ? AND beat = ? AND nonce = ? AND contested = 0
                    """,
                arguments: [beat.beat, beat.nonce, beat.host, beat.agentID, seen.beat, seen.nonce])
        } else {
            try db.execute(
                sql: """
                    INSERT INTO leafd_agent (agent_id, host, beat, nonce, contested, seen_at)
                    SELECT ?1, ?2, ?3, ?4, 0, CURRENT_TIMESTAMP
                    WHERE NOT EXISTS (SELECT 1 FROM leafd_agent WHERE agent_id = ?1)
                    """,
                arguments: [beat.agentID, beat.host, beat.beat, beat.nonce])
        }
        guard db.changesCount <= 1 else {
            throw StoreError(
                .misconfigured,
                "central store \(path): \(db.changesCount) rows of leafd_agent have agent_id \(beat.agentID); make it the "
                    + "primary key", isSessionLost: true)
        }
        return db.changesCount == 1
    }

    /// Marks the row, if there is one.
    func contest(_ agentID: String) throws {
        try db.execute(sql: "UPDATE leafd_agent SET contested = 1 WHERE agent_id = ?", arguments: [agentID])
    }
}
