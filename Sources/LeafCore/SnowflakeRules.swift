/// What holds for all worker ids of a daemon, unchanged for its life.
package struct SnowflakeRules: Hashable, Sendable {
    package let format: SnowflakeFormat
    /// How far ahead of the clock the journal's mark is moved, in milliseconds: a crash makes a start begin that much later.
    package let window: Int64
    /// How many units a worker may be ahead of the clock, so that a unit that is used up delays nobody.
    package let unitsAhead: Int64
    /// How many units one request may reach beyond the clock.
    package let unitsAtOnce: Int64

    package init(format: SnowflakeFormat, window: Duration) {
        self.format = format
        self.window = max(10, window.inNanoseconds / 1_000_000)
        unitsAhead = min(4, 40 / format.unit)
        unitsAtOnce = max(1, 1000 / format.unit)
    }

    /// The most IDs of one request: what a worker has in a second.
    package var countMax: Int64 { unitsAtOnce * format.layout.idsPerUnit }
}

/// Why a request gets no snowflakes.
package enum SnowflakeRefusal: Hashable, Sendable {
    /// The worker's lease of time ends before the clock: it must be renewed, or the clock put right. Milliseconds since 1970.
    case leaseOver(last: Int64, now: Int64)
    /// The clock stands before the epoch.
    case beforeEpoch(now: Int64)
    /// The time bits are used up.
    case timeOver
    case tooMany(max: Int64)
    case journalFailing
    case tooManyParked
    case shutdown
}
