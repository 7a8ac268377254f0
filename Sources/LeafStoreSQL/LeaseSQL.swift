internal import LeafCore
internal import LeafStore

/// The statement that leases, the one that finds out why it did not, and the one that makes a row.
///
/// One statement, one row lock, one round trip. In it are all checks that a duplicate depends on: the floor, the maximum, that
/// this is the store and the server of the session's facts, that the daemon's row in `leafd_agent` still has its beat. What
/// it reads of leafd's own tables is a snapshot without locks. A lift changes the counters and the recorded server in one
/// transaction: a snapshot from before it names another server, and one from after it comes with lifted counters.
struct LeaseSQL: Sendable {
    let lease: SQLText
    let counter: SQLText
    let lockedCounter: SQLText
    let insert: SQLText
    private let shape: SessionShape
    private let storeID: StoreID

    init(_ shape: SessionShape, storeID: StoreID) {
        self.shape = shape
        self.storeID = storeID
        let flavor = shape.flavor
        // Below the floor the counter has gone backward: the floor is what this host was leased once.
        let start = "(CASE WHEN max_id < :floor THEN :jump ELSE max_id END)"
        let value = flavor == .mysql ? "LAST_INSERT_ID(\(start) + :count)" : "\(start) + :count"
        var text = "UPDATE \(shape.table) SET max_id = \(value)"
        if shape.columns.hasUpdateTime { text += ", update_time = CURRENT_TIMESTAMP" }
        text += " WHERE \(flavor.bytes("biz_tag", are: "tag")) AND \(start) <= :top"
        if shape.columns.hasAutoClean { text += " AND \(shape.isCleaned) = 0" }
        if shape.hasState { text += " AND \(start) <= \(flavor.limit("limit")) - :count + 1" }
        text += SettledSQL.conditions(shape)
        if flavor == .postgresql { text += " RETURNING max_id, step, current_setting('synchronous_commit')" }
        lease = SQLText(text, returnsRows: flavor == .postgresql)
        let row =
            "SELECT max_id, step, \(shape.hasState ? flavor.state("limit") : "NULL"), \(shape.isCleaned) FROM \(shape.table) "
            + "WHERE \(flavor.bytes("biz_tag", are: "tag"))"
        counter = SQLText(row, returnsRows: true)
        lockedCounter = SQLText(row + " FOR UPDATE", returnsRows: true)
        insert = Self.insert(shape)
    }

    private static func insert(_ shape: SessionShape) -> SQLText {
        var columns = "biz_tag, max_id, step"
        var values = ":tag, :start, :step"
        if shape.columns.hasDescription {
            columns += ", description"
            values += ", :description"
        }
        if shape.columns.hasUpdateTime {
            columns += ", update_time"
            values += ", CURRENT_TIMESTAMP"
        }
        return SQLText("INSERT INTO \(shape.table) (\(columns)) VALUES (\(values))")
    }

    /// - Parameters:
    ///   - server: nil before the session's facts were read, or where nothing tells servers apart.
    ///   - floor: the request's, and at least 1.
    ///   - jump: where to set a counter that is below the floor.
    func lease(
        _ request: LeaseRequest, count: Int64, floor: Int64, jump: Int64, server: String?
    ) -> SQLStatement {
        var values = SettledSQL.values(storeID: storeID, names: shape.names, server: server, agent: request.agent)
        values["tag"] = .text(request.tag.name)
        values["floor"] = .integer(floor)
        values["jump"] = .integer(jump)
        values["count"] = .integer(count)
        values["top"] = .integer(.max - count)
        values["limit"] = .text(shape.names.limit(request.tag))
        return SQLStatement(lease, values)
    }

    func counter(_ tag: Tag) -> SQLStatement {
        SQLStatement(counter, ["tag": .text(tag.name), "limit": .text(shape.names.limit(tag))])
    }
}

/// The conditions under which a statement may change anything: this still is the store and the server that the session has
/// settled with, and the database has not lost this daemon's traces.
enum SettledSQL {
    /// ` AND …` for each check that the tables allow.
    ///
    /// - Parameter checkingAgent: false for what changes the agent's row itself.
    static func conditions(_ shape: SessionShape, checkingAgent: Bool = true) -> String {
        let flavor = shape.flavor
        var text = ""
        if shape.hasState {
            text += " AND \(flavor.areSame(flavor.state("store_name"), ":store"))"
            if let identity = shape.traits.identity {
                // An empty :server leaves it out.
                text +=
                    " AND (:server = '' OR \(flavor.areSame(flavor.state("server_name"), ":server"))"
                    + " AND \(flavor.areSame(identity, ":server")))"
            }
        }
        if shape.hasAgents, checkingAgent {
            text +=
                " AND (:agent = '' OR EXISTS (SELECT 1 FROM leafd_agent WHERE agent_id = :agent AND beat >= :beat))"
        }
        return text
    }

    static func values(
        storeID: StoreID, names: StateNames, server: String?, agent: AgentMark?
    ) -> [String: SQLValue] {
        [
            "store_name": .text(StateNames.storeID), "store": .text(storeID.text), "server_name": .text(names.server),
            "server": .text(server ?? ""), "agent": .text(agent?.agentID ?? ""), "beat": .integer(agent?.beat ?? 0),
        ]
    }
}
