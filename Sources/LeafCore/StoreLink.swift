/// What the daemon knows of its central store: answering, or not, and when to try again.
///
/// One for the whole daemon, so that an outage is probed once per wait and not once per tag.
package struct StoreLink: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// Not tried yet since the start.
        case untried
        case up
        /// The last try failed. No lease goes out before `until`.
        case backingOff(until: MonotonicTime)
    }

    package private(set) var state = State.untried
    package private(set) var backoff = Backoff()
    /// When `up` last turned to `backingOff` or the other way.
    package private(set) var changedAt: MonotonicTime
    package private(set) var errors = 0

    package init(now: MonotonicTime) {
        changedAt = now
    }

    package var isUp: Bool { state == .up }

    /// Whether requests without stock must be refused at once instead of waiting for a lease.
    package var isBackingOff: Bool {
        if case .backingOff = state { true } else { false }
    }

    /// Whether a try may be made now.
    package func mayTry(now: MonotonicTime) -> Bool {
        if case .backingOff(let until) = state { now >= until } else { true }
    }

    /// When the next try is due, if one is waited for.
    package var retryAt: MonotonicTime? {
        if case .backingOff(let until) = state { until } else { nil }
    }

    /// The store answered. Returns true if it did not before.
    package mutating func succeeded(now: MonotonicTime) -> Bool {
        backoff.succeed()
        guard !isUp else { return false }
        state = .up
        changedAt = now
        return true
    }

    /// The store failed as a whole. Returns true if it was not known to be failing.
    package mutating func failed(now: MonotonicTime, using random: inout some RandomNumberGenerator) -> Bool {
        let isNews = !isBackingOff
        errors += 1
        if isNews { changedAt = now }
        state = .backingOff(until: now.advanced(by: backoff.fail(using: &random)))
        return isNews
    }
}
