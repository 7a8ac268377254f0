internal import LeafProtocol

/// What must have happened between two snapshots of one leafd.
///
/// leafd keeps counters and states, no history: an event is a counter that has grown, or a state that is another.
struct SnapshotChanges {
    private let before: StatsDocument
    private let after: StatsDocument
    private(set) var events: [WatchEvent] = []

    static func events(from before: StatsSnapshot, to after: StatsSnapshot) -> [WatchEvent] {
        let isNew =
            before.document.pid != after.document.pid
            || before.document.uptimeSeconds > after.document.uptimeSeconds + 1
        var changes = SnapshotChanges(before: before.document, after: after.document)
        if isNew {
            changes.addRestart()
        } else {
            changes.addTags()
            changes.addErrors()
            changes.addSnowflake()
            changes.addJournal()
            changes.addAgent()
            changes.addStore()
        }
        changes.addHealth(before.health, after.health)
        return changes.events
    }

    private init(before: StatsDocument, after: StatsDocument) {
        self.before = before
        self.after = after
    }

    private mutating func add(_ weight: WatchEvent.Weight, _ topic: String, _ text: String, count: Int64 = 1) {
        events.append(WatchEvent(topic: topic, weight, text, count: count))
    }

    /// By how much a counter has grown; nil if it has not.
    private func growth(_ counter: (StatsDocument) -> Int64) -> Int64? {
        let growth = counter(after) - counter(before)
        return growth > 0 ? growth : nil
    }

    /// Its counters begin anew: nothing else can be compared.
    private mutating func addRestart() {
        let start = after.startedFrom.map { ", its stock \($0.rawValue)" } ?? ""
        add(.warning, "restart", "leafd has restarted: pid \(before.pid) is now \(after.pid)\(start)")
        if before.version != after.version {
            add(.plain, "version", "leafd \(before.version) is now \(after.version)")
        }
    }

    private mutating func addHealth(_ before: HealthAnswer?, _ after: HealthAnswer?) {
        guard let after, before?.state != after.state else { return }
        let reason = after.reason.isEmpty ? "" : ": \(after.reason)"
        switch after.state {
        case .healthy: add(.good, "health", "healthy again")
        case .degraded: add(.warning, "health", "degraded\(reason)")
        case .unhealthy: add(.bad, "health", "unhealthy\(reason)")
        }
    }

    private mutating func addStore() {
        let (old, new) = (before.store, after.store)
        let last = new.lastError.map { ": \($0)" } ?? ""
        switch (old.up, new.up) {
        case (true?, false?), (nil, false?): add(.bad, "store", "the store went down\(last)")
        case (false?, true?): add(.good, "store", "the store is up again")
        case (nil, true?): add(.good, "store", "the store is reached")
        default:
            if new.up == true, let count = growth(\.store.errors) {
                add(.warning, "store errors", "the store failed\(last)", count: count)
            }
        }
        if let count = growth(\.store.lifts) {
            add(.bad, "lift", "the database had gone backward: the counters were lifted", count: count)
        }
    }

    private mutating func addAgent() {
        guard let old = before.agentID, let new = after.agentID, old != new else { return }
        add(
            .bad, "agent",
            "a new agent id (\(new)): the stock was given up, after a twin, a copy or a start without proof")
    }

    private mutating func addJournal() {
        if let count = growth(\.journal.failures) {
            add(.bad, "journal", "the journal could not be written", count: count)
        }
        if let count = growth(\.journal.replacements) {
            add(.bad, "replacement", "the journal was set aside for a fresh one", count: count)
        }
        switch (before.journal.witness, after.journal.witness) {
        case (true?, false?): add(.warning, "witness", "the journal has lost its witness: a restart gives the stock up")
        case (false?, true?): add(.good, "witness", "the journal has its witness again")
        default: break
        }
    }

    private mutating func addSnowflake() {
        let (old, new) = (before.snowflake, after.snowflake)
        if let count = growth(\.snowflake.clockSteps) {
            add(.warning, "clock", "the wall clock has jumped; snowflakes take no step back", count: count)
        }
        if old.workers != new.workers {
            let list = { (workers: [Int64]) in
                workers.isEmpty ? "none" : workers.map(String.init).joined(separator: ", ")
            }
            add(
                new.workers.isEmpty ? .warning : .plain, "workers",
                "worker ids: \(list(old.workers)), now \(list(new.workers))")
        }
        if old.problem != new.problem {
            if let problem = new.problem {
                add(.bad, "snowflake", "no snowflakes: \(problem)")
            } else {
                add(.good, "snowflake", "snowflakes are issued again")
            }
        }
    }

    private mutating func addErrors() {
        for (prefix, count) in after.errors.sorted(by: { $0.key > $1.key }) {
            let growth = count - (before.errors[prefix] ?? 0)
            if growth > 0 { add(.warning, "error \(prefix)", "a request was answered with \(prefix)", count: growth) }
        }
        if let count = growth(\.connections.refused) {
            add(.warning, "refused", "a connection was refused", count: count)
        }
    }

    private mutating func addTags() {
        let old = Dictionary(before.tags.map { ($0.tag, $0) }, uniquingKeysWith: { first, _ in first })
        let both = after.tags.compactMap { new in old[new.tag].map { (old: $0, new: new) } }
        addTogether("load", "loaded a segment", both.filter { $0.new.segmentLoads > $0.old.segmentLoads }.map(\.new))
        addTogether(
            "switch", "went on to the next segment",
            both.filter { $0.new.bufferSwitches > $0.old.bufferSwitches }.map(\.new))
        for (old, new) in both {
            let name = Columns.fit(new.tag, 30)
            if new.lost > old.lost { add(.warning, "lost \(new.tag)", "\(name): IDs lost", count: new.lost - old.lost) }
            if new.loadFailures > old.loadFailures {
                add(
                    .warning, "load failed \(new.tag)", "\(name): a load failed",
                    count: new.loadFailures - old.loadFailures)
            }
            if old.stock > 0 && new.stock == 0 { add(.bad, "stock \(new.tag)", "\(name): no IDs left") }
            if old.stock == 0 && new.stock > 0 { add(.good, "stock \(new.tag)", "\(name): IDs in stock") }
        }
    }

    /// Usual business of many tags is one event.
    private mutating func addTogether(_ topic: String, _ what: String, _ tags: [TagStats]) {
        guard !tags.isEmpty else { return }
        let names = tags.prefix(3).map { Columns.fit($0.tag, 24) }.joined(separator: ", ")
        add(
            .plain, topic, names + (tags.count > 3 ? " and \(tags.count - 3) more" : "") + ": \(what)",
            count: Int64(tags.count))
    }
}
