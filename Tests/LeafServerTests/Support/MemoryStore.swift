import LeafCore
import LeafStore
import LeafThreads

/// A central store in memory that a test can make fail, or hold up.
final class MemoryStore: SegmentStore {
    let kind = "memory"
    let redactedURL = "memory://test"
    let maxSessions = 1

    struct Row {
        var maxID: Int64
        var step: Int64
        var limit: Int64?
    }

    struct Contents {
        var rows: [Tag: Row] = [:]
        /// The counters of dropped tags.
        var tombstones: [Tag: Int64] = [:]
        var agents: [String: AgentRow] = [:]
        /// How often counters were lifted.
        var lift: Int64 = 0
        /// Which server answers; another one may lack the last commits.
        var server = "first"
        /// The one written down with the store's id.
        var recordedServer = "first"
        /// Calls fail as those to an unreachable database do.
        var isAway = false
        /// Leases wait until it is false.
        var isHeld = false
        /// Whatever is asked waits until it is false.
        var isSilent = false
    }

    /// Set to change the store's behaviour; leases look at it whenever it changes.
    let contents = Mailbox(Contents())
    private let id = StoreID.random()

    func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession {
        try mustAnswer()
        return MemorySession(store: self, storeID: id)
    }

    /// Leases wait from now on.
    func hold() { change { $0.isHeld = true } }
    func letGo() { change { $0.isHeld = false } }
    /// Everything waits from now on.
    func fallSilent() { change { $0.isSilent = true } }
    func speak() { change { $0.isSilent = false } }
    /// Everything fails from now on, what waits with it.
    func goAway() {
        change { contents in
            contents.isAway = true
            contents.isHeld = false
            contents.isSilent = false
        }
    }
    func comeBack() { change { $0.isAway = false } }
    /// Another server answers from now on.
    func failOver() { change { $0.server += "'" } }
    /// Under which names daemons have registered.
    var agents: Set<String> { contents.with { Set($0.agents.keys) } }
    /// The counter of a tag.
    func counter(_ tag: String) -> Int64? {
        contents.with { contents in contents.rows.first { $0.key.name == tag }?.value.maxID }
    }

    func change(_ body: (inout Contents) -> Void) {
        contents.post { contents in
            body(&contents)
            return true
        }
    }

    /// Adds a row past leafd, as an operator does with SQL.
    func add(_ tag: Tag, maxID: Int64 = 1, step: Int64 = 100, limit: Int64? = nil) {
        change { $0.rows[tag] = Row(maxID: maxID, step: step, limit: limit) }
    }

    fileprivate func mustAnswer() throws(StoreError) {
        contents.wait { contents, _ in contents.isSilent ? .wait(until: nil) : .done(()) }
        if contents.with({ $0.isAway }) {
            throw StoreError(.unavailable, "the store in memory is away", isSessionLost: true)
        }
    }
}

/// What a database would do in transactions, under one lock.
private final class MemorySession: StoreSession {
    let store: MemoryStore
    let storeID: StoreID
    let missingGuards: [String] = []
    let skippedTags: [String] = []
    /// The one that `facts` found.
    private var server: String?

    init(store: MemoryStore, storeID: StoreID) {
        self.store = store
        self.storeID = storeID
    }

