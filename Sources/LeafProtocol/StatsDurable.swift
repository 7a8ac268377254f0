/// The central store, as this daemon sees it.
package struct StatsStore: StatsValue {
    /// `sqlite`, `mysql` or `postgresql`.
    @StatsField package var kind: String = ""
    /// Without a password.
    @StatsField package var url: String = ""
    /// null until the first attempt to connect has ended.
    @StatsField package var up: Bool? = nil
    /// Since when `up` has been what it is, in ISO 8601.
    @StatsField package var since: String? = nil
    /// Failed calls since the start.
    @StatsField package var errors: Int64 = 0
    /// What failed, by kind: `unavailable`, `misconfigured`, …
    @StatsField package var errorsByCode: [String: Int64] = [:]
    /// The last of them, over or not.
    @StatsField package var lastError: String? = nil
    /// Calls that were tried again at once.
    @StatsField package var retries: Int64 = 0
    @StatsField package var sessions: StatsSessions = StatsSessions()
    /// How often this daemon lifted the counters since the start, because the database had gone backward.
    @StatsField package var lifts: Int64 = 0
    /// How long a lease takes.
    @StatsField package var leaseMilliseconds: StatsPercentiles = StatsPercentiles()

    package init() {}
    package static var unknown: StatsStore { StatsStore() }

    private enum CodingKeys: String, CodingKey {
        case kind, url, up, since, errors, retries, sessions, lifts
        case errorsByCode = "errors_by_code"
        case lastError = "last_error"
        case leaseMilliseconds = "lease_ms"
    }
}

/// Connections to the central store.
package struct StatsSessions: StatsValue {
    @StatsField package var open: Int64 = 0
    @StatsField package var max: Int64 = 0

    package init() {}
    package static var unknown: StatsSessions { StatsSessions() }
}

/// The host's journal.
package struct StatsJournal: StatsValue {
    @StatsField package var path: String = ""
    /// Commits since the start; of a stopped daemon's journal, all there were.
    @StatsField package var commits: Int64 = 0
    /// How long a commit takes.
    @StatsField package var commitMilliseconds: StatsPercentiles = StatsPercentiles()
    /// Bytes in use.
    @StatsField package var bytes: Int64? = nil
    /// Bytes it may grow to: `journal.map-size`.
    @StatsField package var mapBytes: Int64? = nil
    /// Failed commits since the start.
    @StatsField package var failures: Int64 = 0
    /// How often it was set aside for a fresh one since the start, because a commit's outcome was unknown.
    @StatsField package var replacements: Int64 = 0
    /// Whether a witness is in force, so that a restart goes on at once.
    @StatsField package var witness: Bool? = nil

    package init() {}
    package static var unknown: StatsJournal { StatsJournal() }

    private enum CodingKeys: String, CodingKey {
        case path, commits, bytes, failures, replacements, witness
        case commitMilliseconds = "commit_ms"
        case mapBytes = "map_bytes"
    }
}
