/// Whether anybody would notice that a guard against duplicates is missing: seeds played with the guard switched off.
package struct Mutation: Sendable {
    package let guarding: DuplicateGuard
    package let seed: UInt64
    package let violation: Violation
    /// How many events are enough for it.
    package let shortest: Int

    /// The first of the seeds that breaks a rule with the guard off, and none with it on.
    ///
    /// - Parameters:
    ///   - minds: the rules that count: to see an ID issued twice, and nothing before that, `.duplicate` alone.
    ///   - plays: the most that are tried to find a short form of it.
    package static func find(
        _ guarding: DuplicateGuard, seeds: Range<UInt64>, events: Int,
        minds: Set<Violation.Kind> = Simulation.everyRule, plays: Int
    ) -> Mutation? {
        for seed in seeds {
            let scenario = Scenario(
                seed: seed, events: events, of: guarding.subject, favoring: guarding.occasions)
            let report = DuplicateGuard.$off.withValue(guarding) { Simulation.play(scenario, minds: minds) }
            guard let violation = report.violation else { continue }
            guard Simulation.play(scenario).violation == nil else { continue }
            let short =
                plays == 0
                ? report.scenario
                : DuplicateGuard.$off.withValue(guarding) { Shrinker.shrink(report, minds: minds, plays: plays) }
            return Mutation(guarding: guarding, seed: seed, violation: violation, shortest: short.events.count)
        }
        return nil
    }
}

extension DuplicateGuard {
    /// What is played when it is looked for.
    package var subject: Scenario.Subject {
        switch self {
        case .unusedRecords, .aboveTheHold, .timeMark, .leaseOfTime, .aboveTheLast, .leaseAge, .generation, .succession,
            .knownMark,
            .format, .takeoverHold,
            .liftedLeases, .liftedHorizon, .reassertion, .lateRenewal:
            .snowflakes
        default: .tags
        }
    }

    /// What must happen for the guard to be missed: such events are made frequent when it is looked for.
    package var occasions: Set<EventKind> {
        switch self {
        case .witnessOrder, .unknownOutcome: [.crash, .take]
        case .witnessSequence: [.crash, .restoreJournal]
        case .bootID, .unconfirmed: [.clone, .reboot, .storeDown]
        case .inode: [.copyBeside, .witnessTrouble, .storeDown]
        case .machineID: [.copyElsewhere, .storeDown]
        case .cap: [.crash, .reboot, .storeDown]
        case .flock: [.doubleStart, .witnessTrouble, .storeDown]
        case .incarnation, .storeID: [.swapStores, .reconfigure]
        case .epoch: [.copyElsewhere, .fence, .crash]
        case .sealing: [.stop, .take]
        case .floor, .gap, .identity: [.failover]
        case .ownTraces: [.backup, .restoreStore, .beat]
        case .tombstone: [.drop, .create]
        case .beat, .contested: [.twin, .beat]
        case .leaseOfTime: [.advance, .stamp, .askWorkers]
        case .aboveTheLast: [.advance, .stamp, .stepClock]
        case .succession: [.clone, .fence, .askWorkers, .stamp]
        case .knownMark: [.clone, .reboot, .askWorkers, .storeDown, .stamp]
        case .aboveTheHold: [.failover, .stepClock, .askWorkers, .stamp]
        case .takeoverHold, .liftedLeases, .liftedHorizon: [.failover, .advance, .stamp]
        case .leaseAge: [.failover, .crash, .askWorkers, .stamp]
        case .reassertion, .lateRenewal: [.failover, .advance, .askWorkers, .beat]
        default: []
        }
    }
}
