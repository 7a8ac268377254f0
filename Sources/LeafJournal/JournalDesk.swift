internal import LeafCore
private import LeafThreads

/// What the journal's thread is to do next: filled by others, emptied by it.
struct JournalDesk {
    struct HeaderChange {
        let ticket: Int
        /// Of the journal that it is meant for.
        let journalID: String
        let change: @Sendable (inout JournalHeader) -> Void
    }

    struct Batch {
        var participants: [any CommitParticipant]
        var headerChanges: [HeaderChange]
        /// The daemon stops.
        var isLast: Bool
    }

    private var due: [any CommitParticipant] = []
    private var firstDueAt: MonotonicTime?
    private var isUrgent = false
    private var headerChanges: [HeaderChange] = []
    private var tickets = 0
    /// How header changes went: nil is success. Whoever asked for it takes it away.
    private var outcomes: [Int: JournalError?] = [:]
    private(set) var isStopping = false
    private var hasEnded = false

    /// - Returns: whether the thread is to be woken.
    mutating func request(_ participant: any CommitParticipant, _ urgency: CommitUrgency) -> Bool {
        if due.isEmpty { firstDueAt = .now() }
        due.append(participant)
        let wakes = due.count == 1 || urgency == .now && !isUrgent
        if urgency == .now { isUrgent = true }
        return wakes
    }

    /// - Returns: the number under which the outcome can be asked for.
    mutating func add(
        _ change: @escaping @Sendable (inout JournalHeader) -> Void, to journalID: String
    ) -> Int {
        tickets += 1
        headerChanges.append(HeaderChange(ticket: tickets, journalID: journalID, change: change))
        return tickets
    }

    mutating func finish(_ ticket: Int, _ failure: JournalError?) {
        outcomes[ticket] = .some(failure)
    }

    /// The outcome of a header change; nil: none yet.
    mutating func takeOutcome(_ ticket: Int) -> JournalError?? {
        if let outcome = outcomes.removeValue(forKey: ticket) { return outcome }
        return hasEnded ? .some(JournalError(.inaccessible, "the journal is closed: leafd is stopping")) : nil
    }

    mutating func stop() { isStopping = true }

    mutating func end() { hasEnded = true }

    /// When the next batch is to be taken: nil: when somebody asks for something.
    ///
    /// - Parameters:
    ///   - retryAt: after a failure, nothing but a changed header is tried before this.
    ///   - isOverdue: a commit is to be made whether anybody asks for one or not.
    func nextAt(now: MonotonicTime, gather: Duration, retryAt: MonotonicTime?, isOverdue: Bool) -> MonotonicTime? {
        if isStopping || !headerChanges.isEmpty { return now }
        if let retryAt, now < retryAt { return retryAt }
        if isUrgent || isOverdue { return now }
        return firstDueAt.map { $0.advanced(by: gather) }
    }

    mutating func takeBatch() -> Batch {
        defer {
            due = []
            headerChanges = []
            firstDueAt = nil
            isUrgent = false
        }
        return Batch(participants: due, headerChanges: headerChanges, isLast: isStopping)
    }
}
