internal import LeafCore
internal import LeafThreads

/// What the journal's thread does, from the first commit to the last: `JournalCourse` says what follows from each
/// outcome.
struct JournalRun {
    private let desk: Mailbox<JournalDesk>
    private let stats: Lock<JournalStats>
    private let gather: Duration
    private let owner: JournalOwnerReference
    private let storage: any JournalStorage
    private let witness: WitnessFile
    private var course: JournalCourse
    /// A commit is to be made whether anybody asks for one or not: the first of the start, and after a failure.
    private var isOverdue = true
    private var isFailing = false
    /// After a failure, nothing is tried before this.
    private var retryAt: MonotonicTime?

    /// How long a failing journal is let be before the next try.
    private static var retryPause: Duration { .milliseconds(500) }

    init(
        desk: Mailbox<JournalDesk>, stats: Lock<JournalStats>, gather: Duration,
        owner: JournalOwnerReference, storage: any JournalStorage, witness: WitnessFile
    ) {
        self.desk = desk
        self.stats = stats
        self.gather = gather
        self.owner = owner
        self.storage = storage
        self.witness = witness
        course = JournalCourse(sequence: storage.sequence, hasWitness: witness.exists)
    }

    mutating func run() {
        while true {
            let batch = nextBatch()
            switch commit(batch) {
            case nil: break
            case .acknowledged: storage.extend()
            case .failed(let error):
                // Their records are stale now: they stay on the list for the next try.
                if !batch.isLast { fail(error, batch.participants) }
            case .abandoned(let error):
                if !batch.isLast && !replace(error, batch.participants) { return end() }
            }
            if batch.isLast { return end() }
        }
    }

    private func end() {
        desk.post { desk in
            desk.end()
            return true
        }
    }

    private func nextBatch() -> JournalDesk.Batch {
        desk.wait { desk, now in
            let at = desk.nextAt(now: now, gather: gather, retryAt: retryAt, isOverdue: isOverdue)
            guard let at, at <= now else { return .wait(until: at) }
            return .done(desk.takeBatch())
        }
    }

    // MARK: One commit

    private enum Outcome {
        case acknowledged
        case failed(JournalError)
        /// Failed, and this data file takes no more.
        case abandoned(JournalError)
    }

    /// One transaction for all. Returns nil if there was nothing to write.
    private mutating func commit(_ batch: JournalDesk.Batch) -> Outcome? {
        let started = MonotonicTime.now()
        var orders: [(participant: any CommitParticipant, order: JournalOrder)] = []
        for participant in batch.participants {
            if let order = participant.beginCommit(now: started) { orders.append((participant, order)) }
        }
        let (header, accepted) = changedHeader(batch)
        guard !orders.isEmpty || !accepted.isEmpty || batch.isLast || isOverdue else { return nil }
        let before = storage.header
        var failure: JournalError?
        do throws(JournalError) {
            try storage.commit(orders.map(\.order.entry), header: header)
        } catch {
            failure = error
        }
        let step = settle(failure.outcome)
        let isAcknowledged = step == .acknowledge
        if failure == nil && !isAcknowledged {
            // Durable, but limits may not rise: what is committed next says what was valid before.
            storage.adopt(before)
            failure = JournalError(
                .inaccessible,
                "the journal's witness can be neither rewritten nor removed — look at the folder journal.witness")
        }
        let now = MonotonicTime.now()
        note(now.since(started), isAcknowledged, now)
        for (participant, order) in orders { participant.finishCommit(order, isDurable: isAcknowledged, now: now) }
        finish(accepted, failure)
        owner.owner?.batchDone()
        guard let failure else {
            succeeded()
            return .acknowledged
        }
        return step == .replace ? .abandoned(failure) : .failed(failure)
    }

    /// The header to write, and the changes in it. Changes meant for another journal are refused.
    private func changedHeader(
        _ batch: JournalDesk.Batch
    ) -> (JournalHeader, [JournalDesk.HeaderChange]) {
        var header = storage.header
        header.isClean = batch.isLast
        var accepted: [JournalDesk.HeaderChange] = []
        for change in batch.headerChanges {
            if change.journalID == header.journalID {
                change.change(&header)
                accepted.append(change)
            } else {
                finish([change], JournalError(.replaced, "another journal has taken the place of \(change.journalID)"))
            }
        }
        if let trace = witness.trace, trace.agentID == header.agentID {
            // What a start without the witness can still hold against the store.
            (header.agentBeat, header.agentLift) = (trace.beat, trace.liftSeen)
        }
        return (header, accepted)
    }

