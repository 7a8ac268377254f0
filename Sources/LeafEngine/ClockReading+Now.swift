private import Glibc
internal import LeafCore

extension ClockReading {
    /// Reads both clocks, without a system call where the kernel allows that.
    static func now() -> ClockReading {
        var (boot, wall) = (timespec(), timespec())
        clock_gettime(CLOCK_BOOTTIME, &boot)
        clock_gettime(CLOCK_REALTIME, &wall)
        let nanoseconds = UInt64(boot.tv_sec) * 1_000_000_000 + UInt64(boot.tv_nsec)
        // A clock set to the year 294,247 or later is taken for that year.
        let (seconds, overflow) = Int64(wall.tv_sec).multipliedReportingOverflow(by: 1_000_000)
        return ClockReading(
            boot: MonotonicTime(nanoseconds: nanoseconds),
            wall: overflow ? .max / 2 : min(max(seconds, 0), .max / 2) + Int64(wall.tv_nsec) / 1000)
    }
}