    /// Carries out a change, unless the database has gone backward since the session was settled.
    private func write<R>(
        for agent: AgentMark? = nil, _ body: (inout MemoryStore.Contents) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        try store.mustAnswer()
        let server = server
        let result: Result<R, StoreError> = store.contents.with { contents in
            guard contents.server == server else { return .failure(MemorySession.lost("another server answers")) }
            if let agent, contents.agents[agent.agentID]?.beat ?? -1 < agent.beat {
                return .failure(MemorySession.lost("it lacks beat \(agent.beat)"))
            }
            do throws(StoreError) {
                return .success(try body(&contents))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func lost(_ sign: String) -> StoreError {
        StoreError(.wentBackward, "the store in memory went backward: \(sign)", isSessionLost: true)
    }

    // MARK: Settling

    func facts(agentID: String) throws(StoreError) -> StoreFacts {
        try store.mustAnswer()
        let facts = store.contents.with { contents in
            StoreFacts(
                storeID: storeID.text, row: contents.agents[agentID], hasAgents: true, hasState: true,
                server: contents.server, recordedServer: contents.recordedServer, lift: contents.lift)
        }
        server = facts.server
        return facts
    }

    func beat(_ beat: AgentBeat) throws(StoreError) -> BeatReply {
        try write { contents throws(StoreError) in
            guard contents.agents[beat.agentID] == beat.seen else {
                return BeatReply(isAcknowledged: false, lift: contents.lift)
            }
            contents.agents[beat.agentID] = AgentRow(beat: beat.beat, nonce: beat.nonce, isContested: false)
            return BeatReply(isAcknowledged: true, lift: contents.lift)
        }
    }

    func contest(agentID: String) throws(StoreError) {
        try write { contents throws(StoreError) in
            guard let row = contents.agents[agentID] else { return }
            contents.agents[agentID] = AgentRow(beat: row.beat, nonce: row.nonce, isContested: true)
        }
    }

    // MARK: Counters

    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        store.contents.wait { contents, _ in contents.isHeld ? .wait(until: nil) : .done(()) }
        return try write(for: requests.first?.agent) { contents throws(StoreError) in
            requests.map { request in
                guard var row = contents.rows[request.tag] else { return .noSuchTag }
                let isBehind = row.maxID < request.floor
                let start = isBehind ? request.jump : row.maxID
                let (end, overflow) = start.addingReportingOverflow(request.count)
                guard !overflow, end - 1 <= row.limit ?? .max else { return .overflow(maxID: row.maxID) }
                row.maxID = end
                contents.rows[request.tag] = row
                return .leased(Lease(segment: Segment(start: start, end: end), tableStep: row.step, lifted: isBehind))
            }
        }
    }

    func lift(_ lift: CounterLift) throws(StoreError) -> Bool {
        try write { contents throws(StoreError) in
            guard lift.expected ?? contents.lift == contents.lift else { return false }
            for (tag, row) in contents.rows {
                let (raised, overflow) = max(row.maxID, lift.floors[tag] ?? 0).addingReportingOverflow(lift.gap)
                contents.rows[tag]?.maxID = overflow ? .max : raised
            }
            contents.lift += 1
            if let server = lift.server { contents.recordedServer = server }
            return true
        }
    }

    func bump(_ tag: Tag, to counter: Int64) throws(StoreError) -> Int64 {
        try write { contents throws(StoreError) in
            let row = try MemorySession.row(tag, contents)
            let raised = max(row.maxID, counter)
            contents.rows[tag]?.maxID = raised
            return raised
        }
    }

    // MARK: Tags

    private static func row(_ tag: Tag, _ contents: MemoryStore.Contents) throws(StoreError) -> MemoryStore.Row {
        guard let row = contents.rows[tag] else { throw StoreError(.noSuchTag, "no such tag \(tag)") }
        return row
    }

    func listTags() throws(StoreError) -> [TagDescription] {
        try store.mustAnswer()
        return store.contents.with { contents in
            contents.rows.map { tag, row in
                TagDescription(tag: tag, maxID: row.maxID, step: row.step, description: nil, limit: row.limit)
            }
        }
    }

    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool {
        try write(for: agent) { contents throws(StoreError) in
            guard contents.rows[tag.tag] == nil else {
                if ifAbsent { return false }
                throw StoreError(.tagExists, "the tag \(tag.tag) exists already")
            }
            let first = FirstID.decide(
                start: tag.start, tombstone: contents.tombstones[tag.tag], lifts: contents.lift, gap: gap,
                isByItself: ifAbsent)
            guard case .at(let start) = first else {
                if first == .staysDropped { return false }
                throw StoreError(
                    .conflict, "START \(tag.start ?? 1) of \(tag.tag) is not above what was leased: \(first)")
            }
            contents.rows[tag.tag] = MemoryStore.Row(maxID: start, step: tag.step, limit: tag.limit)
            contents.tombstones[tag.tag] = nil
            return true
        }
    }

    func alter(_ tag: Tag, step: Int64) throws(StoreError) {
        try write { contents throws(StoreError) in
            _ = try MemorySession.row(tag, contents)
            contents.rows[tag]?.step = step
        }
    }

    func drop(_ tag: Tag) throws(StoreError) {
        try write { contents throws(StoreError) in
            contents.tombstones[tag] = try MemorySession.row(tag, contents).maxID
            contents.rows[tag] = nil
        }
    }

    func forget(_ tag: Tag) throws(StoreError) {
        try write { contents throws(StoreError) in contents.tombstones[tag] = nil }
    }

    func ping() throws(StoreError) { try store.mustAnswer() }
    func close() {}
}
