#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// How fast a tag issues: the last second, and exponentially weighted means over one and ten minutes, in IDs a second.
///
/// It is fed about once a second while the tag is in use, every few seconds while it is hardly in use, and not at all while it
/// is idle: readings decay with the time that has passed since.
package struct RateMeter: Hashable, Sendable {
    private var lastSecond = 0.0
    private var minute = 0.0
    private var tenMinutes = 0.0
    private var issuedThen: Int64
    private var readAt: MonotonicTime

    package init(issued: Int64, now: MonotonicTime) {
        issuedThen = issued
        readAt = now
    }

    /// Takes in the total issued so far. Readings closer than a millisecond to the last one are left for the next.
    package mutating func update(issued: Int64, now: MonotonicTime) {
        let elapsed = now.since(readAt).inSeconds
        guard elapsed >= 0.001 else { return }
        let rate = Double(issued - issuedThen) / elapsed
        lastSecond = rate
        minute = mix(minute, rate, elapsed, over: 60)
        tenMinutes = mix(tenMinutes, rate, elapsed, over: 600)
        issuedThen = issued
        readAt = now
    }

    /// For how long the last reading counts: longer than any time between two.
    private static let readingAge = Duration.seconds(TagStock.slowTickSeconds + 1)

    /// IDs a second over the last reading; zero when that is older than any should be.
    package func perSecond(now: MonotonicTime) -> Double { now.since(readAt) > RateMeter.readingAge ? 0 : lastSecond }
    package func perSecondOverMinute(now: MonotonicTime) -> Double { decayed(minute, now, over: 60) }
    package func perSecondOverTenMinutes(now: MonotonicTime) -> Double { decayed(tenMinutes, now, over: 600) }

    private func mix(_ mean: Double, _ rate: Double, _ elapsed: Double, over seconds: Double) -> Double {
        let keep = exp(-elapsed / seconds)
        return mean * keep + rate * (1 - keep)
    }

    private func decayed(_ mean: Double, _ now: MonotonicTime, over seconds: Double) -> Double {
        mean * exp(-now.since(readAt).inSeconds / seconds)
    }
}
