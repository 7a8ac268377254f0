/// One central store: counters, tombstones, the agents' rows, and the server that holds them.
struct SimulatedStore {
    /// What is in the database: what a failover or a restored backup can take back.
    struct State {
        var counters: [Int64?]
        var tombstones: [Int64?]
        var agents: [String: AgentRow] = [:]
        var recordedServer: String
        var lift: Int64 = 0
        var workers = SimulatedWorkerTable()
    }

    enum Failure: Error {
        /// Not reached, or the session is lost.
        case unavailable
        /// A deadlock: rolled back, nothing else is wrong.
        case transient
        case foreignStore
        case wentBackward
        case noTag
    }

    let id: String
    let gap: Int64
    private(set) var state: State
    private(set) var history: [State] = []
    /// When each of them was left.
    private var changedAt: [MonotonicTime] = []
    private(set) var backup: State?
    /// How many names had been given when it was made.
    private(set) var backupStamp = 0
    private(set) var server: String
    /// Sessions of an earlier generation are lost.
    private(set) var generation = 0
    /// The highest end ever leased of each tag.
    private(set) var leasedEnds: [Int64]
    var isDown = false
    var now = MonotonicTime(nanoseconds: 0)
    /// The database's clock less the true time, in milliseconds.
    var clockOffset: Int64 = 0
    private var backupAt = MonotonicTime(nanoseconds: 0)
    /// After a backup was put back: until one who can tell has had its say, nobody else gets in.
    private(set) var isAwaitingWitness = false

    private static let historyMax = 12

    init(id: String, counters: [Int64?], server: String, gap: Int64) {
        self.id = id
        self.gap = gap
        self.server = server
        state = State(
            counters: counters, tombstones: Array(repeating: nil, count: counters.count), recordedServer: server)
        leasedEnds = Array(repeating: 0, count: counters.count)
    }

    // MARK: What sessions ask

    func facts(_ agentID: String, hasIdentity: Bool) -> StoreFacts {
        StoreFacts(
            storeID: id, row: state.agents[agentID], hasAgents: true, hasState: true,
            server: hasIdentity ? server : nil, recordedServer: state.recordedServer, lift: state.lift)
    }

    /// Compare-and-set of an agent's row.
    mutating func beat(_ agentID: String, seen: AgentRow?, next: AgentRow) -> (isAcknowledged: Bool, lift: Int64) {
        let row = state.agents[agentID]
        var isAsSeen = row == seen
        if let row, row.isContested {
            isAsSeen = !DuplicateGuard.contested.isOn && row.beat == seen?.beat && row.nonce == seen?.nonce
        }
        guard DuplicateGuard.beat.holds(isAsSeen) else { return (false, state.lift) }
        remember()
        state.agents[agentID] = AgentRow(beat: next.beat, nonce: next.nonce, isContested: row?.isContested ?? false)
        isAwaitingWitness = false
        return (true, state.lift)
    }

    mutating func contest(_ agentID: String) {
        guard let row = state.agents[agentID] else { return }
        remember()
        state.agents[agentID] = AgentRow(beat: row.beat, nonce: row.nonce, isContested: true)
    }

    /// - Parameter expected: nil: an operator wants it.
    mutating func lift(expected: Int64?, floors: [Int64], gap: Int64, hasIdentity: Bool) -> Bool {
        if let expected, expected != state.lift { return false }
        remember()
        for tag in state.counters.indices {
            if let counter = state.counters[tag] { state.counters[tag] = max(counter, floors[tag]) + gap }
            // A CREATE that was lost as well may have gone up by one gap of its own.
            if let tombstone = state.tombstones[tag] { state.tombstones[tag] = max(tombstone, floors[tag]) + 2 * gap }
        }
        state.lift += 1
        if hasIdentity { state.recordedServer = server }
        isAwaitingWitness = false
        return true
    }

    /// What every write checks in its own transaction.
    func check(server known: String?, agent: (id: String, beat: Int64)?) throws(Failure) {
        if let known, !DuplicateGuard.identity.holds(state.recordedServer == known) { throw .wentBackward }
        if let agent {
            let isThere = state.agents[agent.id].map { $0.beat >= agent.beat } ?? false
            guard DuplicateGuard.ownTraces.holds(isThere) else { throw .wentBackward }
        }
    }

