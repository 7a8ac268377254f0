package import LeafCore
private import LeafThreads

/// Whose record the writer commits: the driver's side of a tag's stock.
package protocol CommitParticipant: AnyObject, Sendable {
    var tag: Tag { get }
    /// The record to write now, if any.
    func beginCommit(now: MonotonicTime) -> CommitOrder?
    /// The outcome: durable, or not (or nobody knows).
    func finishCommit(_ order: CommitOrder, isDurable: Bool, now: MonotonicTime)
}

/// The journal's one thread: gathers all tags that are due into one commit, and tells them when it is durable.
///
/// A tag that is due `soon` waits for others up to a quarter of a window; one that is due `now` does not wait.
package final class JournalWriter<Participant: CommitParticipant>: Sendable {
    private struct Desk {
        var due: [Participant] = []
        var firstDueAt: MonotonicTime?
        var isUrgent = false
        var headerChanges: [@Sendable (inout JournalHeader) -> Void] = []
        var headerChangesAsked = 0
        var headerChangesDone = 0
        var headerChangeFailed: JournalError?
        /// After a failure, nothing is tried before this.
        var retryAt: MonotonicTime?
        var isStopping = false
    }

    private let desk = Mailbox(Desk())
    private let stats: Lock<JournalStats>
    private let gather: Duration
    private let batchDone: @Sendable () -> Void
    private let failed: @Sendable (JournalError?) -> Void
    private let thread: Lock<DedicatedThread?> = Lock(nil)

    /// How long the writer lets a failing journal be before it tries again.
    private static var retryPause: Duration { .milliseconds(500) }

    /// - Parameters:
    ///   - gather: how long a tag that is due soon waits for others.
    ///   - batchDone: called on the writer's thread when all participants of a commit have been told.
    ///   - failed: called on the writer's thread with the error of a failed commit, with nil once one succeeds again.
    package init(
        gather: Duration, batchDone: @escaping @Sendable () -> Void,
        failed: @escaping @Sendable (JournalError?) -> Void
    ) {
        self.gather = gather
        self.batchDone = batchDone
        self.failed = failed
        stats = Lock(JournalStats())
    }

    /// Hands the journal to a thread of its own, for good.
    package func start(_ journal: sending Journal) {
        let box = SendingBox(journal)
        thread.with { [self] thread in
            thread = DedicatedThread(name: "leafd-journal") { self.run(box.take()) }
        }
    }

    /// Puts a tag on the list of the next commit.
    package func request(_ participant: Participant, _ urgency: CommitUrgency) {
        desk.post { desk in
            if desk.due.isEmpty { desk.firstDueAt = .now() }
            desk.due.append(participant)
            let wakes = desk.due.count == 1 || urgency == .now && !desk.isUrgent
            if urgency == .now { desk.isUrgent = true }
            return wakes
        }
    }

    /// Changes the header, and waits until that is durable.
    package func changeHeader(_ change: @escaping @Sendable (inout JournalHeader) -> Void) throws(JournalError) {
        var ticket = 0
        desk.post { desk in
            desk.headerChanges.append(change)
            desk.headerChangesAsked += 1
            ticket = desk.headerChangesAsked
            return true
        }
        let failure: JournalError? = desk.wait { desk, _ in
            desk.headerChangesDone >= ticket ? .done(desk.headerChangeFailed) : .wait(until: nil)
        }
        if let failure { throw failure }
    }

    /// Commits what is due, and ends the thread. The journal is closed, its lock free.
    package func stop() {
        desk.post { desk in
            desk.isStopping = true
            return true
        }
        thread.with { $0.take() }?.join()
    }

    package func snapshot() -> JournalStats { stats.with { $0 } }

    private struct Batch {
        var participants: [Participant]
        var headerChanges: [@Sendable (inout JournalHeader) -> Void]
        var isLast: Bool
    }

    private func run(_ journal: Journal) {
        var wasFailing = false
        while true {
            let batch = nextBatch()
            let failure = commit(batch, to: journal)
            finishHeaderChanges(batch.headerChanges.count, failure)
            if let failure {
                failed(failure)
            } else if wasFailing {
                failed(nil)
            }
            wasFailing = failure != nil
            if batch.isLast { return }
            desk.with { $0.retryAt = failure == nil ? nil : .now().advanced(by: Self.retryPause) }
            if failure == nil {
                journal.extend()
            } else {
                // Their records are stale now: they stay on the list for the next try.
                for participant in batch.participants { request(participant, .now) }
            }
        }
    }

    private func nextBatch() -> Batch {
        desk.wait { desk, now in
            if !desk.isStopping {
                if let retryAt = desk.retryAt, now < retryAt, desk.headerChanges.isEmpty {
                    return .wait(until: retryAt)
                }
                if desk.headerChanges.isEmpty && !desk.isUrgent {
                    guard let first = desk.firstDueAt else { return .wait(until: nil) }
                    let dueAt = first.advanced(by: self.gather)
                    if now < dueAt { return .wait(until: dueAt) }
                }
            }
            defer {
                desk.due = []
                desk.headerChanges = []
                desk.firstDueAt = nil
                desk.isUrgent = false
            }
            return .done(
                Batch(participants: desk.due, headerChanges: desk.headerChanges, isLast: desk.isStopping))
        }
    }

    /// One transaction for all. Returns the error, if it failed.
    private func commit(_ batch: Batch, to journal: Journal) -> JournalError? {
        let started = MonotonicTime.now()
        var orders: [(participant: Participant, order: CommitOrder)] = []
        for participant in batch.participants {
            if let order = participant.beginCommit(now: started) { orders.append((participant, order)) }
        }
        guard !orders.isEmpty || !batch.headerChanges.isEmpty || batch.isLast else { return nil }
        var header = journal.header
        header.isClean = batch.isLast
        for change in batch.headerChanges { change(&header) }
        var failure: JournalError?
        do throws(JournalError) {
            try journal.commit(orders.map { ($0.participant.tag, $0.order.record) }, header: header)
        } catch {
            failure = error
        }
        let now = MonotonicTime.now()
        let (hasFailed, size, hasHeadroom) = (failure != nil, journal.size, journal.hasHeadroom)
        stats.with { $0.record(now.since(started), failed: hasFailed, size: size, hasHeadroom: hasHeadroom, now: now) }
        for (participant, order) in orders { participant.finishCommit(order, isDurable: failure == nil, now: now) }
        batchDone()
        return failure
    }

    private func finishHeaderChanges(_ count: Int, _ failure: JournalError?) {
        guard count > 0 else { return }
        desk.post { desk in
            desk.headerChangesDone += count
            desk.headerChangeFailed = failure
            return true
        }
    }
}

/// What the journal tells STATS.
package struct JournalStats: Sendable {
    package private(set) var commits = 0
    package private(set) var failures = 0
    package private(set) var latency = LatencyWindow()
    package private(set) var usedBytes = 0
    package private(set) var mapBytes = 0
    package private(set) var hasHeadroom = true

    mutating func record(
        _ latency: Duration, failed: Bool, size: (used: Int, map: Int), hasHeadroom: Bool, now: MonotonicTime
    ) {
        if failed { failures += 1 } else { commits += 1 }
        self.latency.record(latency, now: now)
        (usedBytes, mapBytes) = size
        self.hasHeadroom = hasHeadroom
    }
}

/// Carries a value that is given away once into a closure that runs on another thread.
private final class SendingBox<Value>: @unchecked Sendable {
    // @unchecked: the value came in as `sending`, is touched by one `take`, and by nobody after.
    private var value: Value?

    init(_ value: sending Value) {
        self.value = value
    }

    func take() -> Value {
        defer { value = nil }
        guard let value else { preconditionFailure("taken twice") }
        return value
    }
}
