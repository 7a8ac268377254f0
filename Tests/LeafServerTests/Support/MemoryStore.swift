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

    func connect(knownStore: StoreID?) throws(StoreError) -> any StoreSession {
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

    private func change(_ body: (inout Contents) -> Void) {
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

private final class MemorySession: StoreSession {
    let store: MemoryStore
    let storeID: StoreID

    init(store: MemoryStore, storeID: StoreID) {
        self.store = store
        self.storeID = storeID
    }

    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        store.contents.wait { contents, _ in contents.isHeld ? .wait(until: nil) : .done(()) }
        try store.mustAnswer()
        return store.contents.with { contents in
            requests.map { request in
                guard var row = contents.rows[request.tag] else { return .noSuchTag }
                let start = max(row.maxID, request.floor)
                let (end, overflow) = start.addingReportingOverflow(request.count)
                guard !overflow, end - 1 <= row.limit ?? .max else { return .overflow(maxID: row.maxID) }
                row.maxID = end
                contents.rows[request.tag] = row
                return .leased(Lease(segment: Segment(start: start, end: end), tableStep: row.step, lifted: false))
            }
        }
    }

    func register(agent: AgentMark, host: String) throws(StoreError) { try store.mustAnswer() }

    func listTags() throws(StoreError) -> [TagDescription] {
        try store.mustAnswer()
        return store.contents.with { contents in
            contents.rows.map { tag, row in
                TagDescription(tag: tag, maxID: row.maxID, step: row.step, description: nil, limit: row.limit)
            }
        }
    }

    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool {
        try store.mustAnswer()
        let isNew = store.contents.with { contents in
            guard contents.rows[tag.tag] == nil else { return false }
            contents.rows[tag.tag] = MemoryStore.Row(maxID: tag.start ?? 1, step: tag.step, limit: tag.limit)
            return true
        }
        if !isNew && !ifAbsent { throw StoreError(.tagExists, "the tag \(tag.tag) exists already") }
        return isNew
    }

    func alter(_ tag: Tag, step: Int64) throws(StoreError) {
        try store.mustAnswer()
        let found = store.contents.with { contents in
            contents.rows[tag]?.step = step
            return contents.rows[tag] != nil
        }
        if !found { throw StoreError(.noSuchTag, "no such tag \(tag)") }
    }

    func drop(_ tag: Tag) throws(StoreError) {
        try store.mustAnswer()
        let dropped = store.contents.with { $0.rows.removeValue(forKey: tag) }
        if dropped == nil { throw StoreError(.noSuchTag, "no such tag \(tag)") }
    }

    func ping() throws(StoreError) { try store.mustAnswer() }
    func close() {}
}
