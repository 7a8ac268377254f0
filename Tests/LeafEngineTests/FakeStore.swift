import LeafCore
import LeafStore
import LeafThreads

/// A central store in memory, shared by all its sessions, that fails when it is told to.
final class FakeStore: SegmentStore {
    struct State: Sendable {
        var id = StoreID.random()
        var counters: [Tag: Int64] = [:]
        var steps: [Tag: Int64] = [:]
        var agents: [String: AgentRow] = [:]
        var server: String? = "one"
        var recordedServer: String? = "one"
        var lifts: Int64 = 0
        var forgotten: [Tag] = []
        var isDown = false
        /// The next lease moves the counter, and its reply is lost.
        var losesNextReply = false
        /// The next beat moves the row, and its reply is lost.
        var losesNextBeat = false
        var leases = 0
        var connects = 0

        func isPresent(_ agent: AgentMark?) -> Bool {
            guard let agent, let row = agents[agent.agentID] else { return false }
            return row.beat >= agent.beat
        }
    }

    let kind = "fake"
    let redactedURL: String
    let maxSessions = 1
    let state = Lock(State())

    init(url: String = "fake://store") {
        redactedURL = url
    }

    func add(_ name: String, step: Int64 = 1000, maxID: Int64 = 1) throws {
        let tag = try Tag(name)
        state.with {
            $0.counters[tag] = maxID
            $0.steps[tag] = step
        }
    }

    func set(down: Bool) { state.with { $0.isDown = down } }

    func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession {
        let (isDown, id) = state.with {
            $0.connects += 1
            return ($0.isDown, $0.id)
        }
        if isDown { throw StoreError(.unavailable, "the fake store is down") }
        if let knownStore, knownStore != id { throw StoreError(.foreignStore, "another fake store answers") }
        return FakeSession(self, id)
    }
}

private final class FakeSession: StoreSession {
    let storeID: StoreID
    let missingGuards: [String] = []
    let skippedTags: [String] = []
    private let store: FakeStore
    private var server: String?

    init(_ store: FakeStore, _ id: StoreID) {
        self.store = store
        storeID = id
    }

    private func call<R: Sendable>(_ body: (inout FakeStore.State) -> R) throws(StoreError) -> R {
        let result: R? = store.state.with { $0.isDown ? nil : body(&$0) }
        guard let result else { throw StoreError(.unavailable, "the fake store is down", isSessionLost: true) }
        return result
    }

    private static let wentBackward = StoreError(.wentBackward, "the fake store went backward", isSessionLost: true)

    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        let server = server
        let (results, isLost): ([LeaseResult]?, Bool) = try call { state in
            guard state.recordedServer == server, requests.allSatisfy({ state.isPresent($0.agent) }) else {
                return (nil, false)
            }
            let results = requests.map { request -> LeaseResult in
                guard let counter = state.counters[request.tag] else { return .noSuchTag }
                let start = counter < request.floor ? request.jump : counter
                state.counters[request.tag] = start + request.count
                state.leases += 1
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
        return results
    }

    func facts(agentID: String) throws(StoreError) -> StoreFacts {
        let id = storeID.text
        let facts = try call { state in
            StoreFacts(
                storeID: id, row: state.agents[agentID], hasAgents: true, hasState: true, server: state.server,
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
        try call { state in
            guard lift.expected == nil || lift.expected == state.lifts else { return false }
            state.lifts += 1
            if let server = lift.server { state.recordedServer = server }
            for (tag, counter) in state.counters {
                state.counters[tag] = max(counter, lift.floors[tag] ?? 0) + lift.gap
            }
            return true
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
        try call { state in
            state.counters.map {
                TagDescription(tag: $0, maxID: $1, step: state.steps[$0] ?? 1000, description: nil, limit: nil)
            }
        }
    }

    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool {
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

    func close() {}
}
