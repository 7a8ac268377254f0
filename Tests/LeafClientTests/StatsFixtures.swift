import Foundation
import LeafCore
import LeafProtocol

@testable import leafctl

/// Documents as leafd writes them, for what leafctl makes of them.
enum StatsExample {
    static let time = UTCTime(milliseconds: 1_763_786_100_000)

    /// A busy daemon with all that a document can hold.
    static func snapshot(_ change: (inout StatsDocument) -> Void = { _ in }) -> StatsSnapshot {
        var stats = StatsDocument()
        stats.version = "0.7.0"
        stats.pid = 4711
        stats.uptimeSeconds = 11_100
        stats.agentID = "32138ab2f81c21ad9f9e15b579d21f8e"
        stats.startedFrom = .proven
        stats.store = store
        stats.journal = journal
        stats.connections.open = 12
        stats.connections.total = 3456
        stats.connections.refused = 7
        stats.connections.limit = 16_384
        stats.commands = ["NEXT": 1_234_567, "SNOWFLAKE": 4321, "STATS": 60]
        stats.errors = ["NOTAG": 3, "EXHAUSTED": 12]
        stats.requestMicroseconds.p50 = 3.2
        stats.requestMicroseconds.p99 = 41
        stats.requestMicroseconds.p999 = 420
        stats.requestMicroseconds.max = 7520
        stats.requestHistogram.upTo = [10, 100, 1000, 2_500_000]
        stats.requestHistogram.counts = [1000, 1_200_000, 1_238_000, 1_238_940]
        stats.requestHistogram.sum = 24_305_044.588
        stats.requestHistogram.total = 1_238_948
        stats.ids = ids
        stats.process.residentBytes = 33_992_704
        stats.process.cpuSeconds = 12.5
        stats.process.openDescriptors = 29
        stats.process.maxDescriptors = 20_000
        stats.snowflake = snowflake
        stats.tags = tags
        stats.tagsTotal = Int64(stats.tags.count)
        change(&stats)
        return StatsSnapshot(document: stats, health: HealthAnswer(state: .healthy, reason: ""), time: time)
    }

    static var tags: [TagStats] {
        [
            tag("orders", stock: 4_390_000, runway: 840, segments: 5), tag("users", stock: 695_000, runway: 1700),
            tag("payments/europe/settlements-and-refunds/2026", stock: 1_560_000, runway: 1701),
            tag("注文番号", stock: 62_900, runway: 1200), tag("parcels", stock: 0, runway: nil, segments: 0),
        ]
    }

    static func tag(_ name: String, stock: Int64 = 1000, runway: Double? = 3600, segments: Int64 = 2) -> TagStats {
        var tag = TagStats(tag: name)
        tag.issued = 1_234_500
        tag.failed = 12
        tag.successRate = 0.99999
        tag.qps1s = 3012
        tag.qps1m = 2998.4
        tag.qpsAverage = 2900
        tag.segmentLoads = 15
        tag.bufferSwitches = 12
        tag.step = 1000
        tag.nextStep = 2000
        tag.lastLoadMilliseconds = 11.3
        tag.stock = stock
        tag.runwaySeconds = runway
        tag.waits = 5
        tag.reservedTo = 1500
        tag.segments = (0..<segments).map { number in
            SegmentStats(
                start: 1 + number * 1000, end: 1001 + number * 1000,
                next: 1 + number * 1000 + (number == 0 ? 400 : 0))
        }
        tag.updatedAt = "2025-11-22T04:35:00Z"
        return tag
    }

    private static var store: StatsStore {
        var store = StatsStore()
        store.kind = "postgresql"
        store.url = "postgresql://leafd@db1.example:5432,db2.example:5432/ids"
        store.up = true
        store.since = "2025-11-22T04:05:00Z"
        store.errors = 3
        store.errorsByCode = ["unavailable": 2, "timeout": 1]
        store.lastError = "server closed the connection unexpectedly"
        store.retries = 4
        store.sessions.open = 2
        store.sessions.max = 4
        store.lifts = 1
        store.leaseMilliseconds = StatsPercentiles(p50: 2.1, p99: 12.5, max: 33)
        return store
    }

    private static var journal: StatsJournal {
        var journal = StatsJournal()
        journal.path = "/var/lib/leafd/journal"
        journal.commits = 144
        journal.commitMilliseconds = StatsPercentiles(p50: 6.29, p99: 17.1, max: 17.1)
        journal.bytes = 57_344
        journal.mapBytes = 1 << 30
        journal.witness = true
        return journal
    }

    private static var ids: StatsIDs {
        var ids = StatsIDs()
        ids.issued = 4_938_000
        ids.failed = 60
        ids.successRate = 0.999_988
        ids.qps1s = 4310
        ids.qps1m = 2920
        ids.qpsAverage = 4340
        ids.stock = 6_280_000
        ids.waits = 10
        ids.lost = 250
        ids.runwaySeconds = 840
        return ids
    }

    private static var snowflake: StatsSnowflake {
        var snowflake = StatsSnowflake()
        snowflake.enabled = true
        snowflake.format = "epoch 1288834974657, 41 bits of 1 ms, 10 of worker, 12 of sequence"
        snowflake.workers = [39, 40]
        snowflake.generations = [2, 1]
        snowflake.issued = 4321
        snowflake.idsPerUnit = 6.18
        snowflake.horizonSeconds = 7100
        snowflake.clockOffsetMilliseconds = -1.5
        snowflake.clockSteps = 1
        snowflake.waits = 2
        return snowflake
    }
}

/// A file of the checkout.
struct ProjectFile {
    let path: String

    init(_ name: String) {
        path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(name).path
    }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
