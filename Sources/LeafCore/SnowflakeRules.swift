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
package enum SnowflakeRefusal: Hashable, Sendable, CustomStringConvertible {
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

    package var description: String {
        switch self {
        case .leaseOver(let last, let now):
            "the worker id is leased up to \(UTCTime(milliseconds: last).iso8601), and leafd's time is "
                + "\(UTCTime(milliseconds: now).iso8601): put this host's clock right, or bring the central store back (HEALTH)"
        case .beforeEpoch(let now):
            "it is \(UTCTime(milliseconds: now).iso8601) by this host's clock, which is before snowflake.epoch: put the clock right"
        case .timeOver: "the time bits of snowflake.layout are used up: no further IDs can be made"
        case .tooMany(let max): "a request gets at most \(max) snowflakes: as many as a worker id has in a second"
        case .journalFailing: "the journal cannot be written, so no more snowflakes may be issued: see HEALTH"
        case .tooManyParked: "too many requests are waiting already (segments.max-parked): try again"
        case .shutdown: "leafd is stopping: connect again and repeat the request"
        }
    }
}
