/// How long something takes: percentiles of the last minute to within 19 %, and a histogram of all there was.
///
/// Buckets are a quarter of an octave wide and begin at powers of two of a microsecond.
package struct LatencyWindow: Hashable, Sendable {
    private static let slots = 6
    private static let slotNanoseconds: UInt64 = 10_000_000_000
    /// Four an octave, up to four seconds; the last one holds what is above as well.
    private static let buckets = 128

    /// Those of ten seconds.
    private struct Slot: Hashable, Sendable {
        /// Which ten seconds of the clock.
        var number: UInt64 = .max
        var longestNanoseconds: UInt64 = 0
    }

    private var ring = Array(repeating: Slot(), count: slots)
    /// Each slot's buckets, one slot after the other; empty until something is recorded.
    private var counts: [UInt32] = []
    /// What was in slots that have been taken for others since.
    private var past: [UInt64] = []
    private var current = 0
    private var currentEnds: UInt64 = 0
    /// All that was recorded, together.
    package private(set) var sumNanoseconds: UInt64 = 0

    package init() {}

    package mutating func record(_ latency: Duration, now: MonotonicTime) {
        record(nanoseconds: UInt64(max(0, latency.inNanoseconds)), times: 1, now: now)
    }

    /// Records `times` events that took equally long.
    ///
    /// - Parameter now: one that is before the last one's counts as that.
    package mutating func record(nanoseconds: UInt64, times: UInt32, now: MonotonicTime) {
        if now.nanoseconds >= currentEnds { begin(now.nanoseconds / LatencyWindow.slotNanoseconds) }
        counts[current &* LatencyWindow.buckets &+ LatencyWindow.bucket(nanoseconds)] &+= times
        if nanoseconds > ring[current].longestNanoseconds { ring[current].longestNanoseconds = nanoseconds }
        sumNanoseconds &+= nanoseconds &* UInt64(times)
    }

    private mutating func begin(_ number: UInt64) {
        current = Int(number % UInt64(LatencyWindow.slots))
        currentEnds = (number + 1) * LatencyWindow.slotNanoseconds
        take(slot: current, for: number)
    }

    private mutating func take(slot index: Int, for number: UInt64) {
        if counts.isEmpty {
            counts = Array(repeating: 0, count: LatencyWindow.slots * LatencyWindow.buckets)
            past = Array(repeating: 0, count: LatencyWindow.buckets)
        }
        for bucket in 0..<LatencyWindow.buckets {
            past[bucket] += UInt64(counts[index * LatencyWindow.buckets + bucket])
            counts[index * LatencyWindow.buckets + bucket] = 0
        }
        ring[index] = Slot(number: number)
    }

    /// Takes in what another window has recorded on the same clock.
    package mutating func add(_ other: LatencyWindow) {
        guard !other.counts.isEmpty else { return }
        if counts.isEmpty { begin(0) }
        for (index, slot) in other.ring.enumerated() where slot.number != .max {
            if ring[index].number == .max || ring[index].number < slot.number { take(slot: index, for: slot.number) }
            let isOld = slot.number < ring[index].number
            for bucket in 0..<LatencyWindow.buckets {
                let count = other.counts[index * LatencyWindow.buckets + bucket]
                if isOld {
                    past[bucket] += UInt64(count)
                } else {
                    counts[index * LatencyWindow.buckets + bucket] &+= count
                }
            }
            if !isOld { ring[index].longestNanoseconds = max(ring[index].longestNanoseconds, slot.longestNanoseconds) }
        }
        for bucket in 0..<LatencyWindow.buckets { past[bucket] += other.past[bucket] }
        sumNanoseconds &+= other.sumNanoseconds
        // Whatever is recorded next finds its slot anew.
        currentEnds = 0
    }

    // MARK: The last minute

    package struct Summary: Hashable, Sendable {
        package let p50: Duration
        package let p99: Duration
        package let p999: Duration
        package let longest: Duration
    }

    /// nil when nothing was recorded within the last minute.
    package func summary(now: MonotonicTime) -> Summary? {
        let current = now.nanoseconds / LatencyWindow.slotNanoseconds
        let recent = ring.indices.filter { index in
            ring[index].number <= current && current - ring[index].number < UInt64(LatencyWindow.slots)
        }
        let sums = (0..<LatencyWindow.buckets).map { bucket in
            recent.reduce(UInt64(0)) { $0 + UInt64(counts[$1 * LatencyWindow.buckets + bucket]) }
        }
        guard sums.contains(where: { $0 > 0 }) else { return nil }
        let longest = recent.map { ring[$0].longestNanoseconds }.max() ?? 0
        func percentile(_ share: Double) -> Duration {
            .nanoseconds(Int64(min(LatencyWindow.percentile(share, sums), longest)))
        }
        return Summary(
            p50: percentile(0.50), p99: percentile(0.99), p999: percentile(0.999),
            longest: .nanoseconds(Int64(longest)))
    }

    /// In nanoseconds.
    private static func percentile(_ share: Double, _ counts: [UInt64]) -> UInt64 {
        let rank = max(1, UInt64((Double(counts.reduce(0, +)) * share).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            // The last one has no upper bound but the longest of all.
            if seen >= rank { return bucket == buckets - 1 ? UInt64(Int64.max) : upperBound(bucket) }
        }
        return 0
    }

    // MARK: Since the start

    /// 1, 2, 4 … 2^20: the upper bounds of the histogram's buckets, in microseconds.
    package static let histogramBoundsMicroseconds = (0...20).map { Int64(1) << $0 }

    /// For each bound, how many took less; then all.
    package var histogram: [Int64] {
        guard !counts.isEmpty else {
            return Array(repeating: 0, count: LatencyWindow.histogramBoundsMicroseconds.count + 1)
        }
        let sums = (0..<LatencyWindow.buckets).map { bucket in
            ring.indices.reduce(past[bucket]) { $0 + UInt64(counts[$1 * LatencyWindow.buckets + bucket]) }
        }
        let below = LatencyWindow.histogramBoundsMicroseconds.indices.map { octave in
            sums[..<LatencyWindow.firstBucket(ofOctave: octave)].reduce(0, +)
        }
        return (below + [sums.reduce(0, +)]).map { Int64($0) }
    }

    // MARK: Buckets

    /// In units of 1000/1024 ns, so that 1024 of them are a microsecond.
    private static func bucket(_ nanoseconds: UInt64) -> Int {
        let units = max(4, min(nanoseconds, 1 << 40) &* 1024 / 1000)
        let exponent = 63 &- units.leadingZeroBitCount
        let quarter = Int(truncatingIfNeeded: units >> UInt64(exponent &- 2)) & 3
        return min(buckets &- 1, (exponent &- 2) &* 4 &+ quarter)
    }

    /// The first that holds what took 2^octave microseconds or longer.
    private static func firstBucket(ofOctave octave: Int) -> Int { (10 - 2 + octave) * 4 }

    /// In nanoseconds.
    private static func upperBound(_ bucket: Int) -> UInt64 {
        (UInt64(bucket % 4 + 5) << UInt64(bucket / 4)) * 1000 / 1024
    }
}
