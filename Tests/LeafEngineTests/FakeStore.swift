import LeafCore
import LeafStore
import LeafThreads

/// A central store in memory, shared by all its sessions, that fails when it is told to, and holds answers back.
final class FakeStore: SegmentStore {
    struct State: Sendable {
        var id = StoreID.random()
        var counters: [Tag: Int64] = [:]
        var steps: [Tag: Int64] = [:]
        var agents: [String: AgentRow] = [:]
        var server: String? = "one"
        var recordedServer: String? = "one"
        var lifts: Int64 = 0
        /// Lifting loses the connection.
        var refusesLift = false
        var workers = FakeWorkers.State()
        var forgotten: [Tag] = []
        var isDown = false
        /// The next lease moves the counter, and its reply is lost.
        var losesNextReply = false
        /// The next beat moves the row, and its reply is lost.
        var losesNextBeat = false
        /// So many leases fail as in a deadlock, before any goes through.
        var deadlocks = 0
        /// Creating a tag loses the connection.
        var refusesCreation = false
        /// More sessions than so many are refused.
        var sessionsLimit: Int?
        /// What some sessions, by their numbers from 1, take for the server.
        var serverSeen: [Int: String] = [:]
        var missingGuards: [String] = []
        var leases = 0
        var leasesOfSession: [Int: Int] = [:]
        var connects = 0
        var openSessions = 0
        var mostOpenSessions = 0

        func isPresent(_ agent: AgentMark?) -> Bool {
            guard let agent, let row = agents[agent.agentID] else { return false }
            return row.beat >= agent.beat
        }
    }

    /// What is answered later than it is done.
    struct Gate {
        /// Leases that one of these tags is among.
        var leasesOf: Set<Tag> = []
        /// Leases of one session, by its number.
        var leasesOfSession: Int?
        var tagList = false
        /// What is held back now, by session.
        var held: Set<Int> = []
        var isInterrupted = false
    }

    let kind = "fake"
    let redactedURL: String
    let maxSessions: Int
    let state = Lock(State())
    let gate = Mailbox(Gate())

    init(url: String = "fake://store", maxSessions: Int = 1) {
        redactedURL = url
        self.maxSessions = maxSessions
    }

    func hold(_ change: (inout Gate) -> Void) {
        gate.post { gate in
            // Another engine than the one that was stopped.
            gate.isInterrupted = false
            change(&gate)
            return true
        }
    }

    /// How many answers are held back.
    var held: Int { gate.with { $0.held.count } }

    func interrupt() { hold { $0.isInterrupted = true } }

    func add(_ name: String, step: Int64 = 1000, maxID: Int64 = 1) throws {
        let tag = try Tag(name)
        state.with {
            $0.counters[tag] = maxID
            $0.steps[tag] = step
        }
    }

    func set(down: Bool) { state.with { $0.isDown = down } }

    func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession {
        let (isDown, isFull, id, number) = state.with { state in
            state.connects += 1
            return (
                state.isDown, state.sessionsLimit.map { state.openSessions >= $0 } ?? false, state.id, state.connects
            )
        }
        if isDown { throw StoreError(.unavailable, "the fake store is down") }
        if isFull { throw StoreError(.unavailable, "the fake store has too many sessions") }
        if let knownStore, knownStore != id { throw StoreError(.foreignStore, "another fake store answers") }
        return FakeSession(self, id, number)
    }
}

private final class FakeSession: StoreSession {
    let storeID: StoreID
    let missingGuards: [String]
    let skippedTags: [String] = []
    private let store: FakeStore
    private let number: Int
    private var server: String?

    init(_ store: FakeStore, _ id: StoreID, _ number: Int) {
        self.store = store
        self.number = number
        storeID = id
        missingGuards = store.state.with { state in
            state.openSessions += 1
            state.mostOpenSessions = max(state.mostOpenSessions, state.openSessions)
            return state.missingGuards
        }
    }

    private func call<R: Sendable>(_ body: (inout FakeStore.State) -> R) throws(StoreError) -> R {
        let result: R? = store.state.with { $0.isDown ? nil : body(&$0) }
        guard let result else { throw StoreError(.unavailable, "the fake store is down", isSessionLost: true) }
        return result
    }

    /// Keeps the answer back as long as the gate says so.
    private func wait(while isHeld: (FakeStore.Gate) -> Bool) throws(StoreError) {
        let number = number
        let isInterrupted = store.gate.wait { gate, _ in
            let isHeld = isHeld(gate)
            guard isHeld, !gate.isInterrupted else {
                gate.held.remove(number)
                return .done(isHeld)
            }
            gate.held.insert(number)
            return .wait(until: nil)
        }
        if isInterrupted { throw StoreError(.unavailable, "the fake store is interrupted", isSessionLost: true) }
    }

