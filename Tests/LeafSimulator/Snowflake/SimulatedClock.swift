/// The clocks of a machine: what its daemons believe of the time.
struct SimulatedClock {
    /// The world's time when the machine was booted.
    var bootedAt = MonotonicTime(nanoseconds: 0)
    /// The wall clock less the true time, in microseconds.
    var wallOffset: Int64 = 0

    /// The true time at the world's zero, in milliseconds since 1970.
    static let base: Int64 = 1_567_733_700_000

    /// The true time, in microseconds since 1970.
    static func trueTime(_ now: MonotonicTime) -> Int64 { base * 1000 + Int64(now.nanoseconds / 1000) }

    func reading(_ now: MonotonicTime) -> ClockReading {
        ClockReading(
            boot: MonotonicTime(nanoseconds: now.nanoseconds - min(now.nanoseconds, bootedAt.nanoseconds)),
            wall: SimulatedClock.trueTime(now) + wallOffset)
    }
}
