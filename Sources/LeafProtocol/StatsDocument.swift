/// The reply to `STATS`: what the daemon as a whole is doing. Percentiles are over the last 60 s.
///
/// Made by setting what is known on an empty one; the rest stays null (see `StatsField`).
package struct StatsDocument: StatsJSON {
    @StatsField package var version: String = ""
    @StatsField package var pid: Int64 = 0
    /// Since the start.
    @StatsField package var uptimeSeconds: Double = 0
    /// This journal's name in `leafd_agent`; null until it has one.
    @StatsField package var agentID: String? = nil
    /// How the journal's stock was taken over at the start.
    @StatsField package var startedFrom: StatsStart? = nil
    @StatsField package var store: StatsStore = StatsStore()
    @StatsField package var journal: StatsJournal = StatsJournal()
    @StatsField package var connections: StatsConnections = StatsConnections()
    /// How often each command was asked, by its name in upper case.
    @StatsField package var commands: [String: Int64] = [:]
    /// How often each error was answered, by its prefix without the dash.
    @StatsField package var errors: [String: Int64] = [:]
    /// From a request's arrival to its answer.
    @StatsField package var requestMicroseconds: StatsRequestPercentiles = StatsRequestPercentiles()
    @StatsField package var snowflake: StatsSnowflake = StatsSnowflake()
    /// How many tags the daemon knows, of which `tags` shows a hundred at most.
    @StatsField package var tagsTotal: Int64 = 0
    /// The 100 tags with the shortest runway.
    @StatsField package var tags: [TagStats] = []

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case version, pid, store, journal, connections, commands, errors, snowflake, tags
        case uptimeSeconds = "uptime_s"
        case agentID = "agent_id"
        case startedFrom = "started_from"
        case requestMicroseconds = "request_us"
        case tagsTotal = "tags_total"
    }
}

/// How a start came by its stock (design: proven ours, leased afresh, or served without proof).
package struct StatsStart: RawRepresentable, Hashable, Sendable, StatsValue {
    package let rawValue: String

    /// Any text: a newer daemon may know more ways than this one.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let proven = StatsStart(rawValue: "proven")
    package static let fresh = StatsStart(rawValue: "fresh")
    package static let unproven = StatsStart(rawValue: "unproven")
    package static var unknown: StatsStart { StatsStart(rawValue: "") }
}

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

/// The clients of the socket.
package struct StatsConnections: StatsValue {
    @StatsField package var open: Int64 = 0
    /// Accepted since the start.
    @StatsField package var total: Int64 = 0
    /// Turned away at `server.max-connections`, or by `access:`.
    @StatsField package var refused: Int64 = 0

    package init() {}
    package static var unknown: StatsConnections { StatsConnections() }
}

/// Snowflake mode.
package struct StatsSnowflake: StatsValue {
    @StatsField package var enabled: Bool = false
    /// What the IDs are made of: epoch and layout.
    @StatsField package var format: String? = nil
    /// The worker ids held.
    @StatsField package var workers: [Int64] = []
    /// Of each of `workers`, in their order: how often it has changed its holder.
    @StatsField package var generations: [Int64] = []
    /// Since the start.
    @StatsField package var issued: Int64 = 0
    /// IDs in one unit of time of one worker, on the average of those units that had any, since the start; null before the
    /// first ID. The layout has a limit for it (4,096 in a millisecond): where this comes near, more workers are needed.
    @StatsField package var idsPerUnit: Double? = nil
    /// How far ahead of now the workers may stamp, that of the shortest; null while none is held.
    @StatsField package var horizonSeconds: Double? = nil
    /// How far leafd's clock is from the wall clock; null while none is held.
    @StatsField package var clockOffsetMilliseconds: Double? = nil
    /// How often the wall clock has jumped since the start.
    @StatsField package var clockSteps: Int64 = 0
    /// How often a request waited for the next unit of time.
    @StatsField package var waits: Int64 = 0
    /// Why no snowflakes are issued; null: they are, or nobody has asked yet.
    @StatsField package var problem: String? = nil

    package init() {}
    package static var unknown: StatsSnowflake { StatsSnowflake() }

    private enum CodingKeys: String, CodingKey {
        case enabled, format, workers, generations, issued, waits, problem
        case idsPerUnit = "ids_per_unit"
        case horizonSeconds = "horizon_s"
        case clockOffsetMilliseconds = "clock_offset_ms"
        case clockSteps = "clock_steps"
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
