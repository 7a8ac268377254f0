import LeafCore
import Testing

/// A stock and its drivers, played by hand.
private final class Bench {
    var stock: TagStock
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var effects = StockEffects()
    var tickets: UInt64 = 0

    static func rules(minStep: Int64 = 100, reserve: Duration = .zero, maxSegments: Int = 1000) -> StockRules {
        StockRules(
            step: StepPolicy(
                minStep: minStep, maxStep: 1_000_000, adjustRatio: 2, shortLife: .seconds(900), longLife: .seconds(1800)
            ),
            preloadThreshold: 0.1, reserve: reserve, maxSegments: maxSegments, window: .seconds(1), failoverGap: 1000)
    }

    init(step: Int64 = 1000, rules: StockRules = Bench.rules()) {
        stock = TagStock(epoch: 1, tableStep: step, rules: rules, now: now)
    }

    init(_ record: TagRecord, from resume: TagStock.Resume = .hi) {
        stock = TagStock(record: record, from: resume, rules: Bench.rules(), now: now)
    }

    var token: ParkToken { ParkToken(receiver: 0, ticket: tickets) }

    func ask(_ count: Int64 = 1, contiguous: Bool = false, storeDown: Bool = false) -> (TagStock.Verdict, [IDRange]) {
        tickets += 1
        effects = StockEffects()
        var ranges: [IDRange] = []
        let verdict = stock.request(
            Demand(count: count, isContiguous: contiguous), token: token, storeIsBackingOff: storeDown, now: now,
            ranges: &ranges, effects: &effects)
        return (verdict, ranges)
    }

    func beginLoad() -> LoadOrder? { stock.beginLoad(now: now) }
    func beginCommit() -> CommitOrder? { stock.beginCommit(now: now) }
    func takeOne() -> Int64? { stock.takeOne() }
    func takeRun(upTo most: Int64) -> IDRange? { stock.takeRun(upTo: most) }
    func seal() -> Bool { stock.seal(effects: &effects) }
    func vanished() -> Bool { stock.vanished(effects: &effects) }

    func loaded(_ order: LoadOrder, _ start: Int64, _ end: Int64) -> Bool {
        stock.loaded(order, segment: Segment(start: start, end: end), tableStep: 1000, now: now, effects: &effects)
    }

    func lease(_ start: Int64, _ count: Int64? = nil) throws -> LoadOrder {
        let order = try #require(beginLoad())
        effects = StockEffects()
        let segment = Segment(start: start, end: start + (count ?? order.count))
        #expect(loaded(order, segment.start, segment.end))
        return order
    }

    /// Commits until nothing more is to be written. Returns all answers.
    func settle() -> [ParkedAnswer.Outcome] {
        var answers: [ParkedAnswer.Outcome] = []
        while let order = beginCommit() {
            effects = StockEffects()
            stock.committed(order, now: now, effects: &effects)
            answers += effects.answers.map(\.outcome)
        }
        return answers
    }

    @discardableResult
    func commit() throws -> TagRecord {
        let order = try #require(beginCommit())
        effects = StockEffects()
        stock.committed(order, now: now, effects: &effects)
        return order.record
    }
}

@Suite struct TagStockTests {
    @Test func `the first request of a cold tag parks, and is served when lease and commit are acknowledged`() throws {
        let bench = Bench()
        #expect(bench.ask().0 == .parked)
        #expect(bench.effects.wantsLoad)
        _ = try bench.lease(1)
        #expect(bench.effects.answers.isEmpty, "leased, but not durable yet")
        #expect(bench.effects.commit == .now)
        let record = try bench.commit()
        #expect(bench.effects.answers.map(\.outcome) == [.ids([IDRange(first: 1, last: 1)])])
        #expect(record.segments == [Segment(start: 1, end: 1001)])
        #expect(record.hi == 1 + 10 + 5 + 1, "a window and a half, and the one who waits")
        #expect(bench.ask() == (.taken, [IDRange(first: 2, last: 2)]))
    }

    @Test func `nothing at or above the durable mark is issued, on no path`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        let hi = try bench.commit().hi
        while let range = bench.takeRun(upTo: 7) { #expect(range.last < hi) }
        while case (.taken, let ranges) = bench.ask() { #expect(ranges.allSatisfy { $0.last < hi }) }
        #expect(bench.stock.next == hi)
        #expect(bench.takeOne() == nil)
    }

    @Test func `a commit that fails raises nothing, and who waits for it is told`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        let order = try #require(bench.beginCommit())
        bench.effects = StockEffects()
        bench.stock.commitFailed(order, now: bench.now, effects: &bench.effects)
        #expect(bench.effects.answers.map(\.outcome) == [.refused(.journalFailing)])
        #expect(bench.ask().0 == .refused(.journalFailing))
        #expect(bench.takeOne() == nil)
        _ = bench.settle()
        #expect(bench.ask().0 == .taken)
    }

