private import Glibc

extension String {
    /// 32 random hexadecimal digits, for ids and nonces.
    ///
    /// The clock is mixed in: of one memory image resumed twice, both draw the same numbers at first, and these are what
    /// tells the two apart.
    package static func randomIdentifier() -> String {
        var generator = SystemRandomNumberGenerator()
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
        return [generator.next(), generator.next() &+ now].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }
}
