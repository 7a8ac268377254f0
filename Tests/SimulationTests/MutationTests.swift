import LeafSimulator
import Testing

/// Where `leaf-sim --mutations` found each guard missed first, of those that take long to find. They are tried before
/// others; after a change of the machines or of the simulator that command gives new ones.
private let knownSeeds: [DuplicateGuard: UInt64] = [
    .witnessOrder: 340, .bootID: 174, .machineID: 215, .unconfirmed: 780, .unknownOutcome: 3840, .floor: 218,
    .unusedRecords: 1_155_450, .leaseAge: 789, .aboveTheHold: 840, .lateRenewal: 3768, .liftedLeases: 8450,
    .liftedHorizon: 8450,
    .reassertion: 3569,
]

/// How many other seeds are tried.
private let seedsMax: UInt64 = 600

@Suite struct MutationTests {
    @Test(arguments: DuplicateGuard.allCases)
    func `without a guard against duplicates some seed breaks a rule`(_ guarding: DuplicateGuard) {
        let known = knownSeeds[guarding] ?? 0
        let found =
            Mutation.find(guarding, seeds: known..<known + 1, events: 400, plays: 60)
            ?? Mutation.find(guarding, seeds: 0..<seedsMax, events: 400, plays: 60)
        guard let found else {
            Issue.record("nothing misses the guard '\(guarding.rawValue)' in \(seedsMax) seeds")
            return
        }
        print("without '\(guarding.rawValue)': seed \(found.seed), \(found.shortest) events: \(found.violation)")
    }

    @Test func `a failing seed becomes a short story`() throws {
        try DuplicateGuard.$off.withValue(.gap) {
            let scenario = Scenario(seed: 1, events: 400, favoring: DuplicateGuard.gap.occasions)
            let report = Simulation.play(scenario)
            let violation = try #require(report.violation)
            let short = Shrinker.shrink(report)
            #expect(short.events.count <= 12)
            #expect(Simulation.play(short).violation?.kind == violation.kind)
            #expect(report.story().split(separator: "\n").count <= 40)
        }
    }
}
