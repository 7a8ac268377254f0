internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads
private import Glibc

extension TagStats {
    /// - Parameters:
    ///   - uptime: of the daemon, for the mean since its start.
    ///   - time: when `stock` was looked at, as `Figures.timestamp` writes it.
    init(_ tag: Tag, _ stock: StockSnapshot, uptime: Duration, at time: String) {
        self.init(tag: tag.name)
        let counters = stock.counters
        issued = stock.issued
        served = stock.served
        failed = counters.failed
        successRate = TagStats.successRate(served: stock.served, failed: counters.failed)
        qps1s = Figures.rounded(stock.perSecond)
        qps1m = Figures.rounded(stock.perSecondOverMinute)
        qpsAverage = Figures.rounded(Double(stock.issued) / max(uptime.inSeconds, 0.001))
        segmentLoads = counters.loads
        loadFailures = counters.loadFailures
        bufferSwitches = counters.bufferSwitches
        step = stock.segments.first?.count
        nextStep = stock.step
        lastLoadMilliseconds = stock.lastLoadTook.map { Figures.rounded($0.inMilliseconds) }
        self.stock = stock.stock
        runwaySeconds = stock.runway.map { Figures.rounded($0.inSeconds) }
        waiting = Int64(stock.waiting)
        waits = counters.waits
        abandoned = counters.abandoned
        lost = counters.lost
        reservedTo = stock.limit
        segments = stock.segments.map {
            SegmentStats(start: $0.start, end: $0.end, next: min(max($0.start, stock.next), $0.end))
        }
        updatedAt = time
    }

    /// nil before the first request.
    static func successRate(served: Int64, failed: Int64) -> Double? {
        served + failed > 0 ? Double(served) / Double(served + failed) : nil
    }
}

extension Engine {
    /// `STATS tag`: that one alone is looked at.
    func report(on entry: TagEntry) -> TagStats? {
        guard entry.isListed else { return nil }
        let now = MonotonicTime.now()
        return TagStats(entry.tag, entry.snapshot(now: now), uptime: now.since(startedAt), at: Figures.timestamp())
    }
}

/// `STATS ALL cursor`: all tags, page by page, in the order of their names.
///
/// To sort a hundred thousand names takes a tenth of a second, which a hundred pages would make ten: the order is kept from
/// the first page on, so that the pages of one reader fit together.
final class TagPages: Sendable {
    /// Tags in one page.
    private static let length = 1000

    private let sorted = Lock<[TagEntry]>([])

    /// - Parameter cursor: 0 for the first page, then what the page before said.
    func page(of engine: Engine, after cursor: Int) -> StatsPage {
        let entries = sorted.with { sorted in
            if cursor == 0 || sorted.isEmpty { sorted = engine.entries.sorted { $0.tag < $1.tag } }
            return sorted
        }
        let now = MonotonicTime.now()
        let (uptime, time) = (now.since(engine.startedAt), Figures.timestamp())
        let part = entries.dropFirst(cursor).prefix(TagPages.length)
        let end = cursor + part.count
        if end >= entries.count { sorted.with { $0 = [] } }
        return StatsPage(
            cursor: end < entries.count ? "\(end)" : nil,
            tags: part.map { TagStats($0.tag, $0.snapshot(now: now), uptime: uptime, at: time) })
    }
}

enum Figures {
    /// Three places are enough for any eye.
    static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    /// The wall clock in ISO 8601, UTC, to the second.
    static func timestamp(ago: Duration = .zero) -> String {
        var seconds = time(nil) - Int(ago.inSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
