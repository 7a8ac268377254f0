package import LeafCore

/// This daemon's mark in `leafd_agent`: a lease counts only if the row there has at least this beat, so that a database
/// which lost the row (a failover, a restored backup) is noticed before it leases a range twice.
package struct AgentMark: Hashable, Sendable {
    /// 32 lowercase hexadecimal digits, random, new for each journal that starts afresh.
    package let agentID: String
    /// The last beat that the database acknowledged, from 1.
    package let beat: Int64

    package init(agentID: String, beat: Int64) {
        self.agentID = agentID
        self.beat = beat
    }
}

/// One beat: this daemon's row in `leafd_agent` moves from what it was seen to be to the next beat.
package struct AgentBeat: Hashable, Sendable {
    /// 32 lowercase hexadecimal digits.
    package let agentID: String
    /// The host's name, for operators.
    package let host: String
    /// The row as it must still be; nil: there must be none.
    package let seen: AgentRow?
    /// The row's beat afterwards.
    package let beat: Int64
    /// The row's nonce afterwards: 32 hexadecimal digits.
    package let nonce: String

    package init(agentID: String, host: String, seen: AgentRow?, beat: Int64, nonce: String) {
        self.agentID = agentID
        self.host = host
        self.seen = seen
        self.beat = beat
        self.nonce = nonce
    }
}

package struct BeatReply: Hashable, Sendable {
    /// The row was as expected, and has been moved.
    package let isAcknowledged: Bool
    /// How often the counters have been lifted.
    package let lift: Int64

    package init(isAcknowledged: Bool, lift: Int64) {
        self.isAcknowledged = isAcknowledged
        self.lift = lift
    }
}

/// Lifts every counter to max(counter, own floor) + gap, and the last time of every worker id by the hold: above whatever a
/// database that went backward has forgotten.
package struct CounterLift: Hashable, Sendable {
    /// How often the counters had been lifted when this was decided: whoever is first lifts. nil: an operator wants it.
    package let expected: Int64?
    /// What this daemon has seen that number at: a database that went backward may have lost lifts too. The new number is
    /// above both, so that nobody takes the loss for one that has been lifted.
    package let atLeast: Int64
    /// The server that answers now, written down together with the lift.
    package let server: String?
    /// The highest ends this host was leased.
    package let floors: [Tag: Int64]
    /// In IDs.
    package let gap: Int64
    /// For how long nobody may take a worker id, and by how much the last time of each is raised, in milliseconds: a lost
    /// renewal may have let its holder stamp later than the row says, and holders of lost rows come first. nil: worker ids are
    /// left alone.
    package let workerHold: Int64?
    /// How far ahead of the database's clock a renewal may have reached at most, in milliseconds: after an outage one may have
    /// moved by more than the hold. The last time of each worker id is raised to that at least.
    package let workerHorizon: Int64
    /// The loss is not one that a failover takes with it, but may be a backup's, of any age: nobody takes a worker id as long as
    /// a lost lease may last.
    package let isLossOfAnyAge: Bool

    package init(
        expected: Int64?, atLeast: Int64 = 0, server: String?, floors: [Tag: Int64], gap: Int64,
        workerHold: Int64? = nil,
        workerHorizon: Int64 = 0, isLossOfAnyAge: Bool = false
    ) {
        precondition(gap >= 0 && workerHold ?? 0 >= 0 && workerHorizon >= 0)
        self.expected = expected
        self.atLeast = atLeast
        self.server = server
        self.floors = floors
        self.gap = gap
        self.workerHold = workerHold
        self.workerHorizon = workerHorizon
        self.isLossOfAnyAge = isLossOfAnyAge
    }
}
