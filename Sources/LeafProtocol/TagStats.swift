/// One tag in `STATS`, and the whole reply to `STATS tag`.
package struct TagStats: StatsJSON, StatsValue {
    @StatsField package var tag: String = ""
    /// IDs issued since the start.
    @StatsField package var issued: Int64 = 0
    /// Requests answered with IDs since the start, and with an error.
    @StatsField package var served: Int64 = 0
    @StatsField package var failed: Int64 = 0
    /// Requests answered with IDs over all requests, 0…1; null before the first.
    @StatsField package var successRate: Double? = nil
    /// IDs a second, over the last second, the last minute, and since the start.
    @StatsField package var qps1s: Double = 0
    @StatsField package var qps1m: Double = 0
    @StatsField package var qpsAverage: Double = 0
    @StatsField package var segmentLoads: Int64 = 0
    @StatsField package var loadFailures: Int64 = 0
    /// How often the current segment was used up and the next one taken.
    @StatsField package var bufferSwitches: Int64 = 0
    /// IDs in the current segment's lease; null before the first.
    @StatsField package var step: Int64? = nil
    /// IDs the next lease will ask for.
    @StatsField package var nextStep: Int64? = nil
    /// How long the last lease took; null before the first.
    @StatsField package var lastLoadMilliseconds: Double? = nil
    /// IDs in hand.
    @StatsField package var stock: Int64 = 0
    /// How long the stock lasts at this rate; null while the rate is 0.
    @StatsField package var runwaySeconds: Double? = nil
    /// Requests parked now, until the next lease or commit; and requests that had to since the start.
    @StatsField package var waiting: Int64 = 0
    @StatsField package var waits: Int64 = 0
    /// IDs passed over since the start because they were too few in a row for an INCRBY.
    @StatsField package var abandoned: Int64 = 0
    /// IDs given up in crashes.
    @StatsField package var lost: Int64 = 0
    /// The journal's `hi`: what is below it may have been issued. null before the first window.
    @StatsField package var reservedTo: Int64? = nil
    @StatsField package var segments: [SegmentStats] = []
    /// When these figures were taken, in ISO 8601.
    @StatsField package var updatedAt: String? = nil

    package init() {}
    package init(tag: String) { self.tag = tag }
    package static var unknown: TagStats { TagStats() }

    private enum CodingKeys: String, CodingKey {
        case tag, issued, served, failed, step, stock, waiting, waits, abandoned, lost, segments
        case successRate = "success_rate"
        case qps1s = "qps_1s"
        case qps1m = "qps_1m"
        case qpsAverage = "qps_avg"
        case segmentLoads = "segment_loads"
        case loadFailures = "load_failures"
        case bufferSwitches = "buffer_switches"
        case nextStep = "next_step"
        case lastLoadMilliseconds = "last_load_ms"
        case runwaySeconds = "runway_s"
        case reservedTo = "reserved_to"
        case updatedAt = "updated_at"
    }
}

/// A leased range, `[start, end)`, and how far it is used.
package struct SegmentStats: StatsValue {
    @StatsField package var start: Int64 = 0
    /// One past the last ID.
    @StatsField package var end: Int64 = 0
    /// The next ID to be issued.
    @StatsField package var next: Int64 = 0
    /// 0…1.
    @StatsField package var usedRatio: Double = 0

    package init() {}

    /// - Precondition: `start <= next <= end`.
    package init(start: Int64, end: Int64, next: Int64) {
        precondition(start <= next && next <= end, "next ID \(next) is outside of the segment [\(start), \(end))")
        self.start = start
        self.end = end
        self.next = next
        usedRatio = end == start ? 1 : Double(next - start) / Double(end - start)
    }

    package static var unknown: SegmentStats { SegmentStats() }

    private enum CodingKeys: String, CodingKey {
        case start, end, next
        case usedRatio = "used_ratio"
    }
}

extension TagStats {
    /// Shortest runway first: what an operator must see. A tag nobody asks for lasts for ever, so it comes last; tags that
    /// last equally long are in the order of their names.
    package static func hasShorterRunway(_ a: TagStats, _ b: TagStats) -> Bool {
        let (x, y) = (a.runwaySeconds ?? .infinity, b.runwaySeconds ?? .infinity)
        return x == y ? a.tag < b.tag : x < y
    }
}
