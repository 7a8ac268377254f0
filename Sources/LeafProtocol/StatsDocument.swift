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
    /// The same since the start, request by request.
    @StatsField package var requestHistogram: StatsHistogram = StatsHistogram()
    /// All tags together.
    @StatsField package var ids: StatsIDs = StatsIDs()
    /// The daemon, as the operating system sees it.
    @StatsField package var process: StatsProcess = StatsProcess()
    @StatsField package var snowflake: StatsSnowflake = StatsSnowflake()
    /// How many tags the daemon knows, of which `tags` shows a hundred at most.
    @StatsField package var tagsTotal: Int64 = 0
    /// The 100 tags with the shortest runway.
    @StatsField package var tags: [TagStats] = []

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case version, pid, store, journal, connections, commands, errors, ids, process, snowflake, tags
        case uptimeSeconds = "uptime_s"
        case agentID = "agent_id"
        case startedFrom = "started_from"
        case requestMicroseconds = "request_us"
        case requestHistogram = "request_histogram"
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