    @Test func `an acknowledgement for stock that was given up raises nothing`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        let late = try #require(bench.beginCommit())
        bench.effects = StockEffects()
        bench.stock.giveUp(epoch: 2, now: bench.now, effects: &bench.effects)
        bench.stock.committed(late, now: bench.now, effects: &bench.effects)
        #expect(bench.takeOne() == nil)
        #expect(bench.ask().0 == .parked)
        #expect(bench.effects.answers.isEmpty)
    }

    @Test func `an acknowledgement for another store's stock raises nothing in this one's`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(500_001)
        let late = try #require(bench.beginCommit())
        bench.stock.forgetStore(epoch: 2, now: bench.now, effects: &bench.effects)
        _ = bench.ask()
        _ = try bench.lease(1)
        bench.stock.committed(late, now: bench.now, effects: &bench.effects)
        #expect(bench.effects.answers.isEmpty)
        #expect(bench.takeOne() == nil)
    }

    @Test func `after a commit of unknown outcome the next stays within that one's reach too`() throws {
        let record = TagRecord(
            incarnation: 1, epoch: 1, segments: [Segment(start: 1, end: 100_001)], hi: 1, cap: 50, position: 1,
            floor: 100_001, step: 1000, tableStep: 1000)
        let bench = Bench(record)
        // Somebody wants far more than the cap, so that the next cap is large; and goes away.
        _ = bench.ask(30_000)
        #expect(try bench.commit().cap > 20_000)
        _ = bench.stock.cancel(bench.token)
        while bench.stock.issuable > 5 { _ = bench.ask() }
        let unknown = try #require(bench.beginCommit())
        let reach = unknown.record.hi + unknown.record.cap
        bench.stock.commitFailed(unknown, now: bench.now, effects: &bench.effects)
        while bench.stock.issuable > 0 { _ = bench.ask() }
        // The window doubles with each round in which it is too small; the mark may not follow it beyond the reach.
        var highest: Int64 = 0
        for _ in 0..<6 {
            #expect(bench.ask().0 == .refused(.journalFailing))
            let next = try #require(bench.beginCommit())
            highest = max(highest, next.record.hi)
            bench.stock.commitFailed(next, now: bench.now, effects: &bench.effects)
        }
        #expect(highest <= reach)
        #expect(highest > unknown.record.hi, "or the test says nothing")
    }

    @Test func `a lease that was asked for before the stock was given up is not used`() throws {
        let bench = Bench()
        _ = bench.ask()
        let order = try #require(bench.beginLoad())
        bench.effects = StockEffects()
        bench.stock.giveUp(epoch: 2, now: bench.now, effects: &bench.effects)
        let used = bench.loaded(order, 1, 1001)
        #expect(!used)
        #expect(bench.stock.stock == 0)
    }

    @Test func `a segment below what was leased before is not used`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(5001)
        try bench.commit()
        _ = bench.ask(3000)
        let order = try #require(bench.beginLoad())
        #expect(order.floor == 6001 && order.jump == 7001)
        let used = bench.loaded(order, 6000, 8000)
        #expect(!used)
    }

    @Test func `a record resumes at its mark, or above its cap when nothing proves it the newest`() {
        let record = TagRecord(
            incarnation: 1, epoch: 1, segments: [Segment(start: 1, end: 11), Segment(start: 101, end: 201)], hi: 5,
            cap: 20,
            position: 2, floor: 201, step: 100, tableStep: 100)
        #expect(Bench(record).stock.next == 5)
        #expect(Bench(record).stock.counters.lost == 3)
        let unproven = Bench(record, from: .hiPlusCap).stock
        #expect(unproven.next == 115, "six of the first segment and fourteen of the second are passed over")
        #expect(unproven.counters.lost == 23)
    }

    @Test func `the mark rises by no more than the durable cap within durable segments`() throws {
        let record = TagRecord(
            incarnation: 1, epoch: 1, segments: [Segment(start: 1, end: 100_001)], hi: 1, cap: 10, position: 1,
            floor: 100_001, step: 1000, tableStep: 1000)
        let bench = Bench(record)
        #expect(bench.ask(500).0 == .parked)
        let first = try bench.commit()
        #expect(first.hi == 11 && first.cap >= 490)
        #expect(bench.effects.commit == .now, "who waits is not served yet")
        let second = try bench.commit()
        #expect(second.hi >= 501)
        #expect(bench.effects.answers.map(\.outcome) == [.ids([IDRange(first: 1, last: 500)])])
    }

    @Test func `a clean stop writes the exact position, and issues nothing after`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        try bench.commit()
        _ = bench.ask(3)
        #expect(bench.seal())
        #expect(bench.takeOne() == nil)
        #expect(bench.ask().0 == .refused(.shutdown))
        let record = try bench.commit()
        #expect(record.hi == 5 && record.position == 5)
        #expect(bench.takeOne() == nil)
        let next = Bench(record)
        #expect(next.stock.stock == 996)
        #expect(next.ask().0 == .parked)
        try next.commit()
        #expect(next.effects.answers.map(\.outcome) == [.ids([IDRange(first: 5, last: 5)])])
    }

    @Test func `a request larger than a segment is answered across segments`() throws {
        let bench = Bench(step: 100)
        #expect(bench.ask(250).0 == .parked)
        let order = try bench.lease(1, 100)
        #expect(order.count == 250, "as much as is asked for")
        #expect(bench.stock.stock == 100 && bench.effects.wantsLoad)
        _ = try bench.lease(501, 200)
        try bench.commit()
        #expect(
            bench.effects.answers.map(\.outcome)
                == [.ids([IDRange(first: 1, last: 100), IDRange(first: 501, last: 650)])])
    }

    @Test func `IDs in a row come from one run, and a leftover too short is passed over`() throws {
        let bench = Bench(step: 100)
        _ = bench.ask()
        _ = try bench.lease(1, 100)
        _ = bench.ask(95)
        _ = bench.settle()
        #expect(bench.ask(50, contiguous: true).0 == .parked)
        _ = try bench.lease(501, 100)
        #expect(bench.settle() == [.ids([IDRange(first: 501, last: 550)])])
        #expect(bench.stock.counters.abandoned == 4)
        #expect(bench.ask() == (.taken, [IDRange(first: 551, last: 551)]))
    }

    @Test func `leases that touch are one run`() throws {
        let bench = Bench(step: 100)
        _ = bench.ask()
        _ = try bench.lease(1, 100)
        _ = bench.ask(90)
        _ = bench.settle()
        #expect(bench.ask(50, contiguous: true).0 == .parked)
        _ = try bench.lease(101, 100)
        #expect(bench.settle() == [.ids([IDRange(first: 92, last: 141)])])
    }

    @Test func `while the store backs off, stock is served and the rest refused at once`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        try bench.commit()
        #expect(bench.ask(storeDown: true).0 == .taken)
        #expect(bench.ask(5000, storeDown: true).0 == .refused(.exhausted))
        #expect(bench.ask(900, storeDown: true).0 == .parked, "there is stock: only a commit is waited for")
    }

    @Test func `a failed load refuses who cannot be served, changes no step, and is tried again`() throws {
        let bench = Bench()
        _ = bench.ask(700)
        let first = try #require(bench.beginLoad())
        #expect(bench.beginLoad() == nil, "one load at a time")
        bench.effects = StockEffects()
        bench.stock.loadFailed(first, .store, now: bench.now, effects: &bench.effects)
        #expect(bench.effects.answers.map(\.outcome) == [.refused(.exhausted)])
        let second = try #require(bench.beginLoad())
        #expect(second.count == 1000 && first.count == 1000)
    }

    @Test func `the next segment is fetched when a tenth of the current one is used`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        try bench.commit()
        while bench.stock.next <= 100 {
            #expect(bench.ask().0 == .taken)
            #expect(!bench.effects.wantsLoad || bench.stock.next > 100)
            if bench.effects.commit != nil { try bench.commit() }
        }
        _ = bench.ask()
        #expect(bench.beginLoad() != nil)
    }

    @Test func `a tag that is gone from the table is served from its stock, then refused`() throws {
        let bench = Bench(step: 100)
        _ = bench.ask()
        _ = try bench.lease(1, 100)
        try bench.commit()
        bench.effects = StockEffects()
        #expect(!bench.vanished())
        #expect(bench.ask(10).0 == .taken)
        #expect(bench.ask(500).0 == .refused(.noTag))
    }

    @Test func `a lease that nobody waits for is written at once all the same`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1)
        _ = bench.settle()
        while bench.stock.next <= 101 { if bench.ask().0 == .parked { _ = bench.settle() } }
        _ = bench.settle()
        _ = try bench.lease(1001)
        #expect(bench.effects.commit == .now)
    }

    @Test func `a mark that a burst left far ahead is taken back, in memory and in the journal`() throws {
        let bench = Bench(step: 1_000_000)
        _ = bench.ask()
        _ = try bench.lease(1, 10_000_000)
        _ = bench.settle()
        for _ in 0..<3000 {
            bench.now = bench.now.advanced(by: .milliseconds(1))
            var left: Int64 = 1000
            while left > 0 {
                if let range = bench.takeRun(upTo: left) { left -= range.count } else { _ = bench.ask() }
                _ = bench.settle()
            }
        }
        #expect(bench.stock.issuable > 10_000, "or the test says nothing")
        for _ in 0..<1200 {
            bench.now = bench.now.advanced(by: .seconds(1))
            _ = bench.ask()
            _ = bench.stock.tick(now: bench.now, effects: &bench.effects)
            _ = bench.settle()
        }
        #expect(bench.stock.issuable <= 40)
        let next = bench.stock.next
        #expect(bench.ask() == (.taken, [IDRange(first: next, last: next)]))
        while bench.takeOne() != nil {}
        #expect(bench.stock.next <= next + 40)
    }

    @Test func `a busy tag is looked at every second, a slow one every fourth, an idle one not at all`() throws {
        let bench = Bench()
        _ = bench.ask()
        _ = try bench.lease(1, 1_000_000)
        _ = bench.settle()
        func pause(afterSeconds seconds: Int, asking count: Int) -> Int? {
            bench.now = bench.now.advanced(by: .seconds(seconds))
            for _ in 0..<count {
                if bench.takeOne() == nil { _ = bench.ask() }
                _ = bench.settle()
            }
            return bench.stock.tick(now: bench.now, effects: &bench.effects)
        }
        #expect(pause(afterSeconds: 1, asking: 500) == 1)
        #expect(pause(afterSeconds: 1, asking: 5) == 1)
        #expect(pause(afterSeconds: 1, asking: 5) == TagStock.slowTickSeconds)
        #expect(pause(afterSeconds: 4, asking: 5) == TagStock.slowTickSeconds)
        #expect(bench.stock.snapshot(now: bench.now.advanced(by: .seconds(4))).perSecond == 1.25)
        #expect(pause(afterSeconds: 4, asking: 500) == 1)
        #expect(pause(afterSeconds: 1, asking: 0) == 1)
        #expect(pause(afterSeconds: 1, asking: 0) == TagStock.slowTickSeconds)
        #expect(pause(afterSeconds: 4, asking: 0) == TagStock.slowTickSeconds)
        #expect(pause(afterSeconds: 4, asking: 0) == nil)
        #expect(bench.ask().0 == .taken)
        #expect(bench.effects.becameActive)
        #expect(pause(afterSeconds: 1, asking: 0) == 1)
    }

    @Test func `a request beyond the parking places is refused`() {
        let bench = Bench()
        var ranges: [IDRange] = []
        let verdict = bench.stock.request(
            Demand(count: 1), token: nil, storeIsBackingOff: false, now: bench.now, ranges: &ranges,
            effects: &bench.effects)
        #expect(verdict == .refused(.tooManyParked))
    }

    @Test func `stock for the reserve is fetched at the measured rate`() throws {
        let bench = Bench(rules: Bench.rules(reserve: .seconds(60)))
        _ = bench.ask()
        _ = try bench.lease(1, 1_000_000)
        try bench.commit()
        for _ in 0..<600 {
            bench.now = bench.now.advanced(by: .seconds(1))
            var left: Int64 = 1000
            while left > 0 {
                if let range = bench.takeRun(upTo: left) {
                    left -= range.count
                } else if bench.ask().0 == .taken {
                    left -= 1
                }
                if let order = bench.beginCommit() {
                    bench.stock.committed(order, now: bench.now, effects: &bench.effects)
                }
            }
            _ = bench.stock.tick(now: bench.now, effects: &bench.effects)
            if let order = bench.beginLoad() {
                let start = bench.stock.segments.last?.end ?? 1
                #expect(
                    bench.loaded(order, start, start + order.count))
            }
        }
        // 1,000 a second for ten minutes: a mean of about 632 over ten, and a minute's worth of it in stock.
        #expect(bench.stock.stock >= 37_000)
    }
}
