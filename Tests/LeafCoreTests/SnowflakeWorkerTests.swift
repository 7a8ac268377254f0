import LeafCore
import Testing

@Suite("A worker id that stamps")
struct SnowflakeWorkerTests {
    @Test func `an ID tells the time, the worker and a sequence, and the next one is higher`() throws {
        var bench = SnowflakeBench()
        let first = try bench.mustTake()[0].first
        let parts = try #require(bench.parts(first))
        #expect(parts.time == bench.now && parts.worker == 39 && parts.sequence < 64)
        let second = try bench.mustTake()[0].first
        #expect(second == first + 1)
        bench.clocks.pass(1_000)
        let third = try bench.mustTake()[0].first
        #expect(bench.parts(third)?.time == bench.now)
    }

    @Test func `nothing is stamped before the journal has acknowledged a mark above it`() {
        var bench = SnowflakeBench()
        expectVerdict(bench.ask().0, .parked)
        #expect(bench.effects.commit == .now)
        let order = bench.worker.beginCommit(bench.clocks.reading)
        #expect(order != nil)
        expectVerdict(bench.ask().0, .parked, "a commit under way is none")
        if let order { bench.worker.committed(order, &bench.effects) }
        // The first commit tells how far the second may go; it is asked for by whoever waits.
        #expect(bench.effects.answers.isEmpty && bench.effects.commit == .now)
        bench.commit()
        #expect(bench.effects.answers.map(\.outcome) == [.again, .again])
        expectVerdict(bench.ask().0, .taken)
    }

    @Test func `within the window nobody waits for the journal, and it is asked for in time`() {
        var bench = SnowflakeBench()
        _ = bench.take()
        var waits = 0
        for _ in 0..<20_000 {
            bench.clocks.pass(1_000)
            bench.effects.commit = nil
            let verdict = bench.ask().0
            if verdict == .parked { waits += 1 }
            if bench.effects.commit != nil { bench.commit() }
        }
        #expect(waits == 0)
        #expect(bench.worker.counters.issued == 20_001)
    }

