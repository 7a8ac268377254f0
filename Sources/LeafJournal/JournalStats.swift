package import LeafCore

/// What the journal tells STATS.
package struct JournalStats: Sendable {
    package private(set) var commits = 0
    package private(set) var failures = 0
    package private(set) var latency = LatencyWindow()
    package private(set) var usedBytes = 0
    package private(set) var mapBytes = 0
    package private(set) var hasHeadroom = true
    /// How often a fresh journal has taken the place of one whose last commit nobody knows.
    package internal(set) var replacements = 0
    /// The witness names the newest acknowledged commit.
    package internal(set) var witness = false

    mutating func record(
        _ latency: Duration, failed: Bool, size: (used: Int, map: Int), hasHeadroom: Bool, now: MonotonicTime
    ) {
        if failed { failures += 1 } else { commits += 1 }
        self.latency.record(latency, now: now)
        (usedBytes, mapBytes) = size
        self.hasHeadroom = hasHeadroom
    }
}
