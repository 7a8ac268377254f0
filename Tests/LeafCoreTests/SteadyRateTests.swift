import LeafCore
import Testing

/// A stock with drivers that take their time, played a millisecond at a time.
private struct SlowDrivers {
    var stock: TagStock
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var waits = 0
    var served: Int64 = 0
    private var counter: Int64 = 1
    private var commitDueAt: MonotonicTime?
    private var commit: (order: CommitOrder, doneAt: MonotonicTime)?
    private var load: (order: LoadOrder, doneAt: MonotonicTime)?
    private var ticketNumber: UInt64 = 0

    static let commitTakes = Duration.milliseconds(20)
    static let loadTakes = Duration.milliseconds(50)
    /// How long the journal's thread gathers tags that are due soon: a quarter of the window.
    static let gather = Duration.milliseconds(250)

    init() {
        let rules = StockRules(
            step: StepPolicy(
                minStep: 100, maxStep: 1_000_000, adjustRatio: 2, shortLife: .seconds(900), longLife: .seconds(1800)),
            preloadThreshold: 0.1, reserve: .seconds(1800), maxSegments: 1000, window: .seconds(1), failoverGap: 1000)
        stock = TagStock(epoch: 1, tableStep: 1000, rules: rules, now: now)
    }

    /// One millisecond in which `count` IDs are asked for, one by one.
    mutating func step(asking count: Int64, tick: Bool) {
        now = now.advanced(by: .milliseconds(1))
        var effects = StockEffects()
        if let done = commit, now >= done.doneAt {
            commit = nil
            stock.committed(done.order, now: now, effects: &effects)
        }
        if let done = load, now >= done.doneAt {
            load = nil
            let segment = Segment(start: counter, end: counter + done.order.count)
            counter = segment.end
            _ = stock.loaded(done.order, segment: segment, tableStep: 1000, now: now, effects: &effects)
        }
        if tick { _ = stock.tick(now: now, effects: &effects) }
        for _ in 0..<count { ask(&effects) }
        carryOut(effects)
    }

    private mutating func ask(_ effects: inout StockEffects) {
        if stock.takeOne() != nil {
            served += 1
            return
        }
        ticketNumber += 1
        var ranges: [IDRange] = []
        let verdict = stock.request(
            Demand(count: 1), token: ParkToken(receiver: 0, ticket: ticketNumber), storeIsBackingOff: false, now: now,
            ranges: &ranges, effects: &effects)
        if verdict == .taken { served += 1 } else { waits += 1 }
    }

    private mutating func carryOut(_ effects: StockEffects) {
        served += Int64(effects.answers.count)
        if let urgency = effects.commit {
            let dueAt = urgency == .now ? now : now.advanced(by: SlowDrivers.gather)
            commitDueAt = min(commitDueAt ?? dueAt, dueAt)
        }
        if let dueAt = commitDueAt, now >= dueAt, commit == nil {
            commitDueAt = nil
            commit = stock.beginCommit(now: now).map { ($0, now.advanced(by: SlowDrivers.commitTakes)) }
        }
        if load == nil, let order = stock.beginLoad(now: now) {
            load = (order, now.advanced(by: SlowDrivers.loadTakes))
        }
    }
}

@Suite struct SteadyRateTests {
    @Test(arguments: [(1, 100), (1, 10), (1, 1), (20, 1), (200, 1)])
    func `at a steady rate no request waits for a commit or a lease`(count: Int, everyMilliseconds: Int) {
        var drivers = SlowDrivers()
        var waitsBefore = 0
        for millisecond in 1...40_000 {
            drivers.step(
                asking: millisecond % everyMilliseconds == 0 ? Int64(count) : 0, tick: millisecond % 1000 == 0)
            // The rate is new for the first ten seconds.
            if millisecond == 10_000 { waitsBefore = drivers.waits }
        }
        #expect(drivers.waits - waitsBefore == 0)
        #expect(drivers.served > Int64(30_000 * count / everyMilliseconds))
    }
}
