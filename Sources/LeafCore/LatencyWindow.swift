/// Latencies of the last minute, in buckets a quarter of an octave wide: median and 99th percentile to within 19 %.
package struct LatencyWindow: Hashable, Sendable {
    private static let slots = 6
    private static let slotLength = Duration.seconds(10)
    private static let buckets = 128

    private struct Slot: Hashable, Sendable {
        var number: UInt64 = .max
        var counts: [UInt32] = []
        var longest = Duration.zero
    }

    private var ring = Array(repeating: Slot(), count: slots)

    package init() {}

    package mutating func record(_ latency: Duration, now: MonotonicTime) {
        let number = LatencyWindow.slotNumber(now)
        let index = Int(number % UInt64(LatencyWindow.slots))
        if ring[index].number != number {
            ring[index] = Slot(number: number, counts: Array(repeating: 0, count: LatencyWindow.buckets))
        }
        ring[index].counts[LatencyWindow.bucket(latency)] += 1
        ring[index].longest = max(ring[index].longest, latency)
    }

    package struct Summary: Hashable, Sendable {
        package let p50: Duration
        package let p99: Duration
        package let longest: Duration
    }

    /// nil when nothing was recorded within the last minute.
    package func summary(now: MonotonicTime) -> Summary? {
        let current = LatencyWindow.slotNumber(now)
        let recent = ring.filter { $0.number <= current && current - $0.number < UInt64(LatencyWindow.slots) }
        guard !recent.isEmpty else { return nil }
        let counts = (0..<LatencyWindow.buckets).map { bucket in recent.reduce(0) { $0 + Int($1.counts[bucket]) } }
        let longest = recent.map(\.longest).max() ?? .zero
        return Summary(
            p50: min(percentile(0.50, counts), longest), p99: min(percentile(0.99, counts), longest), longest: longest)
    }

    private func percentile(_ share: Double, _ counts: [Int]) -> Duration {
        let rank = max(1, Int((Double(counts.reduce(0, +)) * share).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return LatencyWindow.upperBound(bucket) }
        }
        return .zero
    }

    private static func slotNumber(_ now: MonotonicTime) -> UInt64 {
        now.nanoseconds / UInt64(slotLength.inNanoseconds)
    }

    /// Four buckets for each power of two of nanoseconds.
    private static func bucket(_ latency: Duration) -> Int {
        let nanoseconds = UInt64(max(4, latency.inNanoseconds))
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        let quarter = Int(nanoseconds >> UInt64(exponent - 2)) & 3
        return min(buckets - 1, (exponent - 2) * 4 + quarter)
    }

    private static func upperBound(_ bucket: Int) -> Duration {
        .nanoseconds((Int64(bucket % 4) + 5) << Int64(bucket / 4))
    }
}
