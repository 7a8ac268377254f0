import GRDB
package import LeafCore
package import LeafStore

extension SQLiteSession {
    package func facts(agentID: String) throws(StoreError) -> StoreFacts {
        let facts = try connection.read("reading the facts of the store") { db in
            try verifyStore(db)
            let state = state(in: db)
            // A database without its last commits is not the server that was last known good.
            let recordedServer = connection.hasLostLog ? nil : try state?.server()
            return StoreFacts(
                storeID: storeID.text, row: hasAgents ? try Agents(db: db, path: path).row(agentID) : nil,
                hasAgents: hasAgents, hasState: hasState, server: server, recordedServer: recordedServer,
                lift: try state?.lift() ?? 0)
        }
        hasReadFacts = true
        return facts
    }

    package func beat(_ beat: AgentBeat) throws(StoreError) -> BeatReply {
        try write("a beat") { db in
            BeatReply(
                isAcknowledged: hasAgents ? try Agents(db: db, path: path).move(beat) : true,
                lift: try state(in: db)?.lift() ?? 0)
        }
    }

    package func contest(agentID: String) throws(StoreError) {
        guard hasAgents else { return }
        try writeUnsettled("marking the row of a twin") { db in
            try Agents(db: db, path: path).contest(agentID)
        }
    }

    package func lift(_ lift: CounterLift) throws(StoreError) -> Bool {
        if let own = server, let other = lift.server, own != other {
            throw StoreError(
                .wentBackward,
                "central store \(path): a lift was decided on \(other), but this file is \(own); the session is settled anew",
                isSessionLost: true)
        }
        guard hasState || lift.expected == nil else {
            throw StoreError(
                .misconfigured,
                "central store \(path): the counters cannot be lifted by themselves: the table leafd_state is missing, which "
                    + "tells who lifts; create it, then run leafctl bump --all")
        }
        let isFirst = try writeUnsettled("lifting the counters") { db in
            let state = state(in: db)
            if let state, try !state.countLift(expected: lift.expected, atLeast: lift.atLeast) { return false }
            try CounterRaise(lift, table: table).run(in: db, path: path)
            // By twice the gap: with the last commits a CREATE may have been lost, which starts one gap above the tombstone,
            // and leases after it.
            try state?.raiseTombstones { tag, counter in
                let once = CounterRaise.raised(counter, floor: lift.floors[tag], by: lift.gap)
                return CounterRaise.raised(once, floor: nil, by: lift.gap)
            }
            if let hold = lift.workerHold, let workers = workers(in: db) {
                try workers.lift(
                    by: hold, horizon: lift.workerHorizon, isLossOfAnyAge: lift.isLossOfAnyAge,
                    hasTable: workers.exists())
            }
            if let server { try state?.replaceServer(server) }
            return true
        }
        // Where another daemon was first, it has lifted since this one read its facts, so after the loss too.
        connection.answerLostLog()
        return isFirst
    }
}
