internal import LeafCore
internal import LeafProtocol

/// `leafctl stats` for people. From the top: is it well, is the store up, will the IDs last, what fails; then the rest, and
/// the tags, shortest runway first.
enum StatsTable {
    private static let indent = 13
    private static let leastTags = 10

    /// - Parameter rows: of the terminal: more tags than fit below the rest would push that out of sight. nil: all are shown.
    static func lines(_ snapshot: StatsSnapshot, _ style: Style, rows: Int? = nil) -> [String] {
        let stats = snapshot.document
        let head =
            health(snapshot.health, style) + store(snapshot, style) + ids(stats, style)
            + requests(stats, style) + journal(stats.journal, style) + snowflake(stats.snowflake, style)
            + process(stats, style)
        // Below the head: how many tags, a blank line, the heading, what is left out, and the shell's next line.
        let room = rows.map { max(leastTags, $0 - head.count - 5) }
        return head + tags(stats, style, atMost: room ?? stats.tags.count)
    }

    private static func health(_ health: HealthAnswer?, _ style: Style) -> [String] {
        guard let health else { return [label("health", style) + "not told"] }
        let word = HealthText.word(health.state, style)
        guard !health.reason.isEmpty else { return [label("health", style) + word] }
        return [label("health", style) + word] + Columns.paragraph(Columns.printable(health.reason), indent: indent)
    }

    private static func store(_ snapshot: StatsSnapshot, _ style: Style) -> [String] {
        let (store, time) = (snapshot.document.store, snapshot.time)
        let state =
            switch store.up {
            case true: style.good("up")
            case false: style.bad("DOWN")
            case nil: style.warning("not yet reached")
            }
        let since = store.since.map { since in
            let age = UTCTime(iso8601: since).map { Double(time.milliseconds - $0.milliseconds) / 1000 }
            return (age.map { " for \(Units.span(seconds: $0))" } ?? "") + ", since \(Columns.printable(since))"
        }
        var parts = [
            percentiles("lease", store.leaseMilliseconds), "\(Units.count(store.errors)) errors",
            "\(store.sessions.open) of \(store.sessions.max) connections",
        ]
        if store.lifts > 0 { parts.append("counters lifted \(store.lifts)×") }
        return [label("store", style) + state + (since ?? "")]
            + paint("", [Columns.printable(store.url)], style)
            + paint("", parts, style) + errors(store, snapshot.health, style)
    }

    /// What the store said last, where it has said anything that is not said above.
    private static func errors(_ store: StatsStore, _ health: HealthAnswer?, _ style: Style) -> [String] {
        guard store.errors > 0, let last = store.lastError, health?.reason.contains(last) != true else { return [] }
        let isOver = store.up == true
        let lines = Columns.paragraph(
            (isOver ? "the last error, which is over: " : "") + Columns.printable(last), indent: indent)
        return isOver ? lines : lines.map(style.bad)
    }

    private static func ids(_ stats: StatsDocument, _ style: Style) -> [String] {
        let ids = stats.ids
        guard stats.tellsOfAllTags else { return paint("ids", ["not told: leafd is older than leafctl"], style) }
        var lines = paint(
            "ids",
            [
                "\(Units.rate(ids.qps1s))/s now", "\(Units.rate(ids.qps1m))/s over the last minute",
                "\(Units.rate(ids.qpsAverage))/s since the start",
            ], style)
        lines += paint(
            "",
            [
                "\(Units.count(ids.issued)) issued", "\(Units.count(ids.failed)) requests failed",
                "\(Units.ratio(ids.successRate)) good", "\(Units.count(ids.waits)) waited",
            ] + (ids.waiting > 0 ? ["\(Units.count(ids.waiting)) wait now"] : [])
                + (ids.lost > 0 ? ["\(Units.count(ids.lost)) lost in crashes"] : []), style)
        return lines
            + paint("", ["stock \(Units.count(ids.stock))"] + (RunwayText.text(of: stats).map { [$0] } ?? []), style)
    }

