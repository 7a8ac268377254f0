import Testing

@testable import LeafSimulator

/// The clock-fault table in short: `leaf-sim --clock-faults` plays the same rows with many more seeds.
@Suite struct ClockFaultTests {
    @Test(arguments: ClockFault.all) func `no row of the table gives an ID twice, and each has its fault`(
        _ fault: ClockFault
    ) {
        let sum = fault.play(0..<2 as Range<UInt64>, isBrief: true)
        #expect(sum.happened == sum.plays)
        #expect(sum.ids > 0)
        #expect(sum.duplicates == 0)
        #expect(sum.descending == 0)
        #expect(sum.violation == nil, "\(sum.violation.map { "seed \($0.seed): \($0.violation)" } ?? "")")
        guard fault.isClockSane else { return }
        // Up to three windows, less the time it was down, where the newest commit is lost and nobody is there to ask.
        #expect(sum.ahead <= (fault.kind == .commitLost(isStoreDown: true) ? 3000 : 1000))
        #expect(sum.behind <= 1000)
    }

    @Test(
        arguments: [
            (.generation, ClockFault(.paused(isAnyFree: true))),
            (.lateRenewal, ClockFault(.failover(.takeover))),
        ] as [(DuplicateGuard, ClockFault)])
    func `the table shows IDs that come twice without a guard`(_ guarding: DuplicateGuard, _ fault: ClockFault) {
        let isSeen = DuplicateGuard.$off.withValue(guarding) {
            (0..<20 as Range<UInt64>).contains { fault.play(CollectionOfOne($0)).duplicates > 0 }
        }
        #expect(isSeen)
    }
}
