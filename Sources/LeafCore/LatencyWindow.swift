/// Latencies of the last minute, in buckets a quarter of an octave wide: percentiles to within 19 %.
package struct LatencyWindow: Hashable, Sendable {
    private static let slots = 6
    private static let slotNanoseconds: UInt64 = 10_000_000_000
    /// Four for each power of two of nanoseconds, up to four seconds and whatever is above.
    private static let buckets = 128

    /// Those of ten seconds.
    private struct Slot: Hashable, Sendable {
        var number: UInt64 = .max
        var longestNanoseconds: UInt64 = 0
    }

    private var ring = Array(repeating: Slot(), count: slots)
    /// Each slot's buckets, one after the other; empty until something is recorded.
    private var counts: [UInt32] = []

    package init() {}

    package mutating func record(_ latency: Duration, now: MonotonicTime) {
        record(nanoseconds: UInt64(max(0, latency.inNanoseconds)), times: 1, now: now)
    }

    /// Records `times` events that took equally long.
    package mutating func record(nanoseconds: UInt64, times: UInt32, now: MonotonicTime) {
        let number = now.nanoseconds / LatencyWindow.slotNanoseconds
        let index = Int(number % UInt64(LatencyWindow.slots))
        if ring[index].number != number { begin(slot: index, number) }
        counts[index * LatencyWindow.buckets + LatencyWindow.bucket(nanoseconds)] &+= times
        if nanoseconds > ring[index].longestNanoseconds { ring[index].longestNanoseconds = nanoseconds }
    }

    private mutating func begin(slot index: Int, _ number: UInt64) {
        if counts.isEmpty { counts = Array(repeating: 0, count: LatencyWindow.slots * LatencyWindow.buckets) }
        for bucket in LatencyWindow.range(ofSlot: index) { counts[bucket] = 0 }
        ring[index] = Slot(number: number)
    }

    /// Takes in what another window has recorded on the same clock.
    package mutating func add(_ other: LatencyWindow) {
        for index in other.ring.indices where other.ring[index].number != .max {
            let (slot, mine) = (other.ring[index], ring[index].number)
            guard mine == .max || slot.number >= mine else { continue }
            if slot.number != mine { begin(slot: index, slot.number) }
            for bucket in LatencyWindow.range(ofSlot: index) { counts[bucket] &+= other.counts[bucket] }
            ring[index].longestNanoseconds = max(ring[index].longestNanoseconds, slot.longestNanoseconds)
        }
    }

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
        guard !recent.isEmpty else { return nil }
        let sums = (0..<LatencyWindow.buckets).map { bucket in
            recent.reduce(UInt64(0)) { $0 + UInt64(counts[$1 * LatencyWindow.buckets + bucket]) }
        }
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

    private static func range(ofSlot index: Int) -> Range<Int> { index * buckets..<(index + 1) * buckets }

    private static func bucket(_ nanoseconds: UInt64) -> Int {
        let nanoseconds = max(4, nanoseconds)
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        let quarter = Int(nanoseconds >> UInt64(exponent - 2)) & 3
        return min(buckets - 1, (exponent - 2) * 4 + quarter)
    }

    private static func upperBound(_ bucket: Int) -> UInt64 {
        UInt64(bucket % 4 + 5) << UInt64(bucket / 4)
    }
}
