internal import LeafCore

/// How long one event loop's requests take, from the moment the loop sees them until their replies are sent.
struct RequestLatency: Sendable {
    /// Upper bounds of the buckets, in microseconds; a last one holds what is above.
    static let boundsMicroseconds: [Int64] = [
        10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000,
    ]
    private static let boundsNanoseconds = boundsMicroseconds.map { UInt64($0) * 1000 }

    /// For percentiles over the last minute.
    private(set) var window = LatencyWindow()
    /// Since the start, bucket by bucket.
    private(set) var counts = Array(repeating: Int64(0), count: boundsMicroseconds.count + 1)
    private(set) var sumNanoseconds: UInt64 = 0

    /// Records requests that arrived and were answered together.
    mutating func record(since arrival: MonotonicTime, now: MonotonicTime, times: Int64) {
        let took = now.nanoseconds > arrival.nanoseconds ? now.nanoseconds - arrival.nanoseconds : 0
        window.record(nanoseconds: took, times: UInt32(clamping: times), now: now)
        sumNanoseconds &+= took &* UInt64(times)
        var bucket = 0
        while bucket < RequestLatency.boundsNanoseconds.count, took > RequestLatency.boundsNanoseconds[bucket] {
            bucket += 1
        }
        counts[bucket] += times
    }

    mutating func add(_ other: RequestLatency) {
        window.add(other.window)
        for index in counts.indices { counts[index] += other.counts[index] }
        sumNanoseconds &+= other.sumNanoseconds
    }
}
