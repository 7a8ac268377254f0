internal import LeafProtocol

/// `leafctl stats` for people: what the daemon is doing on a line a subject, then its tags, shortest runway first.
enum StatsTable {
    private static let indent = 13

    static func lines(_ stats: StatsDocument, _ style: Style) -> [String] {
        head(stats, style) + store(stats.store, style) + journal(stats.journal, style) + clients(stats, style)
            + snowflake(stats.snowflake, style) + tags(stats, style)
    }

    private static func head(_ stats: StatsDocument, _ style: Style) -> [String] {
        var parts = ["\(stats.version), pid \(stats.pid)", "up \(Units.span(seconds: stats.uptimeSeconds))"]
        if let start = stats.startedFrom { parts.append("started \(start.rawValue)") }
        if let agent = stats.agentID { parts.append("agent \(agent)") }
        return paint("leafd", parts, style)
    }

    private static func store(_ store: StatsStore, _ style: Style) -> [String] {
        let state =
            switch store.up {
            case true: style.good("up")
            case false: style.bad("DOWN")
            case nil: style.warning("not yet reached")
            }
        let since = store.since.map { " since \($0)" } ?? ""
        var parts = ["lease " + percentiles(store.leaseMilliseconds), "\(Units.count(store.errors)) errors"]
        if store.lifts > 0 { parts.append("counters lifted \(store.lifts)×") }
        return [label("store", style) + state + since]
            + paint("", [store.url], style)
            + paint("", parts, style)
    }

    private static func journal(_ journal: StatsJournal, _ style: Style) -> [String] {
        var parts = ["\(Units.count(journal.commits)) commits", "\(Units.count(journal.failures)) failures"]
        if let bytes = journal.bytes {
            parts.append(Units.bytes(bytes) + (journal.mapBytes.map { " of \(Units.bytes($0))" } ?? ""))
        }
        if journal.replacements > 0 { parts.append("replaced \(journal.replacements)×") }
        if journal.witness == false { parts.append("no witness") }
        return paint("journal", [journal.path], style)
            + paint("", ["commit " + percentiles(journal.commitMilliseconds)] + parts, style)
    }

    private static func clients(_ stats: StatsDocument, _ style: Style) -> [String] {
        let open = stats.connections
        let request = stats.requestMicroseconds
        var lines = paint(
            "connections",
            [
                "\(Units.count(open.open)) open", "\(Units.count(open.total)) since the start",
                "\(Units.count(open.refused)) refused",
            ], style)
        lines += paint(
            "requests",
            [
                "p50 \(Units.microseconds(request.p50))", "p99 \(Units.microseconds(request.p99))",
                "p99.9 \(Units.microseconds(request.p999))", "max \(Units.microseconds(request.max))",
            ], style)
        if !stats.commands.isEmpty { lines += paint("commands", counts(stats.commands), style) }
        if !stats.errors.isEmpty { lines += paint("errors", counts(stats.errors), style) }
        return lines
    }

    private static func snowflake(_ snowflake: StatsSnowflake, _ style: Style) -> [String] {
        guard snowflake.enabled else { return [] }
        var parts = workers(snowflake)
        parts += [
            "\(Units.count(snowflake.issued)) issued", "horizon \(Units.span(seconds: snowflake.horizonSeconds))",
            "clock offset \(Units.milliseconds(snowflake.clockOffsetMilliseconds))",
            "\(Units.count(snowflake.clockSteps)) clock steps", "\(Units.count(snowflake.waits)) waits",
        ]
        if let mean = snowflake.idsPerUnit { parts.append("\(Units.rate(mean)) IDs a unit") }
        var lines = paint("snowflake", parts, style)
        if let format = snowflake.format {
            lines += paint("", format.split(separator: ", ").map(String.init), style)
        }
        if let problem = snowflake.problem {
            lines += Columns.paragraph("NOT ISSUING: " + problem, indent: indent).map(style.bad)
        }
        return lines
    }

    /// `worker 39 (generation 2)`
    private static func workers(_ snowflake: StatsSnowflake) -> [String] {
        if snowflake.workers.isEmpty { return ["no worker id"] }
        return snowflake.workers.indices.map { index in
            let generations = snowflake.generations
            let generation = index < generations.count ? " (generation \(generations[index]))" : ""
            return "worker \(snowflake.workers[index])\(generation)"
        }
    }

    private static func tags(_ stats: StatsDocument, _ style: Style) -> [String] {
        let shown = stats.tags.sorted(by: TagStats.hasShorterRunway)
        let part = stats.tagsTotal > Int64(shown.count) ? ", of which \(shown.count) are shown" : ""
        let total = paint("tags", ["\(Units.count(stats.tagsTotal))\(part)"], style)
        return shown.isEmpty ? total : total + [""] + TagStatsTable.lines(shown, style)
    }

    private static func percentiles(_ values: StatsPercentiles) -> String {
        "p50 \(Units.milliseconds(values.p50)), p99 \(Units.milliseconds(values.p99)), max \(Units.milliseconds(values.max))"
    }

    /// The most frequent first.
    private static func counts(_ counts: [String: Int64]) -> [String] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \(Units.count($0.value))" }
    }

    private static func label(_ text: String, _ style: Style) -> String {
        style.bold(text) + String(repeating: " ", count: indent - text.count)
    }

    /// A subject, and what there is to say about it.
    static func paint(_ text: String, _ parts: [String], _ style: Style) -> [String] {
        var lines = Columns.wrapped(text, parts, indent: indent)
        if !text.isEmpty { lines[0] = style.bold(text) + lines[0].dropFirst(text.count) }
        return lines
    }
}
