private import Foundation

/// When requests are due: at times that nothing but the rate decides, least of all the replies. That is what makes the load
/// open: a server that stalls for a second finds a second's requests due, and each has waited since its own time (no
/// coordinated omission, as Gil Tene named it).
struct Arrivals: Sendable {
    enum Spacing: Hashable, Sendable {
        /// One after the other at the same distance.
        case even
        /// At random: the gaps are distributed exponentially, as those of many independent clients are.
        case poisson(seed: UInt64)
    }

    private let requestsPerSecond: Double
    private let offset: Double
    private var random: SplitMix64?
    private var number: Int64 = 0
    /// In seconds since the start, of the request before.
    private var last = 0.0

    /// - Parameters:
    ///   - requestsPerSecond: of all threads together.
    ///   - thread: which of `threads` these are for. They share the rate; evenly spaced, each has every n-th request.
    init(requestsPerSecond: Double, _ spacing: Spacing, thread: Int = 0, of threads: Int = 1) {
        precondition(requestsPerSecond > 0 && threads > 0 && (0..<threads).contains(thread))
        self.requestsPerSecond = requestsPerSecond / Double(threads)
        offset = Double(thread) / requestsPerSecond
        if case .poisson(let seed) = spacing {
            // Each thread's own: the sum of Poisson processes is one.
            random = SplitMix64(seed: seed &+ UInt64(thread) &* 0x9E37_79B9_7F4A_7C15)
        }
    }

    /// When the next request is due, in nanoseconds since the start.
    mutating func next() -> Int64 {
        let seconds: Double
        if random != nil {
            last += -log(1 - random!.unit()) / requestsPerSecond
            seconds = last
        } else {
            // Each from its number, so that no rounding adds up.
            seconds = offset + Double(number) / requestsPerSecond
            number += 1
        }
        return Int64((seconds * 1e9).rounded())
    }
}