    private static func requests(_ stats: StatsDocument, _ style: Style) -> [String] {
        let request = stats.requestMicroseconds
        var lines = paint(
            "requests",
            [
                "p50 \(Units.microseconds(request.p50))", "p99 \(Units.microseconds(request.p99))",
                "p99.9 \(Units.microseconds(request.p999))", "max \(Units.microseconds(request.max))",
            ], style)
        if !stats.commands.isEmpty { lines += paint("", counts(stats.commands), style) }
        if !stats.errors.isEmpty { lines += paint("errors", counts(stats.errors), style) }
        return lines
    }

    private static func journal(_ journal: StatsJournal, _ style: Style) -> [String] {
        var parts = ["\(Units.count(journal.commits)) commits"]
        let failures = "\(Units.count(journal.failures)) failures"
        if let bytes = journal.bytes {
            parts.append(Units.bytes(bytes) + (journal.mapBytes.map { " of \(Units.bytes($0))" } ?? ""))
        }
        if journal.replacements > 0 { parts.append("replaced \(journal.replacements)×") }
        if journal.witness == false { parts.append("NO WITNESS") }
        return paint("journal", [Columns.printable(journal.path)], style)
            + paint("", [percentiles("commit", journal.commitMilliseconds), failures] + parts, style)
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
            lines += Columns.paragraph("NOT ISSUING: " + Columns.printable(problem), indent: indent).map(style.bad)
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

    private static func process(_ stats: StatsDocument, _ style: Style) -> [String] {
        let (open, process) = (stats.connections, stats.process)
        var parts = ["\(stats.version), pid \(stats.pid)", "up \(Units.span(seconds: stats.uptimeSeconds))"]
        if let start = stats.startedFrom { parts.append("started \(start.rawValue)") }
        if let agent = stats.agentID { parts.append("agent \(agent)") }
        if let bytes = process.residentBytes { parts.append("\(Units.bytes(bytes)) of memory") }
        if let seconds = process.cpuSeconds { parts.append("\(Units.rate(seconds)) s of CPU") }
        let limit = open.limit.map { " of \(Units.count($0))" } ?? ""
        parts += [
            "\(Units.count(open.open))\(limit) connections", "\(Units.count(open.total)) since the start",
            "\(Units.count(open.refused)) refused",
        ]
        if let files = process.openDescriptors, let most = process.maxDescriptors {
            parts.append("\(Units.count(files)) of \(Units.count(most)) descriptors")
        }
        return paint("leafd", parts, style)
    }

    private static func tags(_ stats: StatsDocument, _ style: Style, atMost most: Int) -> [String] {
        let sorted = stats.tags.sorted(by: TagStats.hasShorterRunway)
        // A line that says "and 1 more" would take the place of that one.
        let shown = sorted.count <= most + 1 ? sorted[...] : sorted.prefix(most)
        let others = stats.tagsTotal - Int64(shown.count)
        let total = paint("tags", ["\(Units.count(stats.tagsTotal))"], style)
        guard !shown.isEmpty else { return total }
        let more = "and \(Units.count(others)) more, which last longer"
        let hint = shown.count < sorted.count ? ": leafctl stats | less" : ""
        return total + [""] + TagStatsTable.lines(Array(shown), style) + (others > 0 ? [more + hint] : [])
    }

    private static func percentiles(_ what: String, _ values: StatsPercentiles) -> String {
        guard let p50 = values.p50 else { return "no \(what) within a minute" }
        return "\(what) p50 \(Units.milliseconds(p50)), p99 \(Units.milliseconds(values.p99)), "
            + "max \(Units.milliseconds(values.max))"
    }

    /// The most frequent first.
    static func counts(_ counts: [String: Int64]) -> [String] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Columns.printable($0.key)) \(Units.count($0.value))" }
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
