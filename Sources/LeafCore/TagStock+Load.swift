/// Where new segments come from: the load under way, and what the next one should bring.
struct Supply: Hashable, Sendable {
    enum Load: Hashable, Sendable {
        case idle
        /// Asked for; the driver sends it as soon as the store may be tried.
        case wanted
        /// The one with this number.
        case inFlight(UInt64)
    }

    var load = Load.idle
    var orders: UInt64 = 0
    var floor: Int64
    /// 0 before the first lease.
    var step: Int64
    var tableStep: Int64
    var lastLoadAt: MonotonicTime?
    var loads = 0
    /// Why no further lease can come, until the table has been read anew.
    var ended: Refusal?
    /// How long the last lease took, from its order to its reply.
    var lastLoadTook: Duration?

    init(floor: Int64, step: Int64, tableStep: Int64) {
        self.floor = floor
        self.step = step
        self.tableStep = tableStep
    }

    var isEnded: Bool { ended != nil }

    var isInFlight: Bool {
        if case .inFlight = load { true } else { false }
    }

    /// The first position at which more than the threshold's share of `segment` is used.
    func preloadAt(_ segment: Segment, threshold: Double) -> Int64 {
        min(segment.end, segment.start + Int64(Double(segment.count) * threshold) + 1)
    }
}

/// A lease to be asked of the central store.
package struct LoadOrder: Hashable, Sendable {
    package let incarnation: UInt64
    /// IDs to ask for.
    package let count: Int64
    package let floor: Int64
    /// Where to set a counter that is found below the floor.
    package let jump: Int64
    /// The step that a success makes the tag's dynamic step.
    let step: Int64
    let number: UInt64
    let sentAt: MonotonicTime
}

/// Why a load brought nothing.
package enum LoadFailure: Hashable, Sendable {
    /// The store did not answer, or its answer may not be used. Tried again later.
    case store
    /// The tag has no row.
    case noTag
    /// The counter is at its maximum.
    case overflow
    /// The row gave an answer that may not be used. Not tried again before the table has been read anew.
    case unusable
}

extension TagStock {
    /// The lease to ask for now, if one is wanted and none is under way.
    package mutating func beginLoad(now: MonotonicTime) -> LoadOrder? {
        guard supply.load == .wanted else { return nil }
        let step = nextStep(now)
        supply.orders += 1
        let floor = DuplicateGuard.floor.isOn ? supply.floor : 0
        let gap = DuplicateGuard.gap.isOn ? rules.failoverGap : 0
        let (jump, overflow) = floor.addingReportingOverflow(floor > 0 ? gap : 0)
        let order = LoadOrder(
            incarnation: incarnation, count: loadCount(step: step, now), floor: floor,
            jump: overflow ? .max : jump, step: step, number: supply.orders, sentAt: now)
        supply.load = .inFlight(order.number)
        return order
    }

    /// The store has acknowledged a lease.
    ///
    /// - Parameter tableStep: the row's, if the reply brought it.
    /// - Returns: false if the segment may not be used: it is below what this host was leased before, or the stock it was
    ///   meant for has been given up since. It is then nobody's: a gap.
    package mutating func loaded(
        _ order: LoadOrder, segment: Segment, tableStep: Int64?, now: MonotonicTime, effects: inout StockEffects
    ) -> Bool {
        guard supply.load == .inFlight(order.number) else { return false }
        supply.load = .idle
        guard order.incarnation == incarnation, DuplicateGuard.floor.holds(segment.start >= supply.floor),
            !segment.isEmpty,
            phase == .open || phase == .withheld
        else {
            counters.loadFailures += 1
            review(now, &effects)
            return false
        }
        append(segment)
        supply.floor = segment.end
        supply.step = order.step
        supply.tableStep = tableStep ?? supply.tableStep
        supply.lastLoadAt = now
        supply.lastLoadTook = now.since(order.sentAt)
        supply.loads += 1
        supply.ended = nil
        counters.loads += 1
        mark.isStale = true
        review(now, &effects)
        return true
    }

    /// The load brought nothing. Whoever the stock cannot serve is told so, at once.
    package mutating func loadFailed(
        _ order: LoadOrder, _ failure: LoadFailure, now: MonotonicTime, effects: inout StockEffects
    ) {
        guard supply.load == .inFlight(order.number) else { return }
        counters.loadFailures += 1
        switch failure {
        case .store:
            supply.load = .wanted
            refuseBeyondStock(.exhausted, &effects)
        case .noTag: endSupply(.noTag, &effects)
        case .overflow: endSupply(.overflow, &effects)
        case .unusable: endSupply(.exhausted, &effects)
        }
        review(now, &effects)
    }

    private mutating func endSupply(_ refusal: Refusal, _ effects: inout StockEffects) {
        supply.load = .idle
        supply.ended = refusal
        refuseBeyondStock(refusal, &effects)
    }

