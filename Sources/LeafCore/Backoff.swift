/// The wait before the next try after failures in a row: doubling, with jitter, so that a fleet does not come back as one.
package struct Backoff: Hashable, Sendable {
    /// The mean wait after the first failure.
    package static let first = Duration.milliseconds(50)
    /// The longest wait.
    package static let longest = Duration.seconds(5)

    package private(set) var failures = 0

    package init() {}

    /// Counts a failure and says how long to wait: half to all of the doubled time.
    package mutating func fail(using random: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(failures, 16)
        failures += 1
        let whole = min(Backoff.first.inNanoseconds << doublings, Backoff.longest.inNanoseconds)
        return .nanoseconds(Int64.random(in: whole / 2...whole, using: &random))
    }

    package mutating func succeed() {
        failures = 0
    }
}
