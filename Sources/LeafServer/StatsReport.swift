internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads
private import Glibc

/// Turns the engine's and the server's figures into the STATS document.
struct StatsReport: Sendable {
    let engine: EngineSnapshot
    let tally: Tally
    let connections: (open: Int64, total: Int64, refused: Int64, limit: Int64)
    let version: String

    /// Tags in the global document: those with the shortest runway.
    private static let tagsMax = 100
    /// Tags in one page of STATS ALL.
    private static let pageLength = 1000

    func document() -> StatsDocument {
        var document = StatsDocument()
        document.version = version
        document.pid = Int64(getpid())
        document.uptimeSeconds = rounded(engine.uptime.inSeconds)
        document.agentID = engine.agentID
        document.startedFrom = StatsStart(rawValue: engine.confidence.rawValue)
        document.store = store
        document.journal = journal
        document.snowflake = snowflake
        document.connections.open = connections.open
        document.connections.total = connections.total
        document.connections.refused = connections.refused
        document.connections.limit = connections.limit
        document.commands = tally.commands
        document.errors = tally.errors
        document.requestMicroseconds = requestPercentiles
        document.requestHistogram = requestHistogram
        document.ids = ids
        document.process = .now()
        document.tagsTotal = Int64(engine.tags.count)
        let now = timestamp()
        // The runway is all that decides the order: only the tags shown are worked out in full.
        let shortest = engine.tags.sorted { a, b in
            let (x, y) = (a.stock.runway ?? .seconds(1e12), b.stock.runway ?? .seconds(1e12))
            return x == y ? a.tag < b.tag : x < y
        }
        document.tags = shortest.prefix(StatsReport.tagsMax).map { stats(of: $0.tag, $0.stock, now) }
        return document
    }

    func tag(_ tag: Tag) -> TagStats? {
        engine.tags.first { $0.tag == tag }.map { stats(of: $0.tag, $0.stock, timestamp()) }
    }

    /// `STATS ALL cursor`: tags in the order of their names, from the one after the cursor.
    func page(after cursor: Int) -> StatsPage {
        let sorted = engine.tags.sorted { $0.tag < $1.tag }
        let now = timestamp()
        let part = sorted.dropFirst(cursor).prefix(StatsReport.pageLength)
        let end = cursor + part.count
        return StatsPage(
            cursor: end < sorted.count ? "\(end)" : nil, tags: part.map { stats(of: $0.tag, $0.stock, now) })
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
        store.since = timestamp(ago: engine.store.sinceChange)
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
        stats.idsPerUnit = counters.units > 0 ? rounded(Double(counters.issued) / Double(counters.units)) : nil
        let left = found.workers.map { $0.lastTime - $0.clock.now / 1000 }.min()
        stats.horizonSeconds = left.map { rounded(Double(max(0, $0)) / 1000) }
        let clock = found.workers.first?.clock
        stats.clockOffsetMilliseconds = clock.map { rounded(Double($0.offset) / 1000) }
        stats.clockSteps = clock?.steps ?? 0
        return stats
    }

    private func stats(of tag: Tag, _ stock: StockSnapshot, _ now: String) -> TagStats {
        var stats = TagStats(tag: tag.name)
        let counters = stock.counters
        stats.issued = stock.issued
        stats.served = stock.served
        stats.failed = counters.failed
        stats.successRate = successRate(served: stock.served, failed: counters.failed)
        stats.qps1s = rounded(stock.perSecond)
        stats.qps1m = rounded(stock.perSecondOverMinute)
        stats.qpsAverage = rounded(Double(stock.issued) / max(engine.uptime.inSeconds, 0.001))
        stats.segmentLoads = counters.loads
        stats.loadFailures = counters.loadFailures
        stats.bufferSwitches = counters.bufferSwitches
        stats.step = stock.segments.first?.count
        stats.nextStep = stock.step
        stats.lastLoadMilliseconds = stock.lastLoadTook.map { rounded($0.inMilliseconds) }
        stats.stock = stock.stock
        stats.runwaySeconds = stock.runway.map { rounded($0.inSeconds) }
        stats.waiting = Int64(stock.waiting)
        stats.waits = counters.waits
        stats.abandoned = counters.abandoned
        stats.lost = counters.lost
        stats.reservedTo = stock.limit
        stats.segments = stock.segments.map {
            SegmentStats(start: $0.start, end: $0.end, next: min(max($0.start, stock.next), $0.end))
        }
        stats.updatedAt = now
        return stats
    }

    private func successRate(served: Int64, failed: Int64) -> Double? {
        served + failed > 0 ? Double(served) / Double(served + failed) : nil
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
        stats.successRate = successRate(served: stats.served, failed: stats.failed)
        stats.qps1s = rounded(stats.qps1s)
        stats.qps1m = rounded(stats.qps1m)
        stats.qpsAverage = rounded(Double(stats.issued) / max(engine.uptime.inSeconds, 0.001))
        stats.runwaySeconds = engine.tags.compactMap { $0.stock.runway }.min().map { rounded($0.inSeconds) }
        return stats
    }

    private var requestPercentiles: StatsRequestPercentiles {
        guard let summary = tally.latency.summary(now: .now()) else { return StatsRequestPercentiles() }
        func microseconds(_ latency: Duration) -> Double { rounded(Double(latency.inNanoseconds) / 1000) }
        return StatsRequestPercentiles(
            p50: microseconds(summary.p50), p99: microseconds(summary.p99), p999: microseconds(summary.p999),
            max: microseconds(summary.longest))
    }

    private var requestHistogram: StatsHistogram {
        var histogram = StatsHistogram()
        histogram.upTo = LatencyWindow.histogramBoundsMicroseconds
        histogram.counts = tally.latency.histogram
        histogram.total = histogram.counts.removeLast()
        histogram.sum = rounded(Double(tally.latency.sumNanoseconds) / 1000)
        return histogram
    }

    private func percentiles(_ summary: LatencyWindow.Summary?) -> StatsPercentiles {
        StatsPercentiles(
            p50: summary.map { rounded($0.p50.inMilliseconds) }, p99: summary.map { rounded($0.p99.inMilliseconds) },
            max: summary.map { rounded($0.longest.inMilliseconds) })
    }

    /// Three places are enough for any eye.
    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

/// The wall clock in ISO 8601, UTC, to the second.
private func timestamp(ago: Duration = .zero) -> String {
    var seconds = time(nil) - Int(ago.inSeconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}
