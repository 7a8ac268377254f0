import LeafCore
import Testing

/// One worker with its clocks and a journal that acknowledges when it is told to.
struct SnowflakeBench {
    static let format = SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_657)
    static let rules = SnowflakeRules(format: format, window: .seconds(1))

    var clocks = TestClocks()
    var worker: SnowflakeWorker
    var effects = StockEffects()
    var journal: WorkerRecord?
    var tickets: UInt64 = 0

    /// - Parameter ahead: of the lease, in milliseconds.
    init(_ rules: SnowflakeRules = SnowflakeBench.rules, ahead: Int64 = 60_000, start: Int64? = nil) {
        let now = clocks.wall / 1000
        worker = SnowflakeWorker(
            rules, worker: 39, generation: 1, epoch: 1, start: start ?? now, lastTime: now + ahead,
            reading: clocks.reading, seed: 7)
    }

    var now: Int64 { clocks.wall / 1000 }

    mutating func ask(_ count: Int64 = 1) -> (SnowflakeWorker.Verdict, [IDRange]) {
        tickets += 1
        var ranges: [IDRange] = []
        let verdict = worker.take(
            count, clocks.reading, token: ParkToken(receiver: 0, ticket: tickets), ranges: &ranges, effects: &effects)
        return (verdict, ranges)
    }

    /// Asks, and lets the journal commit as often as needed.
    mutating func take(_ count: Int64 = 1) -> [IDRange]? {
        for _ in 0..<4 {
            let (verdict, ranges) = ask(count)
            switch verdict {
            case .taken: return ranges
            case .parked: commit()
            default: return nil
            }
        }
        return nil
    }

    mutating func mustTake(_ count: Int64 = 1) throws -> [IDRange] {
        let ranges = take(count)
        return try #require(ranges)
    }

    mutating func mustBegin() throws -> WorkerOrder {
        let order = worker.beginCommit(clocks.reading)
        return try #require(order)
    }

    mutating func commit() {
        guard let order = worker.beginCommit(clocks.reading) else { return }
        journal = order.record
        worker.committed(order, &effects)
    }

    func parts(_ id: Int64) -> SnowflakeFormat.Parts? { worker.rules.format.parts(of: id) }

    /// The daemon dies, and starts again from its journal.
    mutating func restart(_ resume: TagStock.Resume = .hi) throws {
        worker = SnowflakeWorker(
            worker.rules, record: try #require(journal), from: resume, reading: clocks.reading, seed: 9)
        effects = StockEffects()
    }
}

func expectVerdict(
    _ verdict: SnowflakeWorker.Verdict, _ expected: SnowflakeWorker.Verdict, _ text: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(verdict == expected, text, sourceLocation: sourceLocation)
}
