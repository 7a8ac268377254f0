/// The tries that follow a failure which a moment mends: a deadlock, a lock held too long, a serialization failure.
///
/// Apart from `Backoff`, which waits for a store to come back: here it is there, and somebody is in the way.
package struct Retries: Hashable, Sendable {
    /// The most tries, the first one included.
    package static let triesMax = 5
    package static let shortestPause = Duration.milliseconds(1)
    /// The longest pause, before the last try; the ones before are half as long each.
    package static let longestPause = Duration.milliseconds(20)

    private let limit: Duration
    private var failures = 0

    /// - Parameter limit: how long all tries may take together. A try that has waited so long by itself, as those of SQLite do,
    ///   is followed by no other.
    package init(limit: Duration) {
        self.limit = limit
    }

    /// Counts a failure.
    ///
    /// - Parameter elapsed: since the first try began.
    /// - Returns: how long to wait before the next try; nil: no more, it counts as failed.
    package mutating func pause(elapsed: Duration, using random: inout some RandomNumberGenerator) -> Duration? {
        failures += 1
        guard failures < Retries.triesMax else { return nil }
        let longest = Retries.longestPause.inNanoseconds >> (Retries.triesMax - 1 - failures)
        let pause = Duration.nanoseconds(
            Int64.random(in: Retries.shortestPause.inNanoseconds...longest, using: &random))
        return elapsed + pause <= limit ? pause : nil
    }
}
