internal import Glibc

/// A moment on the monotonic clock by which something must have happened. The monotonic clock, so that a corrected wall
/// clock neither cuts a wait short nor prolongs it.
struct Deadline: Sendable {
    private let moment: ContinuousClock.Instant

    init(in timeout: Duration) {
        moment = ContinuousClock.now.advanced(by: timeout)
    }

    /// What is left; zero once it has passed.
    var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: moment)) }

    var hasPassed: Bool { remaining == .zero }

    /// What is left for `poll`: rounded up, so that it does not spin through the last millisecond, and at most a minute,
    /// after which the caller looks again.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = remaining.components
        if seconds >= 60 { return 60_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// What is left for `SO_SNDTIMEO`, where zero would mean for ever.
    var timeval: timeval {
        let (seconds, attoseconds) = remaining.components
        return Glibc.timeval(tv_sec: Int(seconds), tv_usec: max(Int(attoseconds / 1_000_000_000_000), 1))
    }
}