    /// The load brought nothing, but the next will: the tag has just been created.
    package mutating func loadAgain(_ order: LoadOrder) {
        guard supply.load == .inFlight(order.number) else { return }
        supply.load = .wanted
    }

    /// The store is backing off, so that the load that was asked for will not go out yet.
    package mutating func loadPostponed(effects: inout StockEffects) {
        guard supply.load == .wanted else { return }
        refuseBeyondStock(.exhausted, &effects)
    }

    /// Asks for a first segment before anybody needs it.
    package mutating func warm(now: MonotonicTime, effects: inout StockEffects) {
        guard segments.isEmpty, supply.load == .idle, !supply.isEnded, phase == .open else { return }
        supply.load = .wanted
        effects.wantsLoad = true
    }

    /// The central table has been read, and this is the tag's row: whatever ended its supply may be mended.
    package mutating func described(tableStep: Int64, now: MonotonicTime, effects: inout StockEffects) {
        supply.tableStep = tableStep
        supply.ended = nil
        if phase == .gone { phase = .open }
        review(now, &effects)
    }

    /// The central table has been read, and the tag is not in it: no more leases, and after its stock, no such tag.
    ///
    /// - Returns: whether nothing is left to remember of it.
    package mutating func vanished(effects: inout StockEffects) -> Bool {
        supply.ended = .noTag
        if supply.load == .wanted { supply.load = .idle }
        refuseBeyondStock(.noTag, &effects)
        refreshFastPath()
        return stock == 0 && supply.floor == 0 && !supply.isInFlight
    }

    private mutating func append(_ segment: Segment) {
        if segments.isEmpty || segments.count == 1 && next >= segments[0].end {
            segments = [segment]
            queued = 0
            enterSegments()
        } else {
            segments.append(segment)
            queued += segment.count
        }
    }

    // MARK: How much, and when

    private func nextStep(_ now: MonotonicTime) -> Int64 {
        guard supply.loads >= 2, supply.step > 0, let lastLoadAt = supply.lastLoadAt else {
            return max(supply.step, rules.step.initial(tableStep: supply.tableStep))
        }
        // A load for the reserve's sake says nothing about how long a segment lasts.
        guard isThroughThreshold else { return supply.step }
        return rules.step.next(after: supply.step, life: now.since(lastLoadAt), tableStep: supply.tableStep)
    }

    private func loadCount(step: Int64, _ now: MonotonicTime) -> Int64 {
        let wanted = max(step, parking.demand - stock, reserveCount(now))
        let contiguous = parking.waiters.reduce(0) { $1.demand.isContiguous ? max($0, $1.demand.count) : $0 }
        return max(min(wanted, rules.step.maxStep), contiguous)
    }

    private func reserveShortfall(_ now: MonotonicTime) -> Double {
        let target = rate.perSecondOverTenMinutes(now: now) * rules.reserve.inSeconds
        return max(0, min(target - Double(stock), 1e15))
    }

    /// What the reserve asks for: what it lacks, and what will be used in the life of a segment, so that it is not short again
    /// a second later.
    private func reserveCount(_ now: MonotonicTime) -> Int64 {
        let shortfall = reserveShortfall(now)
        guard shortfall >= 1 else { return 0 }
        let use = rate.perSecondOverTenMinutes(now: now) * rules.step.longLife.inSeconds
        return Int64(min(shortfall + use, 1e15))
    }

    private func reserveIsShort(_ now: MonotonicTime) -> Bool {
        segments.count < rules.maxSegments && reserveShortfall(now) >= 1
    }

    private var isThroughThreshold: Bool {
        switch segments.count {
        case 0: true
        case 1: next >= supply.preloadAt(segments[0], threshold: rules.preloadThreshold)
        default: false
        }
    }

    private var waitersExceedStock: Bool {
        guard !parking.waiters.isEmpty else { return false }
        return parking.demand > stock
            || parking.contiguous > 0
                && parking.waiters.contains {
                    $0.demand.isContiguous && contiguousStart($0.demand.count, below: .max) == nil
                }
    }

    /// Looks at everything after a change: is a commit due, is a lease, how far does the fast path reach?
    mutating func review(_ now: MonotonicTime, _ effects: inout StockEffects) {
        enterSegments()
        if phase == .open && issuable == 0 && stock > 0 { window.runOut(issued: issued) }
        if let urgency = commitUrgency(), mark.order == nil, mark.wish.map({ $0 < urgency }) ?? true {
            mark.wish = urgency
            effects.commit = max(effects.commit ?? urgency, urgency)
        }
        if supply.load == .idle, !supply.isEnded, phase == .open || phase == .withheld && stock == 0,
            waitersExceedStock || isActive && (isThroughThreshold || reserveIsShort(now))
        {
            supply.load = .wanted
            effects.wantsLoad = true
        }
        refreshFastPath()
    }
}
