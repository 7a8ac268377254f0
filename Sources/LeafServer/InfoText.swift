internal import LeafProtocol

/// The reply to INFO: Redis' own keys for what Redis has too, so that its tools and collectors find them, and a section
/// `Leafd` for what only leafd has.
struct InfoText {
    private let sections: [(name: String, lines: [String])]

    init(_ report: StatsReport) {
        let document = report.document()
        sections = [
            ("Server", InfoText.server(document)), ("Clients", InfoText.clients(document)),
            ("Memory", InfoText.memory(document)), ("Persistence", InfoText.persistence(document)),
            ("Stats", InfoText.stats(document, commands: report.tally.total)),
            ("Replication", ["role:master", "connected_slaves:0"]), ("CPU", InfoText.cpu(document)),
            (
                "Commandstats",
                document.commands.sorted { $0.key < $1.key }.map {
                    "cmdstat_\($0.key.lowercased()):calls=\($0.value)"
                }
            ),
            ("Errorstats", document.errors.sorted { $0.key < $1.key }.map { "errorstat_\($0.key):count=\($0.value)" }),
            ("Leafd", InfoText.leafd(document)),
        ]
    }

    /// - Parameter wanted: names of sections in lower case; none, `default`, `all` or `everything`: all of them. One that
    ///   does not exist gives nothing, as Redis has it.
    func text(_ wanted: [String]) -> String {
        let isWhole = wanted.isEmpty || wanted.contains { ["default", "all", "everything"].contains($0) }
        let chosen = sections.filter { isWhole || wanted.contains($0.name.lowercased()) }
        return chosen.map { (["# \($0.name)"] + $0.lines).joined(separator: "\r\n") + "\r\n" }.joined(separator: "\r\n")
    }

    private static func server(_ document: StatsDocument) -> [String] {
        [
            "redis_version:\(ConnectionHandler.redisVersion)", "leafd_version:\(document.version)",
            "redis_mode:standalone", "process_id:\(document.pid)", "tcp_port:0",
            "uptime_in_seconds:\(Int(document.uptimeSeconds))",
            "uptime_in_days:\(Int(document.uptimeSeconds) / 86400)",
        ]
    }

    private static func clients(_ document: StatsDocument) -> [String] {
        [
            "connected_clients:\(document.connections.open)", "maxclients:\(document.connections.limit ?? 0)",
            "blocked_clients:\(document.ids.waiting)",
        ]
    }

    private static func memory(_ document: StatsDocument) -> [String] {
        let bytes = document.process.residentBytes ?? 0
        return ["used_memory:\(bytes)", "used_memory_rss:\(bytes)"]
    }

    private static func persistence(_ document: StatsDocument) -> [String] {
        ["loading:0", "journal_commits:\(document.journal.commits)", "journal_failures:\(document.journal.failures)"]
    }

    private static func stats(_ document: StatsDocument, commands: Int64) -> [String] {
        [
            "total_connections_received:\(document.connections.total)",
            "rejected_connections:\(document.connections.refused)", "total_commands_processed:\(commands)",
            "total_error_replies:\(document.errors.values.reduce(0, +))",
        ]
    }

    private static func cpu(_ document: StatsDocument) -> [String] {
        ["used_cpu_total:\(document.process.cpuSeconds ?? 0)"]
    }

    private static func leafd(_ document: StatsDocument) -> [String] {
        var lines = [
            "tags:\(document.tagsTotal)", "ids_issued:\(document.ids.issued)",
            "ids_per_second:\(document.ids.qps1s)", "ids_in_stock:\(document.ids.stock)",
            "requests_failed:\(document.ids.failed)", "requests_waited:\(document.ids.waits)",
            "ids_lost:\(document.ids.lost)", "store_kind:\(document.store.kind)",
            "store_up:\(document.store.up == true ? 1 : 0)", "store_errors:\(document.store.errors)",
            "snowflakes_issued:\(document.snowflake.issued)",
        ]
        if let runway = document.ids.runwaySeconds { lines.append("shortest_runway_seconds:\(Int(runway))") }
        if let start = document.startedFrom { lines.append("started_from:\(start.rawValue)") }
        return lines
    }
}
