internal import LeafCore
internal import LeafStore

/// The statements on leafd's own tables.
struct StateSQL: Sendable {
    private let shape: SessionShape
    private let standing: SQLText
    private let get: SQLText
    private let put: SQLText
    private let remove: SQLText
    private let moveAgent: SQLText
    private let addAgent: SQLText
    private let contest: SQLText
    private let lift: SQLText

    init(_ shape: SessionShape) {
        self.shape = shape
        let flavor = shape.flavor
        let hasState = shape.hasState
        let state: (String) -> String = { hasState ? flavor.state($0) : "NULL" }
        standing = SQLText(
            """
            SELECT \(state("store_name")), \(state("server_name")), \(shape.traits.identity ?? "NULL"), \(state("lift_name")), \
            \(shape.hasAgents
                ? "a.beat, a.nonce, a.contested FROM (SELECT 1 AS one) o LEFT JOIN leafd_agent a ON a.agent_id = :agent"
                : "NULL, NULL, NULL")
            """, returnsRows: true)
        get = SQLText("SELECT value FROM leafd_state WHERE \(flavor.bytes("name", are: "name"))", returnsRows: true)
        put = SQLText(flavor.putState)
        remove = SQLText("DELETE FROM leafd_state WHERE \(flavor.bytes("name", are: "name"))")
        let settled = SettledSQL.conditions(shape, checkingAgent: false)
        moveAgent = SQLText(
            """
            UPDATE leafd_agent SET beat = :next, nonce = :nonce, host = :host, seen_at = CURRENT_TIMESTAMP
            WHERE agent_id = :id AND beat = :seen_beat AND nonce = :seen_nonce AND contested = 0
            """ + settled)
        addAgent = SQLText(
            """
            INSERT INTO leafd_agent (agent_id, host, beat, nonce, contested, seen_at)
            SELECT :id, :host, :next, :nonce, 0, CURRENT_TIMESTAMP FROM (SELECT 1 AS one) o
            WHERE NOT EXISTS (SELECT 1 FROM leafd_agent x WHERE x.agent_id = :id)
            """ + settled)
        contest = SQLText("UPDATE leafd_agent SET contested = 1 WHERE agent_id = :id")
        lift = SQLText("SELECT \(state("lift_name"))", returnsRows: true)
    }

    private var names: [String: SQLValue] {
        [
            "store_name": .text(StateNames.storeID), "server_name": .text(shape.names.server),
            "lift_name": .text(shape.names.lift),
        ]
    }

    func standing(of agentID: String) -> SQLStatement {
        SQLStatement(standing, names.merging(["agent": .text(agentID)]) { $1 })
    }

    func get(_ name: String) -> SQLStatement { SQLStatement(get, ["name": .text(name)]) }

    func put(_ name: String, _ value: String) -> SQLStatement {
        SQLStatement(put, ["name": .text(name), "value": .text(value)])
    }

    func remove(_ name: String) -> SQLStatement { SQLStatement(remove, ["name": .text(name)]) }

    /// Name and value of all that begin with `prefix`, which is ASCII, as far as the collation tells: others may be among them.
    static func withPrefix(_ prefix: String) -> SQLStatement {
        SQLStatement(
            SQLText(
                "SELECT name, value FROM leafd_state WHERE LEFT(name, \(prefix.utf8.count)) = :prefix",
                returnsRows: true),
            ["prefix": .text(prefix)])
    }

    func beat(_ beat: AgentBeat, storeID: StoreID, server: String?) -> SQLStatement {
        var values = SettledSQL.values(storeID: storeID, names: shape.names, server: server, agent: nil)
        values["id"] = .text(beat.agentID)
        values["host"] = .text(beat.host)
        values["next"] = .integer(beat.beat)
        values["nonce"] = .text(beat.nonce)
        values["seen_beat"] = .integer(beat.seen?.beat ?? 0)
        values["seen_nonce"] = .text(beat.seen?.nonce ?? "")
        return SQLStatement(beat.seen == nil ? addAgent : moveAgent, values)
    }

    func contest(_ agentID: String) -> SQLStatement { SQLStatement(contest, ["id": .text(agentID)]) }

    var readLift: SQLStatement { SQLStatement(lift, names) }
}
