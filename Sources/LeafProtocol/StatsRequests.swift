/// The clients of the socket.
package struct StatsConnections: StatsValue {
    @StatsField package var open: Int64 = 0
    /// Accepted since the start.
    @StatsField package var total: Int64 = 0
    /// Turned away at `server.max-connections`, or by `access:`.
    @StatsField package var refused: Int64 = 0
    /// Of these, because their uid had too many already.
    @StatsField package var refusedPerUID: Int64 = 0
    /// Closed because they wanted more memory than there was for their uid, or for all.
    @StatsField package var cutOff: Int64 = 0
    /// Memory held for their requests and replies, in bytes.
    @StatsField package var heldBytes: Int64? = nil
    /// The most there may be at once: `server.max-connections`, or as many as there are descriptors for.
    @StatsField package var limit: Int64? = nil

    package init() {}
    package static var unknown: StatsConnections { StatsConnections() }

    private enum CodingKeys: String, CodingKey {
        case open, total, refused, limit
        case refusedPerUID = "refused_per_uid"
        case cutOff = "cut_off"
        case heldBytes = "held_bytes"
    }
}

/// IDs of all tags together.
package struct StatsIDs: StatsValue {
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
    /// IDs in hand.
    @StatsField package var stock: Int64 = 0
    /// Requests parked now, and requests that had to since the start.
    @StatsField package var waiting: Int64 = 0
    @StatsField package var waits: Int64 = 0
    /// IDs given up in crashes.
    @StatsField package var lost: Int64 = 0
    /// How long the stock of the tag lasts whose stock ends first; null while no tag is asked for.
    @StatsField package var runwaySeconds: Double? = nil

    package init() {}
    package static var unknown: StatsIDs { StatsIDs() }

    private enum CodingKeys: String, CodingKey {
        case issued, served, failed, stock, waiting, waits, lost
        case successRate = "success_rate"
        case qps1s = "qps_1s"
        case qps1m = "qps_1m"
        case qpsAverage = "qps_avg"
        case runwaySeconds = "runway_s"
    }
}

/// How long requests took since the start.
package struct StatsHistogram: StatsValue {
    /// Upper bounds of the buckets, in microseconds.
    @StatsField package var upTo: [Int64] = []
    /// For each bound: how many requests took that long at most.
    @StatsField package var counts: [Int64] = []
    /// How long all requests took together, in microseconds.
    @StatsField package var sum: Double = 0
    /// All requests, those above the last bound as well.
    @StatsField package var total: Int64 = 0

    package init() {}
    package static var unknown: StatsHistogram { StatsHistogram() }

    private enum CodingKeys: String, CodingKey {
        case counts, total
        case upTo = "le_us"
        case sum = "sum_us"
    }
}

/// What the daemon uses of its host.
package struct StatsProcess: StatsValue {
    /// Memory in RAM.
    @StatsField package var residentBytes: Int64? = nil
    /// Processor time since the start, of user and kernel.
    @StatsField package var cpuSeconds: Double? = nil
    @StatsField package var openDescriptors: Int64? = nil
    /// `ulimit -n`.
    @StatsField package var maxDescriptors: Int64? = nil

    package init() {}
    package static var unknown: StatsProcess { StatsProcess() }

    private enum CodingKeys: String, CodingKey {
        case residentBytes = "rss_bytes"
        case cpuSeconds = "cpu_s"
        case openDescriptors = "open_descriptors"
        case maxDescriptors = "max_descriptors"
    }
}

/// Percentiles over the last 60 s; null while nothing was measured in them. The unit is in the key that holds them.
package struct StatsPercentiles: StatsValue {
    @StatsField package var p50: Double? = nil
    @StatsField package var p99: Double? = nil
    @StatsField package var max: Double? = nil

    package init(p50: Double? = nil, p99: Double? = nil, max: Double? = nil) {
        self.p50 = p50
        self.p99 = p99
        self.max = max
    }

    package static var unknown: StatsPercentiles { StatsPercentiles() }
}

/// The same, with one step more towards the tail: there are enough requests for it.
package struct StatsRequestPercentiles: StatsValue {
    @StatsField package var p50: Double? = nil
    @StatsField package var p99: Double? = nil
    @StatsField package var p999: Double? = nil
    @StatsField package var max: Double? = nil

    package init(p50: Double? = nil, p99: Double? = nil, p999: Double? = nil, max: Double? = nil) {
        self.p50 = p50
        self.p99 = p99
        self.p999 = p999
        self.max = max
    }

    package static var unknown: StatsRequestPercentiles { StatsRequestPercentiles() }
}
