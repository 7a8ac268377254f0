internal import LeafCore
internal import LeafProtocol

/// The figures above the tags: a line a subject, the most important words first, since what does not fit is cut.
struct WatchSubjects {
    let snapshot: StatsSnapshot
    let state: WatchState
    /// Of the terminal.
    let columns: Int

    private var stats: StatsDocument { snapshot.document }
    private static let indent = 9

    var lines: [StyledLine] {
        [store, ids, requests, journal] + (stats.snowflake.enabled ? [snowflake] : [])
    }

    private var store: StyledLine {
        let store = stats.store
        var line = subject("store")
        let age = store.since.flatMap(UTCTime.init(iso8601:)).map {
            " for " + Units.span(seconds: Double(snapshot.time.milliseconds - $0.milliseconds) / 1000)
        }
        switch store.up {
        case true: line.add("up" + (age ?? ""), .good)
        case false: line.add("DOWN" + (age ?? ""), .bad)
        case nil: line.add("not yet reached", .warning)
        }
        line.addApart("\(Units.count(store.errors)) errors")
        if store.lifts > 0 { line.addApart("counters lifted \(store.lifts)×", .warning) }
        if store.up == false, let error = store.lastError {
            line.addApart(error, .bad)
        } else {
            line.addApart("lease p99 \(Units.milliseconds(store.leaseMilliseconds.p99))")
            line.addApart(shortened: store.url, .dim, within: columns)
        }
        return line
    }

    private var ids: StyledLine {
        let ids = stats.ids
        var line = subject("ids")
        guard stats.tellsOfAllTags else {
            line.add("not told: leafd is older than leafctl")
            return line
        }
        line.add("\(Units.rate(ids.qps1s))/s now")
        line.addApart("\(Units.rate(ids.qps1m))/s in 1m")
        line.addApart("\(Units.ratio(ids.successRate)) good")
        line.addApart("stock \(Units.count(ids.stock))")
        let isShort = ids.runwaySeconds.map { $0 < RunwayText.shortSeconds } ?? false
        line.addApart("runway \(Units.span(seconds: ids.runwaySeconds))", isShort ? .warning : .plain)
        if ids.waiting > 0 { line.addApart("\(Units.count(ids.waiting)) waiting", .warning) }
        if ids.lost > 0 { line.addApart("\(Units.count(ids.lost)) lost", within: columns) }
        line.addApart("\(Units.rate(ids.qpsAverage))/s since the start", .dim, within: columns)
        return line
    }

    private var requests: StyledLine {
        let request = stats.requestMicroseconds
        var line = subject("requests")
        line.add(rate { $0.commands.values.reduce(0, +) })
        line.addApart("p50 \(Units.microseconds(request.p50))")
        line.addApart("p99 \(Units.microseconds(request.p99))")
        line.addApart("max \(Units.microseconds(request.max))")
        let errors = state.perSecond { $0.errors.values.reduce(0, +) } ?? 0
        line.addApart("\(rate { $0.errors.values.reduce(0, +) }) errors", errors > 0 ? .warning : .plain)
        line.addApart("\(Units.count(stats.connections.open)) clients")
        if stats.connections.refused > 0 {
            line.addApart("\(Units.count(stats.connections.refused)) refused", .warning)
        }
        if let limit = stats.connections.limit {
            line.addApart("\(Units.count(limit)) clients at most", .dim, within: columns)
        }
        return line
    }

    private var journal: StyledLine {
        let journal = stats.journal
        var line = subject("journal")
        line.add("\(rate(\.journal.commits)) commits")
        line.addApart("p99 \(Units.milliseconds(journal.commitMilliseconds.p99))")
        line.addApart("\(Units.count(journal.failures)) failures", journal.failures > 0 ? .bad : .plain)
        if journal.witness == false { line.addApart("NO WITNESS", .warning) }
        if let bytes = journal.bytes {
            line.addApart(Units.bytes(bytes) + (journal.mapBytes.map { " of \(Units.bytes($0))" } ?? ""))
        }
        line.addApart(shortened: journal.path, .dim, within: columns)
        return line
    }

    private var snowflake: StyledLine {
        let snowflake = stats.snowflake
        var line = subject("snowflake")
        if let problem = snowflake.problem {
            line.add("NOT ISSUING: \(problem)", .bad)
            return line
        }
        line.add(rate(\.snowflake.issued))
        let workers = snowflake.workers.map(String.init).joined(separator: ", ")
        line.addApart(workers.isEmpty ? "no worker id" : "worker \(workers)")
        line.addApart("horizon \(Units.span(seconds: snowflake.horizonSeconds))")
        line.addApart("clock offset \(Units.milliseconds(snowflake.clockOffsetMilliseconds))")
        line.addApart("\(Units.count(snowflake.clockSteps)) clock steps", within: columns)
        return line
    }

    private func subject(_ name: String) -> StyledLine {
        var line = StyledLine(name, .bold)
        line.pad(to: WatchSubjects.indent)
        line.add(" ")
        return line
    }

    private func rate(_ counter: (StatsDocument) -> Int64) -> String {
        state.perSecond(counter).map { Units.rate($0) + "/s" } ?? "-/s"
    }
}
