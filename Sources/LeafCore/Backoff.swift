/// The wait before the next try after failures in a row: random up to a bound that doubles, so that a fleet which failed in
/// one moment does not come back in one.
package struct Backoff: Hashable, Sendable {
    /// The longest wait after the first failure.
    package static let first = Duration.milliseconds(50)
    /// The longest wait of all.
    package static let longest = Duration.seconds(5)
    /// The shortest.
    package static let shortest = Duration.milliseconds(1)

    package private(set) var failures = 0

    package init() {}

    /// Counts a failure and says how long to wait.
    package mutating func fail(using random: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(failures, 16)
        failures += 1
        let bound = min(Backoff.first.inNanoseconds << doublings, Backoff.longest.inNanoseconds)
        return .nanoseconds(Int64.random(in: Backoff.shortest.inNanoseconds...bound, using: &random))
    }

    package mutating func succeed() {
        failures = 0
    }
}
