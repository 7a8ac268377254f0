import Foundation
import LeafSimulator
import Testing

/// How many seeds: 2,000 unless `SIM_SEEDS` says otherwise, from `SIM_FIRST_SEED` (0) on.
private let seeds: Range<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["SIM_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
    return first..<first + (environment["SIM_SEEDS"].flatMap { UInt64($0) } ?? 2000)
}()

@Suite struct SimulationTests {
    @Test func `no seed issues an ID twice, or breaks any other rule`() async {
        var sum = Tally()
        var failure: Simulation.Report?
        await withTaskGroup(of: (Tally, Simulation.Report?).self) { group in
            for part in 0..<2 {
                group.addTask { play(stride(from: seeds.lowerBound + UInt64(part), to: seeds.upperBound, by: 2)) }
            }
            for await (tally, failed) in group {
                sum += tally
                failure = failure ?? failed
            }
        }
        if let failure { Issue.record("\(failure.story())") }
        print("simulated \(seeds.count) seeds: \(sum)")
        // The simulation must not have become idle without anybody noticing.
        #expect(sum.issued > sum.events / 2)
        #expect(sum.idle == [], "nothing of this kind has happened in \(seeds.count) seeds")
    }

    @Test func `no seed stamps a snowflake twice, or lets two daemons stamp in one unit of time`() async {
        var sum = Tally()
        var failure: Simulation.Report?
        await withTaskGroup(of: (Tally, Simulation.Report?).self) { group in
            for part in 0..<2 {
                group.addTask {
                    play(stride(from: seeds.lowerBound + UInt64(part), to: seeds.upperBound, by: 2), of: .snowflakes)
                }
            }
            for await (tally, failed) in group {
                sum += tally
                failure = failure ?? failed
            }
        }
        if let failure { Issue.record("\(failure.story())") }
        print("simulated \(seeds.count) seeds: \(sum)")
        #expect(sum.stamped > sum.events)
        #expect(sum.idleSnowflakes == [], "nothing of this kind has happened in \(seeds.count) seeds")
    }

    @Test func `a seed of snowflakes plays the same each time`() {
        let a = Simulation.run(seed: 43, events: 400, of: .snowflakes)
        let b = Simulation.run(seed: 43, events: 400, of: .snowflakes)
        #expect(a.tally == b.tally)
        #expect(a.tally.stamped > 0)
    }

    @Test func `a seed plays the same each time`() {
        let (a, b) = (Simulation.run(seed: 42, events: 400), Simulation.run(seed: 42, events: 400))
        #expect(a.tally == b.tally)
        #expect(a.tally.issued > 0)
    }

    @Test func `what is left of a scenario means the same without the rest`() {
        var scenario = Scenario(seed: 7, events: 400)
        let whole = Simulation.play(scenario, isTracing: true)
        scenario.events.removeLast(100)
        let shorter = Simulation.play(scenario, isTracing: true)
        let common = shorter.trace.prefix { !$0.contains("all faults have ended") }
        #expect(!common.isEmpty)
        #expect(whole.trace.starts(with: common))
    }
}

private func play(
    _ seeds: some Sequence<UInt64>, of subject: Scenario.Subject = .tags
) -> (Tally, Simulation.Report?) {
    var tally = Tally()
    for seed in seeds {
        let report = Simulation.run(seed: seed, events: 400, of: subject)
        tally += report.tally
        if report.violation != nil { return (tally, report) }
    }
    return (tally, nil)
}
