internal import LeafCore
internal import LeafThreads

/// Releasing what was kept back, and the ways in which a worker id ends.
extension SnowflakeDesk {
    /// They may be stamped with: the store has confirmed them, or does not answer.
    func release() {
        for entry in workers { entry.handle { worker, _, effects in worker.release(effects: &effects) } }
    }

    /// The daemon stops: whoever waits for a worker id hears that.
    ///
    /// - Returns: the answers, for the router.
    func turnAway() -> [ParkedAnswer] {
        state.with { state in
            defer { (state.waiters, state.underWay) = ([], []) }
            return (state.underWay + state.waiters).map { ParkedAnswer(token: $0, outcome: .refused(.shutdown)) }
        }
    }

    /// Stops stamping for good.
    ///
    /// - Returns: those whose exact place is to be written.
    func seal() -> [SnowflakeEntry] {
        workers.filter { $0.handle { worker, _, effects in worker.seal(effects: &effects) } }
    }

    /// Gives up what belongs to another of the journal's stocks.
    func giveUp(otherThan epoch: UInt64, agentID: String) {
        guard workers.contains(where: { $0.snapshot().epoch != epoch }) else { return }
        giveUp(agentID: agentID, isNewest: false)
    }

    /// Gives all worker ids up: they are never stamped with again.
    ///
    /// - Parameters:
    ///   - agentID: the name under which they were held.
    ///   - isNewest: whether it is certain that where they stood is known: see `SnowflakeRoster.giveUp`.
    func giveUp(agentID: String, isNewest: Bool) {
        let entries = state.with { state in
            defer { state.entries = [] }
            return state.entries
        }
        var marks: [Int: Int64] = [:]
        for entry in entries {
            marks[entry.worker] = entry.handle { worker, _, effects in
                worker.giveUp(effects: &effects)
                return worker.limit
            }
        }
        state.with { [marks] state in
            state.roster.giveUp(agentID: agentID, marks: marks, isNewest: isNewest)
            for entry in entries { state.past.add(entry.counters) }
        }
    }
}
