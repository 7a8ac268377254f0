import LeafCore
import LeafStore
import LeafThreads

/// A central store in memory, shared by all its sessions, that fails when it is told to.
final class FakeStore: SegmentStore {
    struct State: Sendable {
        var id = StoreID.random()
        var counters: [Tag: Int64] = [:]
        var steps: [Tag: Int64] = [:]
        var agents: [String: Int64] = [:]
        var isDown = false
        /// The next lease moves the counter, and its reply is lost.
        var losesNextReply = false
        var leases = 0
        var connects = 0
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

    func connect(knownStore: StoreID?) throws(StoreError) -> any StoreSession {
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
    private let store: FakeStore

    init(_ store: FakeStore, _ id: StoreID) {
        self.store = store
        storeID = id
    }

    private func call<R: Sendable>(_ body: (inout FakeStore.State) -> R) throws(StoreError) -> R {
        let result: R? = store.state.with { $0.isDown ? nil : body(&$0) }
        guard let result else { throw StoreError(.unavailable, "the fake store is down", isSessionLost: true) }
        return result
    }

    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        let (results, isLost) = try call { state in
            let results = requests.map { request -> LeaseResult in
                guard state.agents[request.agent?.agentID ?? ""] != nil else { return .agentLost }
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
        if isLost { throw StoreError(.unavailable, "the reply was lost", isSessionLost: true) }
        return results
    }

    func register(agent: AgentMark, host: String) throws(StoreError) {
        try call { $0.agents[agent.agentID] = agent.beat }
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
