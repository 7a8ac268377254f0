internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads
private import Glibc

/// Turns the engine's and the server's figures into the STATS document.
struct StatsReport: Sendable {
    let engine: EngineSnapshot
    let tally: Tally
    let connections: StatsConnections
    let version: String

    /// Tags in the global document: those with the shortest runway.
    private static let tagsMax = 100

    func document() -> StatsDocument {
        var document = StatsDocument()
        document.version = version
        document.pid = Int64(getpid())
        document.uptimeSeconds = Figures.rounded(engine.uptime.inSeconds)
        document.agentID = engine.agentID
        document.startedFrom = StatsStart(rawValue: engine.confidence.rawValue)
        document.store = store
        document.journal = journal
        document.snowflake = snowflake
        document.connections = connections
        document.commands = tally.commands
        document.errors = tally.errors
        document.requestMicroseconds = requestPercentiles
        document.requestHistogram = requestHistogram
        document.ids = ids
        document.process = .now()
        document.tagsTotal = Int64(engine.tags.count)
        let now = Figures.timestamp()
        // The runway is all that decides the order: only the tags shown are worked out in full.
        let shortest = engine.tags.sorted { a, b in
            let (x, y) = (a.stock.runway ?? .seconds(1e12), b.stock.runway ?? .seconds(1e12))
            return x == y ? a.tag < b.tag : x < y
        }
        document.tags = shortest.prefix(StatsReport.tagsMax).map {
            TagStats($0.tag, $0.stock, uptime: engine.uptime, at: now)
        }
        return document
    }

    private var store: StatsStore {
        var store = StatsStore()
        store.kind = engine.store.kind
        store.url = engine.store.redactedURL
        switch engine.store.link.state {
        case .untried: break
        case .up: store.up = true
        case .backingOff: store.up = false
        }
        store.since = Figures.timestamp(ago: engine.store.sinceChange)
        store.errors = Int64(engine.store.link.errors)
        store.errorsByCode = engine.store.errors.mapValues(Int64.init)
        store.lastError = engine.store.lastError
        store.retries = Int64(engine.store.retries)
        store.sessions.open = Int64(engine.store.sessionsOpen)
        store.sessions.max = Int64(engine.store.sessionsMax)
        store.lifts = Int64(engine.store.lifts)
        store.leaseMilliseconds = percentiles(engine.store.lease)
        return store
    }

    private var journal: StatsJournal {
        var journal = StatsJournal()
        journal.path = engine.journal.path
        journal.commits = Int64(engine.journal.commits)
        journal.commitMilliseconds = percentiles(engine.journal.commit)
        journal.bytes = Int64(engine.journal.usedBytes)
        journal.mapBytes = Int64(engine.journal.mapBytes)
        journal.failures = Int64(engine.journal.failures)
        journal.replacements = Int64(engine.journal.replacements)
        journal.witness = engine.journal.hasWitness
        return journal
    }

    private var snowflake: StatsSnowflake {
        let found = engine.snowflake
        var stats = StatsSnowflake()
        stats.enabled = found.isEnabled
        guard found.isEnabled else { return stats }
        stats.format = found.format.text
        stats.problem = found.problem
        stats.workers = found.workers.map { Int64($0.worker) }
        stats.generations = found.workers.map(\.generation)
        let counters = found.workers.reduce(into: found.past) { $0.add($1.counters) }
        stats.issued = counters.issued
        stats.waits = counters.waits
        stats.idsPerUnit = counters.units > 0 ? Figures.rounded(Double(counters.issued) / Double(counters.units)) : nil
        let left = found.workers.map { $0.lastTime - $0.clock.now / 1000 }.min()
        stats.horizonSeconds = left.map { Figures.rounded(Double(max(0, $0)) / 1000) }
        let clock = found.workers.first?.clock
        stats.clockOffsetMilliseconds = clock.map { Figures.rounded(Double($0.offset) / 1000) }
        stats.clockSteps = clock?.steps ?? 0
        return stats
    }

    private var ids: StatsIDs {
        var stats = StatsIDs()
        for (_, stock) in engine.tags {
            stats.served += stock.served
            stats.issued += stock.issued
            stats.failed += stock.counters.failed
            stats.qps1s += stock.perSecond
            stats.qps1m += stock.perSecondOverMinute
            stats.stock += stock.stock
            stats.waiting += Int64(stock.waiting)
            stats.waits += stock.counters.waits
            stats.lost += stock.counters.lost
        }
        stats.successRate = TagStats.successRate(served: stats.served, failed: stats.failed)
        stats.qps1s = Figures.rounded(stats.qps1s)
        stats.qps1m = Figures.rounded(stats.qps1m)
        stats.qpsAverage = Figures.rounded(Double(stats.issued) / max(engine.uptime.inSeconds, 0.001))
        stats.runwaySeconds = engine.tags.compactMap { $0.stock.runway }.min().map { Figures.rounded($0.inSeconds) }
        return stats
    }

    private var requestPercentiles: StatsRequestPercentiles {
        guard let summary = tally.latency.summary(now: .now()) else { return StatsRequestPercentiles() }
        func microseconds(_ latency: Duration) -> Double { Figures.rounded(Double(latency.inNanoseconds) / 1000) }
        return StatsRequestPercentiles(
            p50: microseconds(summary.p50), p99: microseconds(summary.p99), p999: microseconds(summary.p999),
            max: microseconds(summary.longest))
    }

    private var requestHistogram: StatsHistogram {
        var histogram = StatsHistogram()
        histogram.upTo = LatencyWindow.histogramBoundsMicroseconds
        histogram.counts = tally.latency.histogram
        histogram.total = histogram.counts.removeLast()
        histogram.sum = Figures.rounded(Double(tally.latency.sumNanoseconds) / 1000)
        return histogram
    }

    private func percentiles(_ summary: LatencyWindow.Summary?) -> StatsPercentiles {
        StatsPercentiles(
            p50: summary.map { Figures.rounded($0.p50.inMilliseconds) },
            p99: summary.map { Figures.rounded($0.p99.inMilliseconds) },
            max: summary.map { Figures.rounded($0.longest.inMilliseconds) })
    }
}
