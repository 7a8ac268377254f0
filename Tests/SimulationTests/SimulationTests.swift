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
    @Test func `no seed issues an ID twice, or breaks any other rule`() {
        var (events, issued, crashes) = (0, 0, 0)
        for seed in seeds {
            let report = Simulation.run(seed: seed, events: 400)
            events += report.events
            issued += report.issued
            crashes += report.crashes
            if let violation = report.violation {
                Issue.record("seed \(seed): \(violation)\n\(report.trace.joined(separator: "\n"))")
                return
            }
        }
        print("simulated \(seeds.count) seeds: \(events) events, \(issued) IDs, \(crashes) crashes")
        // The simulation must not have become idle without anybody noticing.
        #expect(issued > events / 2)
    }

    @Test func `a seed plays the same each time`() {
        let (a, b) = (Simulation.run(seed: 42, events: 400), Simulation.run(seed: 42, events: 400))
        #expect(a.issued == b.issued)
        #expect(a.crashes == b.crashes)
        #expect(a.issued > 0)
    }
}
