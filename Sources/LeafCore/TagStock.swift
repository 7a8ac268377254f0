/// The stock of one tag: segments leased and not yet issued, and how far they may be issued.
///
/// Two rules keep every ID unique. IDs come only from segments whose lease the central store has acknowledged, in
/// ascending order, each once. And none at or above `limit` is issued: `limit` is the journal's mark `hi`, raised only when
/// a commit that carries it has been acknowledged, so that a restart from the journal resumes above everything issued.
///
/// A pure machine: events are its methods, what is to be done comes back as `StockEffects`. Its neighbours in this folder
/// hold the rest of it: `TagStock+Commit` (the mark), `TagStock+Load` (the supply), `TagStock+Parking` (who waits).
package struct TagStock: Sendable {
    package enum Phase: Hashable, Sendable {
        case open
        /// There is stock, but nothing of it may be issued before the central store has confirmed that it is the same one.
        case withheld
        /// The daemon is stopping: nothing is issued any more, so that the exact position can be written.
        case sealed
        /// The tag was dropped.
        case gone
    }

    package internal(set) var phase: Phase
    package internal(set) var incarnation: UInt64
    package internal(set) var epoch: UInt64
    let rules: StockRules

    // The hot path reads and writes these two alone.
    /// The next ID to issue, within `segments[0]` (or its end).
    package internal(set) var next: Int64
    /// Up to here IDs may be taken with nothing else to think of.
    var fastEnd: Int64

    /// `segments[0]` is the one being issued from.
    package internal(set) var segments: [Segment]
    /// IDs in `segments[1...]`.
    var queued: Int64
    /// Nothing at or above it may be issued.
    package internal(set) var limit: Int64

    var mark: Mark
    var supply: Supply
    var window: Window
    var parking: Parking
    package internal(set) var counters: StockCounters
    var rate: RateMeter
    /// Whether `tick` comes. An idle stock's next request takes the slow path and wakes it.
    var isActive = false
    /// For how long `tick` has seen no ID issued.
    var idleSeconds = 0
    /// The last tick found little issued.
    var isSlow = false

    /// A tag without stock: new, or known from the central table only.
    package init(epoch: UInt64, floor: Int64 = 0, tableStep: Int64, rules: StockRules, now: MonotonicTime) {
        self.init(
            record: TagRecord(
                incarnation: 1, epoch: epoch, segments: [], hi: 0, cap: 0, position: 0, floor: floor, step: 0,
                tableStep: tableStep),
            from: .hi, rules: rules, now: now)
        mark.isStale = floor > 0
    }

    /// Where a start goes on from in a journaled record.
    package enum Resume: Hashable, Sendable {
        /// Proven to be the newest commit of this very journal.
        case hi
        /// Perhaps one commit behind: above anything the next commit may have allowed.
        case hiPlusCap
    }

    /// Takes up a journaled record.
    package init(record: TagRecord, from resume: Resume, rules: StockRules, now: MonotonicTime) {
        phase = .open
        incarnation = record.incarnation
        epoch = record.epoch
        self.rules = rules
        segments = record.segments
        queued = record.segments.dropFirst().reduce(0) { $0 + $1.count }
        next = record.hi
        limit = record.hi
        fastEnd = record.hi
        mark = Mark(cap: record.cap, journaledEnd: record.segments.last?.end ?? 0)
        supply = Supply(floor: record.floor, step: record.step, tableStep: record.tableStep)
        window = Window(size: rules.minWindow, issued: 0, now: now)
        parking = Parking()
        counters = StockCounters(issuedOffset: -record.hi, lost: record.hi - record.position)
        rate = RateMeter(issued: 0, now: now)
        enterSegments()
        if resume == .hiPlusCap && DuplicateGuard.cap.isOn { skipUnproven(record.cap) }
    }

    // MARK: What is there

    /// IDs leased and not yet issued, whether below the limit or not.
    package var stock: Int64 {
        guard let head = segments.first else { return 0 }
        return head.end - next + queued
    }

    /// IDs that may be issued without any commit.
    package var issuable: Int64 { count(from: next, to: limit) }

    /// IDs issued since the daemon started.
    package var issued: Int64 { counters.issuedOffset + next }

    // MARK: The hot path

    /// One ID, if nothing stands in the way. Otherwise `request` finds out what does.
    package mutating func takeOne() -> Int64? {
        let id = next
        guard id < fastEnd else { return nil }
        next = id + 1
        return id
    }

    /// Up to `most` IDs in a row, at least one, if nothing stands in the way.
    package mutating func takeRun(upTo most: Int64) -> IDRange? {
        let first = next
        let count = min(most, fastEnd - first)
        guard count > 0 else { return nil }
        next = first + count
        return IDRange(first: first, last: next - 1)
    }

    // MARK: Positions

    /// IDs of the stock in [from, to).
    func count(from: Int64, to: Int64) -> Int64 {
        var sum: Int64 = 0
        for segment in segments {
            if segment.start >= to { break }
            sum += max(0, min(segment.end, to) - max(segment.start, from))
        }
        return sum
    }

    /// The position `count` IDs of the stock after `from`: the ID that follows them, or the end of the last segment.
    func position(after count: Int64, from: Int64) -> Int64 {
        var left = count
        var position = from
        for segment in segments where segment.end > from {
            if left <= 0 { break }
            let start = max(segment.start, from)
            let step = min(left, segment.end - start)
            position = start + step
            left -= step
        }
        return position
    }

    /// Leaves used-up segments behind and stands at the first ID to issue.
    mutating func enterSegments() {
        while let head = segments.first, next >= head.end {
            segments.removeFirst()
            if let following = segments.first {
                queued -= following.count
                counters.bufferSwitches += 1
            }
        }
        if let head = segments.first, next < head.start { move(to: head.start) }
        if limit < next { limit = next }
    }

    /// Sets the next ID without counting what is passed over as issued.
    mutating func move(to position: Int64) {
        counters.issuedOffset += next - position
        next = position
    }

    private mutating func skipUnproven(_ cap: Int64) {
        let position = position(after: cap, from: next)
        counters.lost += count(from: next, to: position)
        move(to: position)
        limit = position
        enterSegments()
        fastEnd = next
        // The skip must be written before another start may take this record for proven; and with the cap used up, the
        // commit that writes it may not raise `hi` any further.
        mark.isStale = true
        mark.cap = 0
    }

    /// Takes up a journaled record at a start, as far as `recovery` allows.
    ///
    /// Asks for the commit that must come before anything else of the journal is written. A tag whose record needs no change
    /// is left as it is until somebody asks for an ID: each mark set ahead is lost in a crash.
    ///
    /// - Parameter epoch: the header's, as this start will write it.
    package static func recovered(
        _ record: TagRecord, _ recovery: Recovery, epoch: UInt64, rules: StockRules, now: MonotonicTime,
        effects: inout StockEffects
    ) -> TagStock {
        var stock = TagStock(record: record, from: recovery.resume, rules: rules, now: now)
        if !DuplicateGuard.epoch.holds(record.epoch == epoch) {
            stock.giveUp(epoch: epoch, now: now, effects: &effects)
        } else if recovery.withholdsStock {
            stock.withhold()
        }
        if stock.mark.isStale {
            stock.mark.wish = .now
            effects.commit = .now
        }
        return stock
    }

    /// Sets `fastEnd` to the first ID at which something else must be done than to count up.
    mutating func refreshFastPath() {
        let mayIssue = phase == .open || phase == .sealed && !DuplicateGuard.sealing.isOn
        guard mayIssue, isActive, let head = segments.first else {
            fastEnd = next
            return
        }
        var end = min(head.end, limit)
        if mark.order == nil && limit < segments[segments.count - 1].end {
            switch mark.wish {
            case nil: end = min(end, next + max(0, issuable - window.size / 2))
            case .soon: end = min(end, next + max(0, issuable - window.size / 8))
            case .now: break
            }
        }
        if supply.load == .idle && !supply.isEnded && segments.count == 1 {
            let preloadAt = supply.preloadAt(head, threshold: rules.preloadThreshold)
            if preloadAt > next { end = min(end, preloadAt) }
        }
        fastEnd = max(next, end)
    }
}

/// What a stock counts for STATS, since the daemon started.
package struct StockCounters: Hashable, Sendable {
    /// `issued` less `next`.
    var issuedOffset: Int64
    /// IDs that a crash may have left unissued, or that were given up.
    package internal(set) var lost: Int64
    /// IDs passed over because they were too few in a row for an INCRBY.
    package internal(set) var abandoned: Int64 = 0
    package internal(set) var bufferSwitches: Int64 = 0
    package internal(set) var loads: Int64 = 0
    package internal(set) var loadFailures: Int64 = 0
    /// IDs that requests got beyond their first.
    var furtherIDs: Int64 = 0
    /// Requests that got no ID.
    package internal(set) var failed: Int64 = 0
    /// Requests that had to wait.
    package internal(set) var waits: Int64 = 0

    init(issuedOffset: Int64, lost: Int64) {
        self.issuedOffset = issuedOffset
        self.lost = lost
    }
}
