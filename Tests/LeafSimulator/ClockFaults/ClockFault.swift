/// One row of the clock-fault table: what goes wrong, and when.
package struct ClockFault: Hashable, Sendable {
    package enum Moment: String, Hashable, Sendable, CaseIterable {
        case running
        /// kill -9, and a start.
        case restart
        case reboot
    }

    package let kind: Kind
    package let moment: Moment
    /// Of the first host: its own worker id, and not a leased one.
    package let isConfigured: Bool

    package enum Kind: Hashable, Sendable {
        case none
        /// By so many microseconds.
        case wallStep(Int64)
        /// While the database is away, so that nobody contradicts the wall clock.
        case wallStepAlone(Int64)
        /// A host's wall clock is wrong from its first start on.
        case wallOff(Int64)
        case databaseStep(Int64)
        /// nil: longer than the lease.
        case suspend(Duration?)
        /// SIGSTOP until another has its worker id.
        case paused(isAnyFree: Bool)
        case kill(times: Int)
        case reboot(isStoreDown: Bool)
        /// kill -9, and the newest commit is damaged: a start resumes at `hi` + `cap`.
        case commitLost(isStoreDown: Bool)
        case journalLost
        case journalRestored
        case journalCopied(Copy)
        /// A machine's memory image is resumed twice.
        case twin
        case sameWorker
        case outage(isLeaseOver: Bool)
        case failover(Loss)
        case otherFormat(isEpoch: Bool)
    }

    package enum Copy: Hashable, Sendable {
        case beside, elsewhere, clone
    }

    /// What the new server lacks.
    package enum Loss: Hashable, Sendable {
        case row, renewal, takeover
    }

    init(_ kind: Kind, _ moment: Moment = .running, isConfigured: Bool = false) {
        self.kind = kind
        self.moment = moment
        self.isConfigured = isConfigured
    }

    /// In microseconds: ±1 ms, 5 ms, 1 s, 1 h, 1 year.
    static let steps: [Int64] = [1000, 5000, 1_000_000, hour, 365 * 24 * hour].flatMap { [$0, -$0] }
    private static let hour: Int64 = 3_600_000_000

    /// The rows, in their order.
    package static let all: [ClockFault] =
        [ClockFault(.none)]
        + steps.flatMap { step in Moment.allCases.map { ClockFault(.wallStep(step), $0) } }
        + [hour, -hour].map { ClockFault(.wallStepAlone($0)) }
        + [hour, -hour].map { ClockFault(.wallOff($0), .restart) }
        + [hour, -hour].map { ClockFault(.databaseStep($0)) }
        + [.seconds(1), .seconds(3600), nil].map { ClockFault(.suspend($0)) }
        + [true, false].map { ClockFault(.paused(isAnyFree: $0)) }
        + [ClockFault(.kill(times: 1), .restart), ClockFault(.kill(times: 5), .restart)]
        + [
            ClockFault(.reboot(isStoreDown: false), .reboot),
            ClockFault(.reboot(isStoreDown: false), .reboot, isConfigured: true),
            ClockFault(.reboot(isStoreDown: true), .reboot),
            ClockFault(.commitLost(isStoreDown: false), .restart), ClockFault(.commitLost(isStoreDown: true), .restart),
            ClockFault(.journalLost, .restart), ClockFault(.journalLost, .restart, isConfigured: true),
            ClockFault(.journalRestored, .restart), ClockFault(.journalRestored, .restart, isConfigured: true),
            ClockFault(.journalCopied(.beside)), ClockFault(.journalCopied(.elsewhere)),
            ClockFault(.journalCopied(.clone)), ClockFault(.twin), ClockFault(.sameWorker, isConfigured: true),
            ClockFault(.outage(isLeaseOver: false)), ClockFault(.outage(isLeaseOver: true)),
            ClockFault(.failover(.row)), ClockFault(.failover(.renewal)), ClockFault(.failover(.takeover)),
            ClockFault(.otherFormat(isEpoch: true), .restart), ClockFault(.otherFormat(isEpoch: false), .restart),
        ]
}

extension ClockFault {
    /// Plays the row with each seed.
    ///
    /// - Parameter isBrief: shorter plays, in which clients ask less often.
    package func play(_ seeds: some Sequence<UInt64>, isBrief: Bool = false) -> FaultSum {
        var sum = FaultSum()
        for seed in seeds { sum += FaultPlay.play(self, seed: seed, isBrief: isBrief) }
        return sum
    }

    /// Every step of one play, in words.
    package func trace(_ seed: UInt64) -> [String] {
        let play = FaultPlay(self, seed: seed, isBrief: false, isTracing: true)
        let hasHappened = play.perform()
        return play.world.trace + ["the fault has \(hasHappened ? "" : "not ")happened"]
            + (play.world.checker.violation.map { ["\($0)"] } ?? [])
    }
}
