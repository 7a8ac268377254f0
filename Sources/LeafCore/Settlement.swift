/// What a new session finds out about its store, in one read transaction.
package struct StoreFacts: Hashable, Sendable {
    package var storeID: String
    /// This daemon's row in `leafd_agent`.
    package var row: AgentRow?
    /// Whether there is a table `leafd_agent`. Without it nothing shows a twin, and only floors and the server's identity
    /// a database that went backward.
    package var hasAgents: Bool
    /// Whether there is a table `leafd_state`, which records the server and how often counters were lifted.
    package var hasState: Bool
    /// Which server answers; nil: that cannot be told, or is not asked for (`store.identity: none`).
    package var server: String?
    /// Which server answered when that was last written down.
    package var recordedServer: String?
    /// How often the counters have been lifted.
    package var lift: Int64

    package init(
        storeID: String, row: AgentRow?, hasAgents: Bool, hasState: Bool, server: String?, recordedServer: String?,
        lift: Int64
    ) {
        self.storeID = storeID
        self.row = row
        self.hasAgents = hasAgents
        self.hasState = hasState
        self.server = server
        self.recordedServer = recordedServer
        self.lift = lift
    }
}

/// What must be done with a new session before the first lease: is it the same store, is this daemon alone under its
/// name, has the database gone backward?
///
/// Decides one step at a time, each from facts read anew: a crash between two steps is followed by the same decision.
package struct Settlement: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        /// Give all stock up and go on under a new agent id and journal id: in memory, then by a commit of the header.
        case startOver(Reason)
        /// Mark the row as contested.
        case contest
        /// Write down in the journal which store this is.
        case adoptStore
        /// Lift every counter, if nobody else has since `StoreFacts.lift` was read.
        case lift(Sign)
        /// Send a beat over the row that was read: the first, or one over a row that the database had lost.
        case beat
        /// The row shows that a beat whose answer was lost had arrived.
        case acceptBeat(AgentRow)
        /// Leases may begin.
        case ready
        /// They may not, until somebody does what the text says.
        case refuse(String)
    }

    package enum Reason: Hashable, Sendable {
        /// Its counters mean nothing for what the journal holds: floors go too.
        case otherStore
        /// A start without proof that the stock is this daemon's alone.
        case unproven
        /// A second daemon goes by this one's name.
        case twin
    }

    /// Why the counters are thought to have gone backward.
    package enum Sign: String, Hashable, Sendable {
        case otherServer = "another server answers than the one written down, or a database without its last log"
        case lostBeat = "the store lacks a beat of this daemon that it had acknowledged"
        case belowFloor = "a counter stands below what this host has been leased"
        case lostWorkers = "it has lost what it knew of the worker ids of snowflakes"
    }

    package let header: JournalHeader
    package let trace: AgentTrace
    /// The configured one.
    package let storePlace: StorePlace

    package init(header: JournalHeader, trace: AgentTrace, storePlace: StorePlace) {
        self.header = header
        self.trace = trace
        self.storePlace = storePlace
    }

    /// The store answers, and the stock is without proof: it goes from memory at once, whatever the next step is and whether
    /// that succeeds. (Starting over makes it final.)
    package var givesStockUpAtOnce: Bool { DuplicateGuard.unconfirmed.isOn && header.isUnconfirmed }

    package func step(_ facts: StoreFacts) -> Step {
        let isSameStore =
            header.storeID.isEmpty
            || header.storeID == facts.storeID && header.storePlace.table == storePlace.table
        guard DuplicateGuard.storeID.holds(isSameStore) else { return .startOver(.otherStore) }
        guard DuplicateGuard.unconfirmed.holds(!header.isUnconfirmed) else {
            // Its name is given up next, and with it this sign.
            let isLost = facts.hasAgents && trace.isLost(facts.row)
            return isLost && lost(facts) != .beat ? lost(facts) : .startOver(.unproven)
        }
        let standing = facts.hasAgents ? trace.standing(of: facts.row) : .mine
        if standing == .twin { return facts.row?.isContested == true ? .startOver(.twin) : .contest }
        if header.storeID != facts.storeID || header.storePlace != storePlace { return .adoptStore }
        if facts.hasState, let server = facts.server {
            // Written down together with the store's id: where it is not, it has been lost.
            guard DuplicateGuard.identity.holds(facts.recordedServer == server) else { return .lift(.otherServer) }
        }
        switch standing {
        case .twin, .unregistered: return .beat
        case .wentBackward: return lost(facts)
        case .mine:
            if let row = facts.row, row.beat > trace.beat { return .acceptBeat(row) }
            return .ready
        }
    }

    private func lost(_ facts: StoreFacts) -> Step {
        // More lifts than this daemon knew of when the lost beat was acknowledged: one came after the loss.
        if !DuplicateGuard.ownTraces.isOn || facts.lift > trace.liftSeen { return .beat }
        guard facts.hasState else {
            return .refuse(
                "the store lacks a beat of this daemon that it had acknowledged, so it went backward, and without the table "
                    + "leafd_state nobody can tell who has raised the counters: create leafd_state, then run leafctl bump --all"
            )
        }
        return .lift(.lostBeat)
    }

    /// The header after starting over; it is valid once a commit has made it durable.
    package func headerStartingOver(_ facts: StoreFacts, agentID: String, journalID: String) -> JournalHeader {
        var new = header.startingOver(agentID: agentID, journalID: journalID)
        new.storeID = facts.storeID
        new.storePlace = storePlace
        return new
    }
}
