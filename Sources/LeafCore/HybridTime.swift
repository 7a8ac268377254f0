/// Readings of two clocks, one right after the other.
package struct ClockReading: Hashable, Sendable {
    /// CLOCK_BOOTTIME: never goes backward, and goes on while the host is suspended.
    package let boot: MonotonicTime
    /// CLOCK_REALTIME, in microseconds since 1970: what the host believes. It may step.
    package let wall: Int64

    package init(boot: MonotonicTime, wall: Int64) {
        self.boot = boot
        self.wall = wall
    }
}

/// The time that snowflakes are stamped with, in microseconds since 1970: set by the wall clock once, then carried on by the
/// clock that never goes backward, and led toward the wall clock by going slower or faster, never back.
///
/// A step of the wall clock by less than a second is caught up with. A larger one is not believed until a second clock, the
/// database's, says the same, or it has stood for ten minutes: then time is set forward at once, and back by going at half
/// speed. Nothing here keeps IDs apart: that do the position, the mark and the lease of a `SnowflakeWorker`, whatever this says.
package struct HybridTime: Hashable, Sendable {
    /// In microseconds since 1970.
    package private(set) var now: Int64
    /// The wall clock less `now`, at the last reading, in microseconds.
    package private(set) var offset: Int64
    /// How often the wall clock has stepped.
    package private(set) var steps: Int64 = 0
    private var last: ClockReading
    /// What takes the steps of the wall clock back that are not believed, in microseconds.
    private var correction: Int64 = 0
    /// When the wall clock last did what is not believed.
    private var doubtedAt: MonotonicTime

    /// What the two clocks may drift apart between two readings without it being a step, in microseconds.
    private static let stepMin: Int64 = 500
    /// A step that is not believed at once, in microseconds.
    private static let doubtfulStep: Int64 = 1_000_000
    /// How long the wall clock must stand by a step to be believed.
    private static var doubt: Duration { .seconds(600) }
    /// How far two clocks may be apart to confirm each other, in microseconds.
    private static let agreement: Int64 = 1_000_000
    /// Behind by more, it is set forward when the wall clock is believed; in microseconds.
    private static let jumpMin: Int64 = 100_000

    /// - Parameter floor: it begins no earlier, in microseconds since 1970.
    package init(_ reading: ClockReading, notBefore floor: Int64 = 0) {
        now = max(reading.wall, floor)
        offset = reading.wall - now
        last = reading
        doubtedAt = reading.boot
    }

    /// - Returns: the time, never lower than before.
    package mutating func advance(to reading: ClockReading) -> Int64 {
        let passed = HybridTime.microseconds(from: last.boot, to: reading.boot)
        guard passed > 0 else { return now }
        let drift = (reading.wall - last.wall) - passed
        last = reading
        if abs(drift) > HybridTime.stepMin { steps += 1 }
        if abs(drift) >= HybridTime.doubtfulStep {
            correction -= drift
            doubtedAt = reading.boot
        } else if correction != 0, reading.boot.since(doubtedAt) >= HybridTime.doubt {
            believe()
        }
        now += passed
        // At most twice as fast, and half as fast, as time goes by.
        now += max(min(reading.wall + correction - now, passed), -(passed / 2))
        offset = reading.wall - now
        return now
    }

    /// Compares with a second clock.
    ///
    /// - Parameter database: its time at the reading, in microseconds since 1970.
    package mutating func compare(_ reading: ClockReading, database: Int64) {
        _ = advance(to: reading)
        if abs(reading.wall - database) <= HybridTime.agreement {
            believe()
        } else if abs(now - database) <= HybridTime.agreement * 5 {
            doubtedAt = reading.boot
        }
        offset = reading.wall - now
    }

    private mutating func believe() {
        correction = 0
        if last.wall - now > HybridTime.jumpMin { now = last.wall }
    }

    /// Sets it back to the wall clock, but not below `floor`: for a time that must not be stamped anyway.
    package mutating func fallBack(notBelow floor: Int64) {
        now = min(now, max(last.wall, floor))
        correction = 0
        offset = last.wall - now
    }

    /// Whole microseconds between two readings; those of all pairs of readings add up.
    private static func microseconds(from a: MonotonicTime, to b: MonotonicTime) -> Int64 {
        guard b > a else { return 0 }
        return Int64(b.nanoseconds / 1000) - Int64(a.nanoseconds / 1000)
    }
}