    private static let wentBackward = StoreError(.wentBackward, "the fake store went backward", isSessionLost: true)

    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        let (server, number) = (server, number)
        let isDeadlock = try call { state in
            defer { state.deadlocks = max(0, state.deadlocks - 1) }
            return state.deadlocks > 0
        }
        if isDeadlock { throw StoreError(.transient, "the fake store is in a deadlock") }
        let (results, isLost): ([LeaseResult]?, Bool) = try call { state in
            guard state.recordedServer == server, requests.allSatisfy({ state.isPresent($0.agent) }) else {
                return (nil, false)
            }
            let results = requests.map { request -> LeaseResult in
                guard let counter = state.counters[request.tag] else { return .noSuchTag }
                let start = counter < request.floor ? request.jump : counter
                state.counters[request.tag] = start + request.count
                state.leases += 1
                state.leasesOfSession[number, default: 0] += 1
                return .leased(
                    Lease(
                        segment: Segment(start: start, end: start + request.count),
                        tableStep: state.steps[request.tag] ?? 1000,
                        lifted: counter < request.floor))
            }
            defer { state.losesNextReply = false }
            return (results, state.losesNextReply)
        }
        guard let results else { throw FakeSession.wentBackward }
        if isLost { throw StoreError(.unavailable, "the reply was lost", isSessionLost: true) }
        let tags = Set(requests.map(\.tag))
        try wait { $0.leasesOfSession == number || !$0.leasesOf.isDisjoint(with: tags) }
        return results
    }

    func facts(agentID: String) throws(StoreError) -> StoreFacts {
        let (id, number) = (storeID.text, number)
        let facts = try call { state in
            StoreFacts(
                storeID: id, row: state.agents[agentID], hasAgents: true, hasState: true,
                server: state.serverSeen[number] ?? state.server,
                recordedServer: state.recordedServer, lift: state.lifts)
        }
        server = facts.server
        return facts
    }

    func beat(_ beat: AgentBeat) throws(StoreError) -> BeatReply {
        let (reply, isLost) = try call { state in
            let found = state.agents[beat.agentID]
            guard found == beat.seen else { return (BeatReply(isAcknowledged: false, lift: state.lifts), false) }
            state.agents[beat.agentID] = AgentRow(beat: beat.beat, nonce: beat.nonce, isContested: false)
            defer { state.losesNextBeat = false }
            return (BeatReply(isAcknowledged: true, lift: state.lifts), state.losesNextBeat)
        }
        if isLost { throw StoreError(.unavailable, "the reply was lost", isSessionLost: true) }
        return reply
    }

    func contest(agentID: String) throws(StoreError) {
        try call { state in
            guard let row = state.agents[agentID] else { return }
            state.agents[agentID] = AgentRow(beat: row.beat, nonce: row.nonce, isContested: true)
        }
    }

    func lift(_ lift: CounterLift) throws(StoreError) -> Bool {
        if store.state.with({ $0.refusesLift }) {
            throw StoreError(.unavailable, "the connection was lost", isSessionLost: true)
        }
        return try call { state in
            guard lift.expected == nil || lift.expected == state.lifts else { return false }
            state.lifts += 1
            if let server = lift.server { state.recordedServer = server }
            for (tag, counter) in state.counters {
                state.counters[tag] = max(counter, lift.floors[tag] ?? 0) + lift.gap
            }
            guard let hold = lift.workerHold else { return true }
            let workers = FakeWorkers(state.workers, server: lift.server)
            try? workers.lift(
                by: hold, horizon: lift.workerHorizon, isLossOfAnyAge: lift.isLossOfAnyAge, hasTable: true)
            state.workers = workers.state
            return true
        }
    }

    // MARK: Worker ids

    /// All or nothing, as a transaction.
    private func aboutWorkers<R: Sendable>(
        _ absence: (String) -> R, _ body: (FakeWorkers) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        let server = server
        let result: Result<R, StoreError> = try call { state in
            if let failure = state.workers.failure { return .failure(failure) }
            if let text = state.workers.absence { return .success(absence(text)) }
            let workers = FakeWorkers(state.workers, server: server)
            do throws(StoreError) {
                let result = try body(workers)
                state.workers = workers.state
                return .success(result)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func claim(_ claim: WorkerClaim) throws(StoreError) -> WorkerClaimResult {
        try aboutWorkers({ .unsupported($0) }) { workers throws(StoreError) in try workers.claim(claim) }
    }

    func renew(_ renewals: [WorkerRenewal]) throws(StoreError) -> [WorkerRenewalResult] {
        try aboutWorkers({ text in renewals.map { _ in .unsupported(text) } }) { workers throws(StoreError) in
            try workers.renew(renewals)
        }
    }

    func bump(_ tag: Tag, to counter: Int64) throws(StoreError) -> Int64 {
        let now = try call { state -> Int64? in
            guard let found = state.counters[tag] else { return nil }
            state.counters[tag] = max(found, counter)
            return max(found, counter)
        }
        guard let now else { throw StoreError(.noSuchTag, "there is no tag \(tag)") }
        return now
    }

    func forget(_ tag: Tag) throws(StoreError) {
        try call { $0.forgotten.append(tag) }
    }

    func listTags() throws(StoreError) -> [TagDescription] {
        let rows = try call { state in
            state.counters.map {
                TagDescription(tag: $0, maxID: $1, step: state.steps[$0] ?? 1000, description: nil, limit: nil)
            }
        }
        try wait { $0.tagList }
        return rows
    }

    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool {
        if store.state.with({ $0.refusesCreation }) {
            throw StoreError(.unavailable, "the connection was lost", isSessionLost: true)
        }
        let isNew = try call { state in
            guard state.counters[tag.tag] == nil else { return false }
            state.counters[tag.tag] = tag.start ?? 1
            state.steps[tag.tag] = tag.step
            return true
        }
        if !isNew && !ifAbsent { throw StoreError(.tagExists, "the tag \(tag.tag) exists") }
        return isNew
    }

    func alter(_ tag: Tag, step: Int64) throws(StoreError) {
        try call { $0.steps[tag] = step }
    }

    func drop(_ tag: Tag) throws(StoreError) {
        try call { _ = $0.counters.removeValue(forKey: tag) }
    }

    func ping() throws(StoreError) {
        try call { _ in }
    }

    func close() {
        store.state.with { $0.openSessions -= 1 }
    }
}
