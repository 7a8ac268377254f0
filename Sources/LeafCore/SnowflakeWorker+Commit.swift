/// How the durable mark of a worker id stands: what the journal holds of it, and what is on its way there.
struct WorkerMark: Hashable, Sendable {
    /// By how much the next commit may raise `hi`, in milliseconds.
    var cap: Int64
    /// The lease's end that the journal knows.
    var journaledLastTime: Int64
    var order: WorkerOrder?
    var orders: UInt64 = 0
    /// Where it must be for those who wait, in milliseconds since 1970.
    var needed: Int64 = 0
    /// How far ahead of the clock it was moved last, in milliseconds.
    var window: Int64 = 0
    /// When the newest order was made by this worker's time, and how long the last that was waited for took until somebody asked
    /// again; in milliseconds.
    var begun: Int64 = 0
    var latency: Int64 = 0
    /// Those who waited have been told to ask again, and nobody has yet.
    var isAwaited = false
    /// A commit has been asked for, this urgently.
    var wish: CommitUrgency?
    /// The record lacks something.
    var isStale = false
    /// The last commit failed.
    var isFailing = false

    init(cap: Int64, journaledLastTime: Int64) {
        self.cap = cap
        self.journaledLastTime = journaledLastTime
    }
}

extension SnowflakeWorker {
    /// The record to write now, if any: the mark moved ahead of the clock by three quarters of a window.
    ///
    /// After a pause the clock is far above the mark, farther than the cap allows. Then the first commit raises the cap alone, so
    /// that a start which lost the second resumes above it all the same.
    package mutating func beginCommit(_ reading: ClockReading) -> WorkerOrder? {
        guard mark.order == nil else { return nil }
        let wished = mark.wish
        mark.wish = nil
        guard wished != nil || mark.isStale || phase == .sealed else { return nil }
        let wanted = wantedMark(reading, isUsed: wished != nil)
        guard wanted > limit || mark.isStale || phase == .sealed else { return nil }
        let isWithinCap = wanted - limit <= mark.cap
        let hi = DuplicateGuard.cap.holds(isWithinCap) ? wanted : limit
        mark.orders += 1
        mark.begun = clock.now / 1000
        let order = WorkerOrder(
            record: WorkerRecord(
                // An epoch that no header ever has: given up.
                worker: worker, generation: generation, epoch: phase == .gone ? 0 : epoch, format: rules.format.text,
                lastTime: lastTime,
                hi: hi, cap: wanted - hi + 2 * rules.window),
            number: mark.orders)
        mark.order = order
        mark.isStale = false
        if !DuplicateGuard.reserveBeforeIssue.isOn { limit = max(limit, hi) }
        return order
    }

    /// Where `hi` should go; never lower.
    ///
    /// A start begins at the mark, so it comes to be ahead of the wall clock. The farther it is, the smaller the window: else a daemon that
    /// crashes again and again would run away from the clock. But where commits are slow the mark must be ahead of the clock still when
    /// they are through, or nothing would ever be stamped.
    private mutating func wantedMark(_ reading: ClockReading, isUsed: Bool) -> Int64 {
        let format = rules.format
        // Stopping: right above the last unit. The sequence within it is not journaled.
        if phase == .sealed { return format.time(ofUnit: unit + 1) }
        guard phase == .open, isUsed else { return limit }
        let now = max(clock.advance(to: reading) / 1000, format.time(ofUnit: unit))
        let end = DuplicateGuard.leaseOfTime.isOn ? format.time(ofUnit: format.unit(at: lastTime) + 1) : .max
        let full = rules.window - rules.window / 4
        mark.window = max(
            full - max(0, now - (clock.now + clock.offset) / 1000), rules.window / 16,
            min(2 * mark.latency, max(2 * rules.window, 1000)))
        return max(limit, min(max(now + mark.window, mark.needed), end))
    }

    /// The journal has acknowledged the order as durable: only now the limit rises.
    package mutating func committed(_ order: WorkerOrder, _ effects: inout StockEffects) {
        guard mark.order == order else { return }
        mark.order = nil
        mark.isFailing = false
        mark.cap = order.record.cap
        mark.journaledLastTime = order.record.lastTime
        let hasRisen = order.record.hi > limit
        if phase != .sealed { limit = max(limit, order.record.hi) }
        if limit >= mark.needed { mark.needed = 0 }
        if waiters.isEmpty { mark.latency -= (mark.latency + 7) / 8 }
        if phase == .open, !waiters.isEmpty {
            mark.isAwaited = hasRisen
            if hasRisen { wakeWaiters(&effects) } else { wish(.now, &effects) }
        }
        if mark.isStale { wish(.soon, &effects) }
    }

    /// The order did not become durable, or nobody knows: the limit stays, the driver tries again later.
    package mutating func commitFailed(_ order: WorkerOrder, _ effects: inout StockEffects) {
        guard mark.order == order else { return }
        mark.order = nil
        mark.isStale = true
        mark.isFailing = true
        // It may be on disk all the same: then the next commit, should it be lost, is bounded by this one's cap.
        if DuplicateGuard.unknownOutcome.isOn {
            mark.cap = min(mark.cap, max(0, order.record.hi - limit) + order.record.cap)
        }
        refuseWaiters(.journalFailing, &effects)
    }

    /// Asks for a commit if the time below the mark runs low, and more urgently the less there is.
    mutating func askForMark(_ effects: inout StockEffects) {
        guard mark.order == nil, phase == .open else { return }
        let left = limit - rules.format.time(ofUnit: unit)
        if left <= mark.window / 2 { wish(left <= mark.window / 8 ? .now : .soon, &effects) }
    }

    mutating func wish(_ urgency: CommitUrgency, _ effects: inout StockEffects) {
        guard mark.order == nil, mark.wish.map({ $0 < urgency }) ?? true else { return }
        mark.wish = urgency
        effects.commit = urgency
    }

    mutating func wakeWaiters(_ effects: inout StockEffects) {
        effects.answers += waiters.map { ParkedAnswer(token: $0, outcome: .again) }
        waiters = []
    }

    mutating func refuseWaiters(_ refusal: Refusal, _ effects: inout StockEffects) {
        mark.needed = 0
        effects.answers += waiters.map { ParkedAnswer(token: $0, outcome: .refused(refusal)) }
        waiters = []
    }

    /// After a start: asks for the commit without which the journal does not say what was taken up.
    package mutating func askIfStale(_ effects: inout StockEffects) {
        if mark.isStale { wish(.now, &effects) }
    }
}
