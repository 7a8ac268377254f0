internal import LeafCore
package import LeafStore

/// A session on a store in MySQL or PostgreSQL.
package final class SQLSession: StoreSession {
    package let storeID: StoreID
    package let missingGuards: [String]
    package internal(set) var skippedTags: [String] = []

    let connection: any SQLConnection
    let shape: SessionShape
    let defaultStep: Int64
    /// For errors: which store, on which of its hosts.
    let place: String
    let leaseSQL: LeaseSQL
    let stateSQL: StateSQL
    let workerSQL: WorkerSQL
    /// Which server the facts found; nil before they were read, or where nothing tells.
    var server: String?
    /// Triggers and the like leave a leased counter where the lease has put it: seen with the first lease.
    var hasSeenCounterStay = false
    /// Whether leafd's own tables that were missing have come since is looked for by those who depend on it.
    let hasOwnTable: (String) throws(StoreError) -> Bool

    init(
        connection: any SQLConnection, shape: SessionShape, storeID: StoreID, defaultStep: Int64, place: String,
        hasOwnTable: @escaping (String) throws(StoreError) -> Bool
    ) {
        self.connection = connection
        self.shape = shape
        self.storeID = storeID
        self.defaultStep = defaultStep
        self.place = place
        self.hasOwnTable = hasOwnTable
        missingGuards = shape.missingGuards
        leaseSQL = LeaseSQL(shape, storeID: storeID)
        stateSQL = StateSQL(shape)
        workerSQL = WorkerSQL(shape.flavor)
    }

    package func ping() throws(StoreError) {
        _ = try standing(of: nil)
        try requireKnownTables()
    }

    package func close() {
        connection.close()
    }

    /// What the database holds now, of which a session depends: one snapshot.
    struct Standing {
        var storeID: StoreID?
        var recordedServer: String?
        var server: String?
        var lift: Int64
        /// The agent's row, if one was asked for.
        var row: AgentRow?
    }

    /// Reads it, and throws unless this still is the store that the session was opened on.
    func standing(of agentID: String?) throws(StoreError) -> Standing {
        let reply = try connection.run(stateSQL.standing(of: agentID ?? ""))
        guard let row = reply.rows.first, reply.rows.count == 1 else {
            throw StoreError(
                .misconfigured,
                "\(place): \(reply.rows.count) rows of leafd_agent have agent_id \(agentID ?? ""); make it the primary key",
                isSessionLost: true)
        }
        var standing = Standing(
            storeID: nil, recordedServer: row[1].text, server: row[2].text, lift: try lift(row[3]),
            row: try agentRow(row[4], row[5], row[6], agentID))
        if shape.hasState {
            standing.storeID = row[0].text.flatMap { StoreID($0) }
            guard standing.storeID == storeID else {
                throw StoreError(
                    standing.storeID == nil ? .missing : .foreignStore,
                    "\(place): store_id is \(row[0].shown), not \(storeID): the database was made anew or exchanged; restore the "
                        + "right one", isSessionLost: true)
            }
        }
        return standing
    }

    private func lift(_ value: SQLValue) throws(StoreError) -> Int64 {
        guard value != .null else { return 0 }
        guard let lift = value.text.flatMap({ Int64($0) }) else {
            throw StoreError(
                .corrupt, "\(place): \(shape.names.lift) in leafd_state is no integer (\(value.shown)); put it right",
                isSessionLost: true)
        }
        return lift
    }

    private func agentRow(
        _ beat: SQLValue, _ nonce: SQLValue, _ contested: SQLValue, _ agentID: String?
    ) throws(StoreError) -> AgentRow? {
        if beat == .null && nonce == .null && contested == .null { return nil }
        guard let beat = beat.integer, let nonce = nonce.text, let contested = contested.integer else {
            throw StoreError(
                .corrupt,
                "\(place): the row of agent \(agentID ?? "") in leafd_agent is no beat, nonce and mark but \(beat.shown), "
                    + "\(nonce.shown), \(contested.shown); delete the row", isSessionLost: true)
        }
        return AgentRow(beat: beat, nonce: nonce, isContested: contested != 0)
    }

    /// Throws unless store, server and the agent's traces are what they were when the session settled.
    func requireSettled(_ agent: AgentMark?) throws(StoreError) {
        let standing = try standing(of: agent?.agentID)
        if let server, standing.server != server || shape.hasState && standing.recordedServer != server {
            throw StoreError(
                .wentBackward,
                "\(place): this server is \(standing.server ?? "unknown"), but the counters were last known good on "
                    + "\(standing.recordedServer ?? "none"): a failover or a restored backup; the counters are lifted before "
                    + "the next lease", isSessionLost: true)
        }
        guard let agent, shape.hasAgents, standing.row?.beat ?? 0 < agent.beat else { return }
        throw StoreError(
            .wentBackward,
            "\(place): leafd_agent lacks beat \(agent.beat) of agent \(agent.agentID), which it had acknowledged: the database "
                + "went backward (a failover, a restored backup); the counters are lifted before the next lease",
            isSessionLost: true)
    }

    /// Throws if leafd's own tables have come since the session was opened: it would act as if they held nothing.
    func requireKnownTables() throws(StoreError) {
        for (name, isKnown) in [("leafd_state", shape.hasState), ("leafd_agent", shape.hasAgents)] where !isKnown {
            guard try hasOwnTable(name) else { continue }
            throw StoreError(
                .transient, "\(place): the table \(name) is new; connecting anew to use it", isSessionLost: true)
        }
    }

    /// Runs a transaction that changes more than one counter, one at a time over all daemons.
    ///
    /// - Parameters:
    ///   - isSettled: false for what settles the session: there the server may be another than the one written down.
    ///   - isAboutWorkers: those of the database's other central tables have to wait too.
    /// - Returns: what `body` does, once the commit has been acknowledged.
    func transaction<T>(
        settled isSettled: Bool = true, agent: AgentMark? = nil, isAboutWorkers: Bool = false,
        _ body: () throws(StoreError) -> T
    ) throws(StoreError) -> T {
        try connection.begin()
        do throws(StoreError) {
            // A write, since Galera's nodes see no locks of each other, only writes.
            if shape.hasState { try put(shape.names.turn, StoreID.random().text) }
            // Before anything is read: what is read shows all that those before have written.
            if shape.hasState, isAboutWorkers { try put(WorkerStanding.Name.turn, StoreID.random().text) }
            if isSettled { try requireSettled(agent) } else { _ = try standing(of: nil) }
            let result = try body()
            guard try connection.commit() else {
                throw StoreError(
                    .unavailable, "\(place): the commit was not acknowledged; look into the server's log",
                    isSessionLost: true)
            }
            return result
        } catch {
            if error.isSessionLost { connection.close() } else { connection.rollback() }
            throw error
        }
    }

    // MARK: leafd_state

    func put(_ name: String, _ value: String) throws(StoreError) {
        _ = try connection.run(stateSQL.put(name, value))
    }

    func remove(_ name: String) throws(StoreError) {
        _ = try connection.run(stateSQL.remove(name))
    }

    /// A value that must be an integer; nil if there is none.
    func integer(_ name: String) throws(StoreError) -> Int64? {
        guard let value = try connection.run(stateSQL.get(name)).rows.first?.first else { return nil }
        return try integer(value, name)
    }

    /// A limit or tombstone that cannot be read must stop what depends on it, not count as absent.
    func integer(_ value: SQLValue, _ name: String) throws(StoreError) -> Int64? {
        if value == .null { return nil }
        guard let number = value.text.flatMap({ Int64($0) }) ?? value.integer else {
            throw StoreError(.conflict, "\(place): \(name) in leafd_state is no integer (\(value.shown)); put it right")
        }
        return number
    }
}
