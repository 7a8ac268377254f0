/// What one request asks of a tag.
package struct Demand: Hashable, Sendable {
    /// How many IDs, 1 and more: all or nothing.
    package let count: Int64
    /// Whether they must follow one another (INCRBY).
    package let isContiguous: Bool
    /// How many IDs the same connection will ask for right after: no promise, only a hint for the supply.
    package let more: Int64

    package init(count: Int64, isContiguous: Bool = false, more: Int64 = 0) {
        precondition(count >= 1 && more >= 0)
        self.count = count
        self.isContiguous = isContiguous
        self.more = more
    }
}

/// Names a parked request for whoever must be told of its outcome. The machines never look inside.
package struct ParkToken: Hashable, Sendable {
    /// Which receiver: an event loop.
    package let receiver: Int32
    /// Which request of that receiver.
    package let ticket: UInt64

    package init(receiver: Int32, ticket: UInt64) {
        self.receiver = receiver
        self.ticket = ticket
    }
}

/// Why a request gets no IDs.
package enum Refusal: Hashable, Sendable {
    /// No stock, and the store does not answer.
    case exhausted
    /// No such tag (any more).
    case noTag
    /// The tag's counter has reached its maximum.
    case overflow
    /// The daemon is stopping.
    case shutdown
    /// There is stock, but the journal cannot be written, so nothing more may be issued.
    case journalFailing
    /// Too many requests are waiting already.
    case tooManyParked
    /// This daemon holds no worker id to stamp snowflakes with.
    case noWorker
}

/// The outcome of a request that had to wait.
package struct ParkedAnswer: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case ids([IDRange])
        /// What it waited for has come: ask again.
        case again
        case refused(Refusal)
    }

    package let token: ParkToken
    package let outcome: Outcome

    package init(token: ParkToken, outcome: Outcome) {
        self.token = token
        self.outcome = outcome
    }
}

/// What a stock asks of its drivers after an event.
package struct StockEffects: Sendable {
    /// Write the tag's record: nil: not needed (or asked for before).
    package var commit: CommitUrgency?
    /// Lease a segment; asked for once until the load has been answered.
    package var wantsLoad = false
    /// Call `tick` in a second, and then when it says.
    package var becameActive = false
    /// Tell these.
    package var answers: [ParkedAnswer] = []

    package init() {}
}

package enum CommitUrgency: Int, Comparable, Sendable {
    /// There are IDs left below the mark for a good part of a window: gather with others.
    case soon
    /// Somebody waits, or is about to.
    case now

    package static func < (a: CommitUrgency, b: CommitUrgency) -> Bool { a.rawValue < b.rawValue }
}
