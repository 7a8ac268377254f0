import LeafCore
import Testing

/// Snowflakes and a journal that is slow, or whose mark is moved by little.
@Suite("A worker id and its journal's pace")
struct SnowflakeJournalTests {
    private struct Load {
        var taken = 0
        var commits = 0
        /// The farthest that a commit moved the mark ahead of the clock, in milliseconds.
        var farthest: Int64 = 0
    }

    /// Seconds of requests, one a millisecond, with commits that take so long one after the other.
    private func load(_ bench: inout SnowflakeBench, seconds: Int, commit latency: Int) -> Load {
        var underWay: (order: WorkerOrder, through: Int)?
        var load = Load()
        for millisecond in 0..<seconds * 1000 {
            bench.clocks.pass(1_000)
            if let (order, through) = underWay, millisecond >= through {
                bench.worker.committed(order, &bench.effects)
                underWay = nil
                load.commits += 1
            }
            if case .taken = bench.ask().0 { load.taken += 1 }
            guard underWay == nil, bench.effects.commit != nil else { continue }
            bench.effects.commit = nil
            if let order = bench.worker.beginCommit(bench.clocks.reading) {
                underWay = (order, millisecond + latency)
                load.farthest = max(load.farthest, order.record.hi - bench.now)
            }
        }
        return load
    }

    @Test(arguments: [(1000, 100), (1000, 700), (1000, 900), (100, 80), (10, 12)])
    func `commits that take longer than the mark is ahead delay IDs, and do not end them`(window: Int, latency: Int) {
        let rules = SnowflakeRules(format: SnowflakeBench.format, window: .milliseconds(window))
        var bench = SnowflakeBench(rules, ahead: 600_000)
        let load = load(&bench, seconds: 20, commit: latency)
        #expect(load.taken > 10_000 && load.commits <= 20_000 / latency, "\(load) of 20,000")
    }

    /// The stamps are ahead of the wall clock then, and the mark is moved by a sixteenth of a window.
    @Test(arguments: [40, 100, 200])
    func `slow commits end nothing after the clock was set back by an hour either`(latency: Int) {
        var bench = SnowflakeBench(ahead: 7_200_000)
        _ = bench.take()
        bench.clocks.wall -= 3_600_000_000
        bench.worker.renewed(
            lastTime: bench.worker.lastTime, database: bench.now, bench.clocks.reading, keepsJournalCurrent: false,
            effects: &bench.effects)
        let load = load(&bench, seconds: 20, commit: latency)
        #expect(load.taken > 10_000, "\(load) of 20,000")
    }

    @Test func `once commits are fast again the mark is as little ahead as before`() throws {
        var bench = SnowflakeBench(ahead: 600_000)
        let slow = load(&bench, seconds: 10, commit: 900)
        #expect(slow.farthest > 900 && slow.farthest <= 2000)
        _ = load(&bench, seconds: 60, commit: 1)
        let fast = load(&bench, seconds: 10, commit: 1)
        #expect(fast.farthest <= 750)
    }

    @Test(arguments: [10, 100, 200, 300, 1000])
    func `a request for a second's IDs takes a few commits, however small the window`(window: Int) {
        let format = SnowflakeFormat(layout: .js53, epoch: 1_288_834_974_657)
        let rules = SnowflakeRules(format: format, window: .milliseconds(window))
        var bench = SnowflakeBench(rules, ahead: 600_000)
        var commits = 0
        expectVerdict(bench.ask(rules.countMax).0, .parked)
        // As the daemon does: it commits as long as that is asked for, and asks again when it is told to.
        while bench.effects.answers.isEmpty, bench.effects.commit != nil {
            bench.effects.commit = nil
            bench.commit()
            commits += 1
        }
        #expect(commits <= 3)
        let (verdict, ranges) = bench.ask(rules.countMax)
        expectVerdict(verdict, .taken)
        #expect(ranges.map(\.count).reduce(0, +) == rules.countMax)
    }

    @Test func `what it would refuse now is told without an ID being taken`() throws {
        var bench = SnowflakeBench(ahead: 1000)
        let id = try bench.mustTake()[0].first
        #expect(bench.worker.refusal(bench.clocks.reading) == nil)
        bench.clocks.pass(5_000_000)
        #expect(
            bench.worker.refusal(bench.clocks.reading)
                == .leaseOver(last: bench.worker.lastTime, now: bench.now))
        bench.worker.renewed(
            lastTime: bench.now + 1000, database: nil, bench.clocks.reading, keepsJournalCurrent: false,
            effects: &bench.effects)
        #expect(bench.worker.refusal(bench.clocks.reading) == nil)
        #expect(try bench.mustTake()[0].first > id)
        #expect(bench.worker.counters.issued == 2)
    }
}