    @Test func `a unit that is used up is followed by the next, a few ahead of the clock, and then one waits`() throws {
        var bench = SnowflakeBench()
        _ = bench.take()
        bench.clocks.pass(1_000)
        var seen: Set<Int64> = []
        var most: Int64 = 0
        while true {
            let (verdict, ranges) = bench.ask()
            guard verdict == .taken else {
                guard case .wait(let microseconds) = verdict else { return #expect(Bool(false), "\(verdict)") }
                #expect(microseconds > 0 && microseconds <= 1_000)
                break
            }
            #expect(seen.insert(ranges[0].first).inserted)
            most = max(most, try #require(bench.parts(ranges[0].first)).time)
        }
        #expect(most == bench.now + 4)
        #expect(seen.count > 4 * 4096 + 4096 - 64 && seen.count <= 5 * 4096)
        bench.clocks.pass(1_000)
        expectVerdict(bench.ask().0, .taken)
    }

    @Test func `a full load uses every sequence number of every unit`() {
        var bench = SnowflakeBench()
        _ = bench.take()
        let before = bench.worker.counters.issued
        for _ in 0..<1_000 {
            bench.clocks.pass(1_000)
            while bench.ask(1_000).0 == .taken {}
            bench.commit()
        }
        let issued = bench.worker.counters.issued - before
        #expect(issued > 4_080_000, "\(issued)")
    }

    @Test func `a large request spans units, all or nothing, and no more than a second of them`() throws {
        var bench = SnowflakeBench()
        _ = bench.take()
        bench.clocks.pass(1_000)
        let ranges = try bench.mustTake(100_000)
        #expect(ranges.reduce(0) { $0 + $1.count } == 100_000)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.last < $1.first })
        for range in ranges { #expect(bench.parts(range.first)?.time == bench.parts(range.last)?.time) }
        guard case .wait = bench.ask().0 else { return #expect(Bool(false), "it is ahead of the clock now") }
        expectVerdict(bench.ask(4_096_001).0, .refused(.tooMany(max: 4_096_000)))
    }

    @Test func `after a crash it goes on above its mark, a little ahead of the clock, and no ID comes twice`() throws {
        var bench = SnowflakeBench(ahead: 7_200_000)
        var last: Int64 = 0
        for round in 1...50 {
            let first = try bench.mustTake()[0].first
            #expect(first > last)
            last = first
            bench.clocks.pass(500_000 + Int64(round) * 40_000)
            if bench.take() != nil { last = try bench.mustTake()[0].first }
            try bench.restart()
            #expect(bench.worker.clock.now <= bench.clocks.wall + 1_000_000)
        }
    }

    @Test func `a daemon that crashes again and again does not run away from the clock`() throws {
        var bench = SnowflakeBench(ahead: 7_200_000)
        for _ in 0..<200 {
            _ = try bench.mustTake()
            bench.clocks.pass(300_000)
            _ = try bench.mustTake()
            try bench.restart()
            #expect(bench.worker.clock.now <= bench.clocks.wall + 1_000_000)
        }
    }

    @Test func `a start that may have lost the newest commit goes on above what it allowed`() throws {
        var bench = SnowflakeBench()
        _ = bench.take()
        let older = try #require(bench.journal)
        bench.clocks.pass(1_000_000)
        _ = bench.take()
        bench.commit()
        bench.clocks.pass(1_200_000)
        let last = try bench.mustTake()[0].last
        // Its newest commits are gone, and so is what the clock knew.
        #expect(try #require(bench.journal).hi > older.hi)
        bench.clocks.step(-3_600_000_000)
        bench.journal = older
        try bench.restart(.hiPlusCap)
        bench.commit()
        let first = try bench.mustTake()[0].first
        #expect(first > last)
    }

    @Test func `after a long pause one commit raises the cap, and the next the mark`() throws {
        var bench = SnowflakeBench(ahead: 7_200_000)
        _ = bench.take()
        bench.clocks.pass(3_600_000_000)
        let before = try #require(bench.journal)
        expectVerdict(bench.ask().0, .parked)
        bench.commit()
        let between = try #require(bench.journal)
        #expect(between.hi == before.hi && between.hi + between.cap > bench.now)
        bench.commit()
        #expect(try #require(bench.journal).hi <= between.hi + between.cap)
        expectVerdict(bench.ask().0, .taken)
    }

    @Test func `it stamps up to its lease's end and no further`() throws {
        var bench = SnowflakeBench(ahead: 50)
        var last: Int64 = 0
        for _ in 0..<100 {
            if let ranges = bench.take() { last = try #require(bench.parts(ranges[0].last)).time }
            bench.clocks.pass(1_000)
        }
        #expect(last == bench.worker.lastTime)
        expectVerdict(bench.ask().0, .refused(.leaseOver(last: bench.worker.lastTime, now: bench.now)))
        bench.worker.renewed(
            lastTime: bench.now + 60_000, database: bench.now, bench.clocks.reading, keepsJournalCurrent: false,
            effects: &bench.effects)
        _ = try bench.mustTake()
    }

    @Test func `a clock that is put right ends the refusal at once`() throws {
        var bench = SnowflakeBench(start: 1_600_000_000_000)
        bench.clocks.step(HybridTimeTests.year)
        bench.worker = SnowflakeWorker(
            SnowflakeBench.rules, worker: 39, generation: 1, epoch: 1, start: 1_600_000_000_000,
            lastTime: 1_700_000_060_000,
            reading: bench.clocks.reading, seed: 3)
        guard case .refused(.leaseOver) = bench.ask().0 else { return #expect(Bool(false)) }
        bench.clocks.step(-HybridTimeTests.year)
        bench.clocks.pass(1_000)
        let id = try bench.mustTake()[0].first
        #expect(bench.parts(id)?.time == bench.now)
    }

    @Test func `what was stamped with while the clock was ahead is known when the clock is right`() throws {
        var bench = SnowflakeBench(ahead: 50)
        bench.clocks.step(3_600_000_000)
        bench.worker = SnowflakeWorker(
            SnowflakeBench.rules, worker: 39, generation: 1, epoch: 1, start: bench.now, lastTime: bench.now + 50,
            reading: bench.clocks.reading, seed: 3)
        for _ in 0..<100 {
            _ = bench.take()
            bench.clocks.pass(1_000)
        }
        #expect(!bench.worker.isStuck(bench.clocks.reading), "the wall clock says so too")
        bench.clocks.step(-3_600_000_000)
        #expect(bench.worker.isStuck(bench.clocks.reading))
        bench.worker.renewed(
            lastTime: bench.now + 7_200_000, database: nil, bench.clocks.reading, keepsJournalCurrent: false,
            effects: &bench.effects)
        #expect(!bench.worker.isStuck(bench.clocks.reading))
    }

    @Test func `a clean stop journals the exact place, and the next start goes on right above it`() throws {
        var bench = SnowflakeBench()
        let last = try bench.mustTake()[0].last
        let isToWrite = bench.worker.seal(effects: &bench.effects)
        #expect(isToWrite)
        expectVerdict(bench.ask().0, .refused(.shutdown))
        bench.commit()
        #expect(try #require(bench.journal).hi == bench.now + 1)
        try bench.restart()
        #expect(try bench.mustTake()[0].first > last)
    }

    @Test func `a commit that fails raises nothing, and the next one stays within what both allow`() throws {
        var bench = SnowflakeBench(ahead: 7_200_000)
        _ = bench.take()
        bench.clocks.pass(1_000_000)
        _ = bench.take()
        bench.clocks.pass(1_000_000)
        let limit = bench.worker.limit
        _ = bench.ask()
        let order = try bench.mustBegin()
        bench.worker.commitFailed(order, &bench.effects)
        #expect(bench.worker.limit == limit)
        bench.clocks.pass(60_000_000)
        expectVerdict(bench.ask().0, .refused(.journalFailing))
    }

    @Test func `given up, it never stamps again, whatever is acknowledged later`() throws {
        var bench = SnowflakeBench()
        _ = bench.ask()
        let order = try bench.mustBegin()
        bench.worker.giveUp(effects: &bench.effects)
        bench.worker.committed(order, &bench.effects)
        expectVerdict(bench.ask().0, .gone)
        #expect(bench.effects.answers.map(\.outcome) == [.again])
    }

    @Test func `a layout of 10 ms stamps its units, and waits within a second`() throws {
        let rules = SnowflakeRules(
            format: SnowflakeFormat(layout: .js53, epoch: 1_600_000_000_000), window: .seconds(1))
        var bench = SnowflakeBench(rules)
        let ranges = try bench.mustTake(25_000)
        #expect(ranges.allSatisfy { $0.last < 1 << 53 })
        expectVerdict(bench.ask(25_601).0, .refused(.tooMany(max: 25_600)))
    }
}
