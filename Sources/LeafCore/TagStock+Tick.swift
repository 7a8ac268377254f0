extension TagStock {
    /// The seconds without an ID after which `tick` is no longer needed.
    private static let idleSecondsMax = 10
    /// The seconds from one tick to the next of a tag that issues less than its least window in a second: each of its commits
    /// looks after the same things, and there may be a hundred thousand such tags.
    package static let slowTickSeconds = 4

    /// Every so often while in use: measures the rate, takes back a mark too far ahead, asks for what the reserve lacks.
    ///
    /// - Returns: in how many seconds it is to be called again, 1 or `slowTickSeconds`; nil when the tag has fallen idle, and
    ///   needs no more ticks until it says so (`becameActive`).
    package mutating func tick(now: MonotonicTime, effects: inout StockEffects) -> Int? {
        rate.update(issued: issued, now: now)
        let perSecond = rate.perSecond(now: now)
        // Twice in a row: a tag has just woken up at its first tick.
        let wasSlow = isSlow
        isSlow = perSecond < Double(rules.minWindow) && parking.waiters.isEmpty
        let pause = isSlow && wasSlow ? TagStock.slowTickSeconds : 1
        idleSeconds = perSecond == 0 ? idleSeconds + pause : 0
        takeBackMark(now)
        isActive = idleSeconds < TagStock.idleSecondsMax || !parking.waiters.isEmpty
        review(now, &effects)
        return isActive ? pause : nil
    }

    mutating func wake(_ now: MonotonicTime, _ effects: inout StockEffects) {
        guard !isActive else { return }
        isActive = true
        idleSeconds = 0
        isSlow = false
        rate.update(issued: issued, now: now)
        effects.becameActive = true
    }

    /// What STATS tells of the tag.
    package func snapshot(now: MonotonicTime) -> StockSnapshot {
        StockSnapshot(
            counters: counters, issued: issued, served: issued - counters.furtherIDs, stock: phase == .open ? stock : 0,
            waiting: waiting,
            perSecond: rate.perSecond(now: now), perSecondOverMinute: rate.perSecondOverMinute(now: now),
            perSecondOverTenMinutes: rate.perSecondOverTenMinutes(now: now),
            step: supply.step > 0 ? supply.step : rules.step.initial(tableStep: supply.tableStep),
            tableStep: supply.tableStep, lastLoadTook: supply.lastLoadTook, floor: supply.floor, segments: segments,
            next: next, limit: limit)
    }
}

/// The state of one tag at one moment, for STATS.
package struct StockSnapshot: Sendable {
    package let counters: StockCounters
    package let issued: Int64
    /// Requests answered with IDs.
    package let served: Int64
    package let stock: Int64
    package let waiting: Int
    package let perSecond: Double
    package let perSecondOverMinute: Double
    package let perSecondOverTenMinutes: Double
    package let step: Int64
    package let tableStep: Int64
    package let lastLoadTook: Duration?
    /// The end of the last segment ever leased.
    package let floor: Int64
    package let segments: [Segment]
    package let next: Int64
    package let limit: Int64
}
