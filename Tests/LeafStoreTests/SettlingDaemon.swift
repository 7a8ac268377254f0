import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

/// As much of a daemon as a store sees: it settles each session as `Settlement` says, beats and leases.
struct SettlingDaemon {
    static let gap: Int64 = 1000

    private(set) var store: SQLiteStore
    private(set) var header: JournalHeader
    private(set) var trace: AgentTrace
    private(set) var session: SQLiteSession?
    private(set) var floors: [LeafCore.Tag: Int64] = [:]
    private var nonces = 0

    init(_ store: SQLiteStore, agentID: String) {
        self.store = store
        trace = AgentTrace(agentID: agentID)
        header = JournalHeader(
            journalID: "j", agentID: agentID, agentBeat: 0, storeID: "", storePlace: StorePlace(url: "u", table: "t"),
            host: HostIdentity(machineID: "m", bootID: "b", fileSystemID: 1, device: 1, inode: 1), isClean: false,
            epoch: 1, isUnconfirmed: false)
    }

    var mark: AgentMark { AgentMark(agentID: trace.agentID, beat: trace.beat) }

    /// Stops, and is another process afterwards, which knows what the journal and the witness hold.
    mutating func restart(_ store: SQLiteStore) {
        session?.close()
        session = nil
        self.store = store
    }

    /// Opens a session and does what the machine asks for until leases may begin.
    ///
    /// - Returns: the steps that were taken.
    mutating func settle() throws -> [Settlement.Step] {
        session?.close()
        let session = try store.open(knownStore: StoreID(header.storeID))
        self.session = session
        var steps: [Settlement.Step] = []
        while steps.count < 20 {
            let facts = try session.facts(agentID: trace.agentID)
            let place = StorePlace(url: "u", table: "t")
            let step = Settlement(header: header, trace: trace, storePlace: place).step(facts)
            if step == .ready { return steps }
            steps.append(step)
            switch step {
            case .adoptStore: header.storeID = facts.storeID
            case .lift:
                _ = try session.lift(
                    CounterLift(expected: facts.lift, server: facts.server, floors: floors, gap: Self.gap))
            case .beat: try beat(over: facts.row)
            case .contest: try session.contest(agentID: trace.agentID)
            case .acceptBeat(let row): trace.acknowledged(row, lift: facts.lift)
            case .startOver, .refuse, .ready: return steps
            }
        }
        Issue.record("it never settles: \(steps)")
        return steps
    }

    /// Beats, from its own last beat on if no other row is given.
    mutating func beat() throws {
        try beat(over: AgentRow(beat: trace.beat, nonce: trace.nonce, isContested: false))
    }

    private mutating func beat(over seen: AgentRow?) throws {
        nonces += 1
        let nonce = trace.send("\(trace.agentID)-\(nonces)")
        let beat = trace.beat + 1
        let reply = try #require(session).beat(
            AgentBeat(agentID: trace.agentID, host: "h", seen: seen, beat: beat, nonce: nonce))
        try #require(reply.isAcknowledged)
        trace.acknowledged(AgentRow(beat: beat, nonce: nonce, isContested: false), lift: reply.lift)
    }

    mutating func lease(_ tag: String, _ count: Int64 = 100) throws -> Segment {
        let tag = try Tag(tag)
        let floor = floors[tag] ?? 0
        let result = try #require(session).lease(tag.name, count, floor: floor, gap: Self.gap, agent: mark)
        guard case .leased(let lease) = result else { throw StoreError(.conflict, "\(result)") }
        floors[tag] = lease.segment.end
        return lease.segment
    }
}
