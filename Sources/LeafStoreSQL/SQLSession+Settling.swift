package import LeafCore
package import LeafStore

extension SQLSession {
    package func facts(agentID: String) throws(StoreError) -> StoreFacts {
        let standing = try standing(of: agentID)
        server = standing.server
        return StoreFacts(
            storeID: storeID.text, row: standing.row, hasAgents: shape.hasAgents, hasState: shape.hasState,
            server: standing.server, recordedServer: standing.recordedServer, lift: standing.lift)
    }

    package func beat(_ beat: AgentBeat) throws(StoreError) -> BeatReply {
        guard shape.hasAgents else {
            try requireSettled(nil)
            return BeatReply(isAcknowledged: true, lift: try standing(of: nil).lift)
        }
        // In one transaction: a number of lifts from before the beat would take a lift for one that has come since.
        let replies: [SQLReply]
        do throws(StoreError) {
            replies = try connection.runTogether([
                stateSQL.beat(beat, storeID: storeID, server: server), stateSQL.readLift,
            ])
        } catch {
            // Another daemon has inserted a row under this name in the same moment.
            guard error.code == .tagExists, !error.isSessionLost else { throw error }
            return BeatReply(isAcknowledged: false, lift: try standing(of: nil).lift)
        }
        guard replies[0].affectedRows == 1 else {
            guard replies[0].affectedRows == 0 else {
                throw StoreError(
                    .misconfigured,
                    "\(place): \(replies[0].affectedRows) rows of leafd_agent have agent_id \(beat.agentID); make it the primary key",
                    isSessionLost: true)
            }
            try requireSettled(nil)
            return BeatReply(isAcknowledged: false, lift: try standing(of: nil).lift)
        }
        guard replies[0].isAcknowledged, let value = replies[1].rows.first?.first else {
            throw StoreError(.unavailable, "\(place): the commit of a beat was not acknowledged", isSessionLost: true)
        }
        return BeatReply(isAcknowledged: true, lift: try integer(value, shape.names.lift) ?? 0)
    }

    package func contest(agentID: String) throws(StoreError) {
        guard shape.hasAgents else { return }
        _ = try standing(of: nil)
        _ = try connection.run(stateSQL.contest(agentID))
    }

    package func lift(_ lift: CounterLift) throws(StoreError) -> Bool {
        guard shape.hasState || lift.expected == nil else {
            throw StoreError(
                .misconfigured,
                "\(place): the counters cannot be lifted by themselves: the table leafd_state is missing, which tells who lifts; "
                    + "create it, then run leafctl bump --all")
        }
        let workerHold = shape.hasState ? lift.workerHold : nil
        let hasWorkers = workerHold != nil ? try hasWorkers() : false
        return try transaction(settled: false, isAboutWorkers: workerHold != nil) { () throws(StoreError) in
            let standing = try standing(of: nil)
            if let other = lift.server, standing.server != other {
                throw StoreError(
                    .wentBackward,
                    "\(place): a lift was decided on \(other), but this is \(standing.server ?? "unknown"); the session is "
                        + "settled anew", isSessionLost: true)
            }
            if let expected = lift.expected, standing.lift != expected { return false }
            if shape.hasState { try put(shape.names.lift, String(max(standing.lift, lift.atLeast) + 1)) }
            try CounterRaise(lift, self).run()
            if let workerHold {
                try SQLWorkers(session: self).lift(
                    by: workerHold, horizon: lift.workerHorizon, isLossOfAnyAge: lift.isLossOfAnyAge,
                    hasTable: hasWorkers)
            }
            if shape.hasState, let server = standing.server { try put(shape.names.server, server) }
            return true
        }
    }
}
