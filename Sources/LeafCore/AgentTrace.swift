/// This daemon's row in the central store's table `leafd_agent`.
package struct AgentRow: Hashable, Sendable {
    package let beat: Int64
    /// Random, of the beat that wrote the row.
    package let nonce: String
    /// A second daemon goes by this id: neither may go on under it.
    package let isContested: Bool

    package init(beat: Int64, nonce: String, isContested: Bool) {
        self.beat = beat
        self.nonce = nonce
        self.isContested = isContested
    }
}

/// How a daemon stands with the central store: the name it goes by there, and its last signs of life.
///
/// A beat moves the row from the last acknowledged beat to the next, under a random nonce. What the row says later tells
/// two things that nothing on this host can tell: that the database went backward (it lacks a beat that it once
/// acknowledged), and that a second daemon runs on a copy of this one's memory or journal (it has a beat that this one
/// did not send).
package struct AgentTrace: Hashable, Sendable {
    /// 32 hexadecimal digits; a new one whenever stock is given up as a whole.
    package var agentID: String
    /// The last beat that the store acknowledged; 0: none yet.
    package var beat: Int64
    /// Its nonce; empty: none yet.
    package var nonce: String
    /// The nonces of beats sent since, of which no answer came: each may have arrived.
    package var unanswered: [String]
    /// How often counters had been lifted in the store when it last acknowledged a beat.
    package var liftSeen: Int64

    package init(
        agentID: String, beat: Int64 = 0, nonce: String = "", unanswered: [String] = [], liftSeen: Int64 = 0
    ) {
        self.agentID = agentID
        self.beat = beat
        self.nonce = nonce
        self.unanswered = unanswered
        self.liftSeen = liftSeen
    }

    /// The most nonces remembered: when so many beats have gone unanswered, the last one is sent again.
    package static let unansweredMax = 16

    /// What a row says.
    package enum Standing: Hashable, Sendable {
        /// No beat has been acknowledged yet, and there is no row: the first beat is due.
        case unregistered
        /// The row is as this daemon left it.
        case mine
        /// The row is gone or older: the database has lost commits.
        case wentBackward
        /// Somebody else has written the row, or says so.
        case twin
    }

    package func standing(of row: AgentRow?) -> Standing {
        if let row, DuplicateGuard.contested.isOn && row.isContested { return .twin }
        if isLost(row) { return .wentBackward }
        guard let row else { return .unregistered }
        let isMine = row.beat == beat && row.nonce == nonce || row.beat == beat + 1 && unanswered.contains(row.nonce)
        return DuplicateGuard.beat.holds(isMine) ? .mine : .twin
    }

    /// Whether a row shows that the database has lost commits: it lacks a beat that it had acknowledged.
    package func isLost(_ row: AgentRow?) -> Bool { row?.beat ?? 0 < beat }

    /// Notes a nonce before the beat that carries it goes out; returns the one to send.
    package mutating func send(_ nonce: String) -> String {
        guard unanswered.count < AgentTrace.unansweredMax else { return unanswered[unanswered.count - 1] }
        unanswered.append(nonce)
        return nonce
    }

    /// The store acknowledged the beat after `beat`, or its row shows that it had arrived.
    package mutating func acknowledged(_ row: AgentRow, lift: Int64) {
        beat = row.beat
        nonce = row.nonce
        unanswered = []
        liftSeen = lift
    }
}
