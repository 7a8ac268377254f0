@testable import LeafCore

/// Several daemons on one central table, under everything that can go wrong between them, in an order that one seed gives.
///
/// After each event it checks: nothing issued twice, nothing at or above the durable mark or outside of an acknowledged
/// lease, ascending within a daemon, a crash's loss bounded, stock means an answer, nothing forgotten by the drivers.
package struct Simulation {
    package struct Report: Sendable {
        package let seed: UInt64
        package let events: Int
        package let issued: Int
        package let crashes: Int
        /// nil: every rule held.
        package let violation: String?
        /// The last events before a violation, the newest last.
        package let trace: ArraySlice<String>
    }

    var random: SeededRandom
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var store: SimulatedStore
    var hosts: [SimulatedHost]
    var checker = IssueChecker()
    var storeIsDown = false
    var crashes = 0
    var trace: [String] = []
    let rules: StockRules
    let isTracing: Bool

    /// Plays `events` events from the seed, then lets everything come to rest and looks whether all is well.
    package static func run(seed: UInt64, events: Int) -> Report {
        let report = play(seed: seed, events: events, isTracing: false)
        return report.violation == nil ? report : play(seed: seed, events: events, isTracing: true)
    }

    private static func play(seed: UInt64, events: Int, isTracing: Bool) -> Report {
        var simulation = Simulation(seed: seed, isTracing: isTracing)
        var played = 0
        while played < events && simulation.checker.violation == nil {
            simulation.step()
            played += 1
        }
        if simulation.checker.violation == nil { simulation.settle() }
        return Report(
            seed: seed, events: played, issued: simulation.checker.issued, crashes: simulation.crashes,
            violation: simulation.checker.violation,
            trace: simulation.trace.suffix(60))
    }

    private init(seed: UInt64, isTracing: Bool) {
        self.isTracing = isTracing
        random = SeededRandom(seed: seed)
        let step = Int64([1, 5, 20, 100][random.below(4)])
        let minStep = Int64([1, 10, 50][random.below(3)])
        rules = StockRules(
            step: StepPolicy(
                minStep: minStep, maxStep: max(minStep, Int64([50, 400, 2000][random.below(3)])), adjustRatio: 2,
                shortLife: .seconds(900), longLife: .seconds(1800)),
            preloadThreshold: [0.1, 0.5, 0.9][random.below(3)], reserve: .seconds([0, 60, 1800][random.below(3)]),
            maxSegments: [1, 3, 1000][random.below(3)], window: .milliseconds([100, 1000][random.below(2)]),
            failoverGap: 1000)
        store = SimulatedStore(step: step, gap: 1000)
        let (rules, now) = (rules, now)
        hosts = (0..<1 + random.below(3)).map { SimulatedHost(number: $0, rules: rules, step: step, now: now) }
    }

    // MARK: Events

    mutating func step() {
        let host = random.below(hosts.count)
        switch random.below(100) {
        case 0..<38: request(host)
        case 38..<44: takeFast(host)
        case 44..<56: beginCommit(host)
        case 56..<70: endCommit(host)
        case 70..<77: beginLoad(host)
        case 77..<87: endLoad(host)
        case 87..<91: advance(host)
        case 91: cancel(host)
        case 92..<94: crash(host)
        case 94: if random.chance(50) { stopCleanly(host) }
        case 95: if random.chance(30) { giveUp(host) }
        case 96: if random.chance(20) { dropOrCreate() }
        case 97: withholdOrRelease(host)
        default: storeIsDown = random.chance(40)
        }
        check(host)
    }

    mutating func check(_ host: Int) {
        if let stuck = hosts[host].stuck { checker.fail("host \(host): \(stuck)") }
    }

    /// Writes down what happened, if this is the replay of a seed that failed.
    mutating func note(_ host: Int, _ text: (SimulatedHost) -> String) {
        if isTracing { trace.append("\(host): \(text(hosts[host]))") }
    }

    mutating func request(_ host: Int) {
        let count = random.chance(70) ? 1 : Int64(1 + random.below([5, 60, 700][random.below(3)]))
        let demand = Demand(
            count: count, isContiguous: random.chance(15), more: random.chance(20) ? Int64(random.below(50)) : 0)
        let token = hosts[host].nextToken()
        let (stock, failing) = (hosts[host].stock, hosts[host].stock.mark.isFailing)
        var ranges: [IDRange] = []
        var effects = StockEffects()
        let verdict = hosts[host].stock.request(
            demand, token: token, storeIsBackingOff: storeIsDown, now: now, ranges: &ranges, effects: &effects)
        note(host) { _ in "asks for \(demand.count)\(demand.isContiguous ? " in a row" : ""): \(verdict) \(ranges)" }
        switch verdict {
        case .taken:
            if ranges.reduce(0, { $0 + $1.count }) != demand.count {
                checker.fail("asked for \(demand), got \(ranges)")
            }
            if demand.isContiguous && ranges.count != 1 { checker.fail("in a row: \(ranges)") }
            issue(ranges, host)
        case .parked: hosts[host].parked[token] = demand
        case .refused(let refusal):
            if stock.phase == .open, !failing, !demand.isContiguous, stock.stock >= demand.count {
                checker.fail("host \(host) has \(stock.stock) IDs and refuses \(demand.count): \(refusal)")
            }
        }
        finish(host, effects)
    }

    mutating func takeFast(_ host: Int) {
        guard let range = hosts[host].stock.takeRun(upTo: Int64(1 + random.below(30))) else { return }
        note(host) { _ in "takes \(range)" }
        issue([range], host)
    }

    mutating func beginCommit(_ host: Int) {
        guard hosts[host].wantsCommit, hosts[host].commit == nil else { return }
        hosts[host].wantsCommit = false
        let riskBefore = hosts[host].atRisk(hosts[host].stock.limit)
        hosts[host].commit = hosts[host].stock.beginCommit(now: now)
        if let hi = hosts[host].commit?.record.hi, hosts[host].atRisk(hi) > max(riskBefore, hosts[host].riskMax) {
            checker.fail(
                "host \(host): a crash would lose \(hosts[host].atRisk(hi)) IDs, more than \(hosts[host].riskMax)")
        }
        note(host) { host in "begins a commit: \(host.commit.map { "\($0.record)" } ?? "nothing to write")" }
    }

    /// Acknowledged; failed and not written; failed and written all the same.
    mutating func endCommit(_ host: Int) {
        guard let order = hosts[host].commit else { return }
        hosts[host].commit = nil
        let outcome = random.below(10)
        if outcome < 8 || outcome == 8 { hosts[host].journal.write(order.record) }
        var effects = StockEffects()
        if outcome < 8 {
            hosts[host].stock.committed(order, now: now, effects: &effects)
        } else {
            hosts[host].stock.commitFailed(order, now: now, effects: &effects)
            hosts[host].wantsCommit = true
        }
        note(host) { _ in
            outcome < 8 ? "commit durable" : outcome == 8 ? "commit durable, reported failed" : "commit failed"
        }
        finish(host, effects)
    }

    mutating func beginLoad(_ host: Int) {
        guard hosts[host].wantsLoad, hosts[host].load == nil else { return }
        if storeIsDown {
            var effects = StockEffects()
            hosts[host].stock.loadPostponed(effects: &effects)
            return finish(host, effects)
        }
        hosts[host].wantsLoad = false
        guard let order = hosts[host].stock.beginLoad(now: now) else { return }
        // The request may be lost on its way.
        hosts[host].load = (order, random.chance(95) ? store.lease(order) : nil)
        note(host) { host in "asks the store for \(order.count): \(String(describing: host.load?.segment))" }
    }

    /// The reply comes, or is lost: then nobody ever uses that segment.
    mutating func endLoad(_ host: Int) {
        guard let (order, segment) = hosts[host].load else { return }
        hosts[host].load = nil
        var effects = StockEffects()
        if let segment, random.chance(85) {
            let used = hosts[host].stock.loaded(
                order, segment: segment, tableStep: store.step, now: now, effects: &effects)
            if used { hosts[host].leases.append(segment) }
            note(host) { _ in "gets \(segment), \(used ? "uses it" : "gives it up")" }
        } else {
            let failure: LoadFailure = store.exists ? .store : .noTag
            hosts[host].stock.loadFailed(order, failure, now: now, effects: &effects)
            if hosts[host].stock.supply.load == .wanted { hosts[host].wantsLoad = true }
            note(host) { _ in "load failed: \(failure)" }
        }
        finish(host, effects)
    }

    mutating func advance(_ host: Int) {
        now = now.advanced(by: .milliseconds([1, 50, 1000, 60_000, 2_000_000][random.below(5)]))
        var effects = StockEffects()
        if hosts[host].stock.isActive { _ = hosts[host].stock.tick(now: now, effects: &effects) }
        finish(host, effects)
    }

    mutating func cancel(_ host: Int) {
        guard let token = hosts[host].parked.keys.sorted(by: { $0.ticket < $1.ticket }).first else { return }
        if hosts[host].stock.cancel(token) { hosts[host].parked[token] = nil }
    }

    // MARK: Afterwards

    mutating func finish(_ host: Int, _ effects: StockEffects) {
        for answer in hosts[host].carryOut(effects) {
            guard let demand = hosts[host].parked.removeValue(forKey: answer.token) else {
                checker.fail("an answer for \(answer.token), which is not parked")
                continue
            }
            guard case .ids(let ranges) = answer.outcome else { continue }
            note(host) { _ in "answers \(demand.count) with \(ranges)" }
            if ranges.reduce(0, { $0 + $1.count }) != demand.count { checker.fail("parked \(demand), got \(ranges)") }
            issue(ranges, host)
        }
    }

    mutating func issue(_ ranges: [IDRange], _ host: Int) {
        for range in ranges {
            checker.issue(range, by: hosts[host])
            hosts[host].lastIssued = range.last
        }
    }

    /// With everything well again, whoever waits is served, and whoever asks as well.
    mutating func settle() {
        storeIsDown = false
        store.create()
        for host in hosts.indices {
            var effects = StockEffects()
            hosts[host].stock.described(tableStep: store.step, now: now, effects: &effects)
            hosts[host].stock.release(now: now, effects: &effects)
            finish(host, effects)
            var rounds = 0
            var isServed = false
            while !isServed && rounds < 500 && checker.violation == nil {
                rounds += 1
                now = now.advanced(by: .milliseconds(10))
                settleRound(host)
                guard hosts[host].parked.isEmpty else { continue }
                let before = checker.issued
                request(host)
                isServed = checker.issued > before && hosts[host].parked.isEmpty
            }
            if !isServed && checker.violation == nil {
                checker.fail("host \(host) does not come to serve again: \(hosts[host].stock)")
            }
        }
    }

    mutating func settleRound(_ host: Int) {
        beginCommit(host)
        if let order = hosts[host].commit {
            hosts[host].commit = nil
            hosts[host].journal.write(order.record)
            var effects = StockEffects()
            hosts[host].stock.committed(order, now: now, effects: &effects)
            finish(host, effects)
        }
        beginLoad(host)
        if let (order, segment) = hosts[host].load {
            hosts[host].load = nil
            var effects = StockEffects()
            if let segment {
                if hosts[host].stock.loaded(order, segment: segment, tableStep: store.step, now: now, effects: &effects)
                {
                    hosts[host].leases.append(segment)
                }
            } else {
                hosts[host].stock.loadFailed(order, .store, now: now, effects: &effects)
                hosts[host].wantsLoad = true
            }
            finish(host, effects)
        }
    }
}
