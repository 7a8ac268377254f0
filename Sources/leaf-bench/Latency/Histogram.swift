/// How often each duration was seen: an HdrHistogram, after Gil Tene's (https://github.com/HdrHistogram/HdrHistogram,
/// AbstractHistogram.java: buckets, sub-buckets and "highest equivalent value" are its words).
///
/// From 1 ns to an hour in 264 KiB, whatever is recorded: the values of each power of two share 1,024 counters, so that a
/// value is known to a thousandth of itself (three significant digits). Percentiles of a mean of percentiles mean nothing;
/// two histograms are merged instead.
struct Histogram: Hashable, Sendable {
    /// One hour, in nanoseconds. What is above is counted as this much.
    static let highest: Int64 = 3_600_000_000_000

    /// 2 × 10³ distinct values are needed for three digits; the next power of two is 2,048.
    private static let subBucketBits = 11
    private static let halfCount = 1 << (subBucketBits - 1)
    private static let countsLength = index(of: highest) + 1

    private var counts = [UInt64](repeating: 0, count: Histogram.countsLength)
    /// How many values have been recorded.
    private(set) var count: UInt64 = 0
    /// The greatest value recorded, exactly, in nanoseconds; 0 of none.
    private(set) var max: Int64 = 0

    /// Counts a value, in nanoseconds. A negative one counts as 0.
    mutating func record(_ nanoseconds: Int64) {
        let value = Swift.min(Swift.max(nanoseconds, 0), Histogram.highest)
        counts[Histogram.index(of: value)] += 1
        count += 1
        max = Swift.max(max, value)
    }

    /// Adds what another one has counted.
    mutating func merge(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        max = Swift.max(max, other.max)
    }

    /// The value that at least `percent` of all values are not above, in nanoseconds; nil of none.
    ///
    /// As in HdrHistogram the greatest value that its counter stands for: up to a thousandth above the exact one, never
    /// below it, and never above `max`.
    ///
    /// - Parameter percent: 0 to 100.
    func value(atPercentile percent: Double) -> Int64? {
        guard count > 0 else { return nil }
        let share = Swift.min(Swift.max(percent, 0), 100) / 100 * Double(count)
        // The sum of doubles may come out a hair above the whole number that is meant.
        let rank = Swift.max(1, UInt64((share * (1 - 1e-12)).rounded(.up)))
        var seen: UInt64 = 0
        for index in counts.indices {
            seen += counts[index]
            if seen >= rank { return Swift.min(Histogram.highestEquivalent(of: index), max) }
        }
        return max
    }

    // MARK: Buckets

    /// The first 2,048 values have a counter each, in two halves; each further power of two has 1,024.
    private static func index(of value: Int64) -> Int {
        let magnitude = 64 - value.leadingZeroBitCount
        let shift = Swift.max(0, magnitude - subBucketBits)
        return shift * halfCount + Int(value >> Int64(shift))
    }

    /// The greatest value of a counter.
    private static func highestEquivalent(of index: Int) -> Int64 {
        let shift = Swift.max(0, index / halfCount - 1)
        let subBucket = Int64(index - shift * halfCount)
        return (subBucket + 1) << Int64(shift) - 1
    }
}
