/// How the durable mark stands: what the journal holds of the tag, and what is on its way there.
struct Mark: Hashable, Sendable {
    /// By how much the next commit may raise `hi` within the segments that are durable already.
    var cap: Int64
    /// The end of the last durable segment.
    var journaledEnd: Int64
    /// The number of the commit under way.
    var order: UInt64?
    var orders: UInt64 = 0
    /// A commit has been asked for, this urgently.
    var wish: CommitUrgency?
    /// The record lacks a segment, a floor or an incarnation.
    var isStale = false
    /// The last commit failed.
    var isFailing = false

    init(cap: Int64, journaledEnd: Int64) {
        self.cap = cap
        self.journaledEnd = journaledEnd
    }
}

/// A record on its way into the journal.
package struct CommitOrder: Hashable, Sendable {
    package let record: TagRecord
    let number: UInt64
}

extension TagStock {
    /// The record to write now, if any: `hi` moved ahead by a window, segments and floor as they are.
    ///
    /// The caller writes it, has it acknowledged as durable, and only then calls `committed`.
    package mutating func beginCommit(now: MonotonicTime) -> CommitOrder? {
        guard mark.order == nil else { return nil }
        mark.wish = nil
        enterSegments()
        let wanted = phase == .sealed ? next : wantedMark(now)
        guard wanted > limit || mark.isStale || phase == .sealed else {
            refreshFastPath()
            return nil
        }
        let hi = phase == .sealed ? next : withinCap(wanted)
        mark.orders += 1
        let record = TagRecord(
            incarnation: incarnation, epoch: epoch,
            segments: segments.filter { $0.end > hi },
            hi: hi,
            cap: max(window.size * 2, wantedAhead - count(from: next, to: hi), rules.minWindow),
            position: next,
            floor: supply.floor, step: supply.step, tableStep: supply.tableStep)
        let order = CommitOrder(record: record, number: mark.orders)
        mark.order = order.number
        mark.isStale = false
        if !DuplicateGuard.reserveBeforeIssue.isOn { limit = max(limit, hi) }
        refreshFastPath()
        return order
    }

    /// The journal has acknowledged the order as durable: only now the limit rises.
    package mutating func committed(_ order: CommitOrder, now: MonotonicTime, effects: inout StockEffects) {
        guard mark.order == order.number else { return }
        mark.order = nil
        mark.isFailing = false
        // Stock given up meanwhile: this mark belongs to segments that are no longer ours to issue.
        if DuplicateGuard.incarnation.holds(order.record.incarnation == incarnation) {
            mark.cap = order.record.cap
            mark.journaledEnd = order.record.segments.last?.end ?? order.record.hi
            if phase != .sealed { limit = max(limit, order.record.hi) }
            serveWaiters(&effects)
        }
        review(now, &effects)
    }

    /// The order did not become durable, or nobody knows: the limit stays, the driver tries again later.
    package mutating func commitFailed(_ order: CommitOrder, now: MonotonicTime, effects: inout StockEffects) {
        guard mark.order == order.number else { return }
        mark.order = nil
        mark.isStale = true
        mark.isFailing = true
        // It may be on disk all the same: then the next commit, should it be lost, is bounded by this one's cap.
        if DuplicateGuard.unknownOutcome.isOn {
            mark.cap = min(mark.cap, count(from: limit, to: order.record.hi) + order.record.cap)
        }
        mark.journaledEnd = max(mark.journaledEnd, order.record.segments.last?.end ?? 0)
        refuseWaiters(.journalFailing, &effects) { _ in false }
        refreshFastPath()
    }

    /// Stops issue for good, so that the next commit can write the exact position.
    ///
    /// - Returns: whether there is anything to write.
    package mutating func seal(effects: inout StockEffects) -> Bool {
        guard phase == .open else { return mark.isStale }
        phase = .sealed
        refuseWaiters(.shutdown, &effects) { _ in false }
        refreshFastPath()
        return mark.isStale || mark.order != nil || limit != next
    }

    /// Takes a mark back that a burst has left far ahead of today's use: what lies below it would be lost in a crash.
    ///
    /// First the limit in memory, then the journal. Should that commit be lost, an older mark stands, which is higher.
    mutating func takeBackMark(_ now: MonotonicTime) {
        guard phase == .open, mark.order == nil, parking.waiters.isEmpty else { return }
        let rate = max(rate.perSecond(now: now), rate.perSecondOverMinute(now: now))
        let due = max(rules.minWindow, Int64(min(rate * rules.window.inSeconds, 1e15)))
        guard issuable > due * TagStock.markSlack else { return }
        window.shrink(to: due)
        limit = position(after: due + due / 2, from: next)
        mark.isStale = true
    }

    /// How many windows of the present rate the mark may be ahead before it is taken back.
    private static let markSlack: Int64 = 4

    /// Where `hi` should go: a window and a half above the next ID, with room for whoever waits; never lower.
    private mutating func wantedMark(_ now: MonotonicTime) -> Int64 {
        guard phase == .open else { return limit }
        window.resize(issued: issued, now: now, rules: rules)
        return max(limit, position(after: wantedAhead, from: next))
    }

    /// As far toward `wanted` as the durable cap allows: a start that lost this commit resumes above it all the same.
    private func withinCap(_ wanted: Int64) -> Int64 {
        let isWithin = count(from: limit, to: min(wanted, mark.journaledEnd)) <= mark.cap
        guard !DuplicateGuard.cap.holds(isWithin) else { return wanted }
        return position(after: mark.cap, from: limit)
    }

    /// How many IDs ahead of the next one should lie below the mark.
    private var wantedAhead: Int64 {
        min(stock, window.size + window.size / 2 + waitingAhead)
    }

    /// How many IDs ahead the parked requests reach that the stock can serve, with what contiguous ones pass over.
    var waitingAhead: Int64 {
        var ahead: Int64 = 0
        for waiter in parking.waiters {
            var count = waiter.demand.count
            if waiter.demand.isContiguous {
                guard let start = contiguousStart(count, below: .max) else { continue }
                count += self.count(from: next, to: start)
            }
            if ahead + count <= stock { ahead += count + waiter.demand.more }
        }
        return ahead
    }

    /// Asks for a commit if the IDs below the limit run low, and more urgently the lower they are.
    func commitUrgency() -> CommitUrgency? {
        if phase == .sealed || phase == .gone || phase == .withheld { return mark.isStale ? .soon : nil }
        // A lease that no record has would be lost whole in a crash.
        if let end = segments.last?.end, end > mark.journaledEnd { return .now }
        let below = issuable
        if stock > below {
            if !parking.waiters.isEmpty || below <= window.size / 8 { return .now }
            if below <= window.size / 2 { return .soon }
        }
        return mark.isStale ? .soon : nil
    }
}