    private func finish(_ changes: [JournalDesk.HeaderChange], _ failure: JournalError?) {
        guard !changes.isEmpty else { return }
        desk.post { desk in
            for change in changes { desk.finish(change.ticket, failure) }
            return true
        }
    }

    /// Follows the course from a commit's outcome to its end: acknowledge, retry or replace.
    private mutating func settle(_ outcome: JournalCourse.Outcome) -> JournalCourse.Step {
        var step = course.committed(outcome, sequence: storage.sequence)
        while true {
            switch step {
            case .writeWitness(let sequence):
                let hasWritten = witness.record(sequence: sequence, header: storage.header)
                stats.with { $0.witness = hasWritten }
                step = course.wroteWitness(hasWritten)
            case .removeWitness: step = course.removedWitness(witness.remove())
            case .acknowledge, .retry, .replace: return step
            }
        }
    }

    private func note(_ latency: Duration, _ isAcknowledged: Bool, _ now: MonotonicTime) {
        let (size, hasHeadroom) = (storage.size, storage.hasHeadroom)
        stats.with { $0.record(latency, failed: !isAcknowledged, size: size, hasHeadroom: hasHeadroom, now: now) }
    }

    private mutating func succeeded() {
        retryAt = nil
        isOverdue = false
        if isFailing { owner.owner?.journalFailed(nil) }
        isFailing = false
    }

    private mutating func fail(_ error: JournalError, _ participants: [any CommitParticipant]) {
        isFailing = true
        isOverdue = true
        retryAt = .now().advanced(by: Self.retryPause)
        owner.owner?.journalFailed(error)
        request(participants)
    }

    private func request(_ participants: some Sequence<any CommitParticipant>) {
        desk.with { desk in
            for participant in participants { _ = desk.request(participant, .now) }
        }
    }

    // MARK: Replacing the journal

    /// Sets the data file aside, and goes on in a fresh one; tries again until that succeeds.
    ///
    /// Meanwhile whoever asks for a commit is told that it failed.
    ///
    /// - Returns: false if the daemon stops before.
    private mutating func replace(_ cause: JournalError, _ participants: [any CommitParticipant]) -> Bool {
        isFailing = true
        owner.owner?.journalFailed(cause)
        var refused = Dictionary(participants.map { (ObjectIdentifier($0), $0) }) { first, _ in first }
        var setAside: SetAside?
        while true {
            if setAside == nil { setAside = tryReplacement(cause) }
            if let setAside, settle(.durable) == .acknowledge {
                stats.with { $0.replacements += 1 }
                owner.owner?.journalReplaced(storage.header, setAside: setAside)
                succeeded()
                request(refused.values)
                return true
            }
            guard refuse(&refused, cause, until: .now().advanced(by: Self.retryPause)) else { return false }
        }
    }

    private mutating func tryReplacement(_ cause: JournalError) -> SetAside? {
        guard let owner = owner.owner else { return nil }
        let (header, entries) = owner.replacement(for: storage.header)
        do throws(JournalError) {
            let setAside = try storage.replace(reason: cause.message, header: header, entries: entries)
            course = JournalCourse(sequence: storage.sequence, hasWitness: false)
            return setAside
        } catch {
            owner.journalFailed(error)
            return nil
        }
    }

    /// Tells everybody who asks for a commit that there is no journal, until a time.
    ///
    /// - Returns: false if the daemon stops.
    private func refuse(
        _ refused: inout [ObjectIdentifier: any CommitParticipant], _ cause: JournalError, until end: MonotonicTime
    ) -> Bool {
        while true {
            let batch: JournalDesk.Batch? = desk.wait { desk, now in
                if now >= end { return .done(nil) }
                guard let at = desk.nextAt(now: now, gather: .zero, retryAt: nil, isOverdue: false), at <= now else {
                    return .wait(until: end)
                }
                return .done(desk.takeBatch())
            }
            guard let batch else { return true }
            let now = MonotonicTime.now()
            for participant in batch.participants {
                refused[ObjectIdentifier(participant)] = participant
                guard let order = participant.beginCommit(now: now) else { continue }
                participant.finishCommit(order, isDurable: false, now: now)
            }
            finish(batch.headerChanges, cause)
            owner.owner?.batchDone()
            if batch.isLast { return false }
        }
    }
}

extension JournalError? {
    fileprivate var outcome: JournalCourse.Outcome {
        switch self?.code {
        case nil: .durable
        case .full: .notWritten
        default: .unknown
        }
    }
}