    /// Moves one counter.
    mutating func lease(_ tag: Int, count: Int64, floor: Int64, jump: Int64) throws(Failure) -> Int64 {
        guard let counter = state.counters[tag] else { throw .noTag }
        let start = counter < floor ? jump : counter
        state.counters[tag] = start + count
        return start + count
    }

    mutating func noteLease(_ tag: Int, end: Int64) { leasedEnds[tag] = max(leasedEnds[tag], end) }

    mutating func drop(_ tag: Int) -> Bool {
        guard let counter = state.counters[tag] else { return false }
        remember()
        state.tombstones[tag] = max(counter, state.tombstones[tag] ?? 0)
        state.counters[tag] = nil
        return true
    }

    mutating func create(_ tag: Int, start: Int64?, isByItself: Bool) -> Bool {
        guard state.counters[tag] == nil else { return false }
        let gap = DuplicateGuard.gap.isOn ? gap : 0
        guard
            case .at(let first) = FirstID.decide(
                start: start, tombstone: state.tombstones[tag], lifts: state.lift, gap: gap, isByItself: isByItself)
        else { return false }
        remember()
        state.counters[tag] = first
        return true
    }

    mutating func bump(_ tag: Int, to counter: Int64) {
        guard let now = state.counters[tag] else { return }
        remember()
        state.counters[tag] = max(now, counter)
    }

    // MARK: What becomes of it

    /// Keeps the state as it is, before it changes.
    mutating func remember() {
        if history.count == SimulatedStore.historyMax {
            history.removeFirst()
            changedAt.removeFirst()
        }
        history.append(state)
        changedAt.append(now)
    }

    mutating func rollBack(to before: State) { state = before }

    mutating func makeBackup(stamp: Int) {
        guard !isAwaitingWitness else { return }
        backup = state
        backupStamp = stamp
        backupAt = now
    }

    /// Another server takes over, which lacks the last transactions.
    mutating func failOver(losing count: Int, to server: String) {
        if count > 0 {
            state = history[history.count - count]
            history.removeLast(count)
            changedAt.removeLast(count)
        }
        self.server = server
        generation += 1
        backup = nil
    }

    mutating func restoreBackup() {
        guard let backup else { return }
        state = backup
        history = []
        changedAt = []
        generation += 1
        isAwaitingWitness = true
        self.backup = nil
    }

    mutating func endWaiting() { isAwaitingWitness = false }

    mutating func loseSessions() { generation += 1 }

    // MARK: Worker ids

    /// In milliseconds since 1970.
    var clock: Int64 { SimulatedClock.trueTime(now) / 1000 + clockOffset }

    mutating func claimWorker(_ claim: SimulatedWorkerTable.Claim, now: Int64) -> SimulatedWorkerTable.ClaimReply {
        state.workers.claim(claim, now: now)
    }

    mutating func renewWorker(_ renewal: SimulatedWorkerTable.Renewal, now: Int64) -> SimulatedWorkerTable.RenewalReply
    {
        state.workers.renew(renewal, now: now)
    }

    mutating func releaseWorker(_ worker: Int) {
        remember()
        state.workers.release(worker)
    }

    mutating func liftWorkers(hold: Int64, horizon: Int64) {
        state.workers.lift(now: clock, hold: hold, horizon: horizon)
    }

    /// How long ago the oldest of the last transactions was made.
    func age(losing count: Int) -> Duration {
        count == 0 ? .zero : now.since(changedAt[changedAt.count - count])
    }

    var ageOfBackup: Duration { now.since(backupAt) }

    /// Whether no more is lost by going back to `before` than failover-gap allows for: at most that many IDs of each tag
    /// have been leased above it.
    func isWithinGap(_ before: State) -> Bool {
        state.counters.indices.allSatisfy { tag in
            // A tag that is gone with its tombstone starts above what each lift may have lost.
            let base = before.counters[tag] ?? before.tombstones[tag].map { $0 + gap } ?? 1 + before.lift * gap
            return leasedEnds[tag] - base <= gap
        }
    }
}
