/// What the plays of one row came to.
package struct FaultSum: Sendable {
    package internal(set) var plays = 0
    /// In how many of them the fault was seen to happen.
    package internal(set) var happened = 0
    package internal(set) var ids = 0
    package internal(set) var duplicates = 0
    /// IDs that two images of one memory gave out before they were told of each other.
    package internal(set) var repeatedByTwins = 0
    /// IDs of a worker id that were not above the one before, in one daemon or across its restarts.
    package internal(set) var descending = 0
    /// While the fault lasts, and once it is over or undone.
    package internal(set) var stalls = [FaultStall(), FaultStall()]
    /// How far stamps were ahead of the true time, and behind it, in milliseconds.
    package internal(set) var ahead: Int64 = 0
    package internal(set) var behind: Int64 = 0
    /// In how many plays a client was told so.
    package internal(set) var told: [FaultReply: Int] = [:]
    /// The first other rule that was broken, and in which seed.
    package internal(set) var violation: (seed: UInt64, violation: Violation)?

    package init() {}

    package static func += (a: inout FaultSum, b: FaultSum) {
        a.plays += b.plays
        a.happened += b.happened
        a.ids += b.ids
        a.duplicates += b.duplicates
        a.repeatedByTwins += b.repeatedByTwins
        a.descending += b.descending
        for index in a.stalls.indices { a.stalls[index] += b.stalls[index] }
        a.ahead = max(a.ahead, b.ahead)
        a.behind = max(a.behind, b.behind)
        a.told.merge(b.told, uniquingKeysWith: +)
        a.violation = a.violation ?? b.violation
    }
}

/// What a client is told that gets no snowflake.
package enum FaultReply: String, Hashable, Sendable, CaseIterable {
    case clock = "-CLOCK"
    case noWorker = "-NOWORKER"
    case unhealthy = "-UNHEALTHY"
}

/// For how long a client that went on asking got nothing.
package struct FaultStall: Hashable, Sendable {
    /// Of those that ended by themselves.
    package internal(set) var longest = Duration.zero
    /// How many lasted until the fault was undone, or the play was over.
    package internal(set) var unended = 0
    package internal(set) var longestUnended = Duration.zero

    /// Shorter, it is a request under way.
    private static var unendedMin: Duration { .seconds(1) }

    init() {}

    mutating func note(_ duration: Duration, hasEnded: Bool) {
        if hasEnded || duration < FaultStall.unendedMin {
            longest = max(longest, duration)
        } else {
            unended += 1
            longestUnended = max(longestUnended, duration)
        }
    }

    static func += (a: inout FaultStall, b: FaultStall) {
        a.longest = max(a.longest, b.longest)
        a.unended += b.unended
        a.longestUnended = max(a.longestUnended, b.longestUnended)
    }
}
