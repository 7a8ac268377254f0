extension ClockFault: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .none: "nothing"
        case .wallStep(let step): "wall clock steps by \(ClockFault.span(step))"
        case .wallStepAlone(let step): "wall clock steps by \(ClockFault.span(step)), database away"
        case .wallOff(let offset): "wall clock \(ClockFault.span(offset)) off from the first start on"
        case .databaseStep(let step): "database's clock steps by \(ClockFault.span(step))"
        case .suspend(let duration):
            "suspended for \(duration.map { ClockFault.span($0.inNanoseconds / 1000).dropFirst() } ?? "longer than the lease")"
        case .paused(let isAnyFree): "SIGSTOP until another has the worker id, \(isAnyFree ? "others" : "none") free"
        case .kill(let times): times == 1 ? "kill -9" : "kill -9, \(times) times in a row"
        case .reboot(let isStoreDown): "reboot" + (isStoreDown ? ", database away" : "") + suffix
        case .commitLost(let isStoreDown):
            "kill -9, newest commit lost" + (isStoreDown ? ", database away" : "")
        case .journalLost: "journal lost" + suffix
        case .journalRestored: "older journal put back" + suffix
        case .journalCopied(.beside): "journal copied, two daemons on one host"
        case .journalCopied(.elsewhere): "journal copied to another host"
        case .journalCopied(.clone): "disk cloned to another host"
        case .twin: "memory image resumed twice"
        case .sameWorker: "two daemons, one static id"
        case .outage(let isLeaseOver): "database away, \(isLeaseOver ? "longer" : "shorter") than the lease"
        case .failover(.row): "failover loses the worker id's row"
        case .failover(.renewal): "failover loses a renewal"
        case .failover(.takeover): "failover loses a takeover, and the old holder wakes"
        case .otherFormat(let isEpoch): "configured with another \(isEpoch ? "epoch" : "layout")"
        }
    }

    private var suffix: String { isConfigured ? ", static id" : "" }

    /// With its sign.
    private static func span(_ microseconds: Int64) -> String {
        let sign = microseconds < 0 ? "−" : "+"
        let units: [(Int64, String)] = [
            (365 * 24 * 3_600_000_000, "1 year"), (3_600_000_000, "1 h"), (1_000_000, "1 s"), (5000, "5 ms"),
        ]
        return sign + (units.first { $0.0 <= abs(microseconds) }?.1 ?? "1 ms")
    }
}

extension ClockFault {
    /// Whether it ends, or is undone, within the play.
    package var hasEnd: Bool {
        switch kind {
        case .none, .kill, .journalLost, .journalRestored, .journalCopied, .twin, .failover(.row), .failover(.renewal):
            false
        case .reboot(let isStoreDown), .commitLost(let isStoreDown): isStoreDown
        default: true
        }
    }

    /// Whether no clock is wrong by more than a few milliseconds: then stamps are near the true time.
    package var isClockSane: Bool {
        switch kind {
        case .wallStep(let step): abs(step) < 10_000
        case .wallStepAlone, .wallOff, .databaseStep: false
        default: true
        }
    }

    /// By which rule of the code clients get nothing for long, or stamps are far from the true time.
    package var reason: String {
        switch kind {
        case .wallStep(let step) where abs(step) > 1_000_000: reasonOfStep(isForward: step > 0)
        case .wallStepAlone(let step):
            "believed after 10 min, since nobody contradicts it (`HybridTime.doubt`); then "
                + (step > 0 ? "an hour ahead, or nothing if the lease ends before that" : "time goes at half speed")
        case .wallOff(let offset):
            ClockFault(.wallStep(offset), .reboot).reason
        case .databaseStep(let step):
            step > 0 ? "" : "leases end by the database's clock: renewals add nothing, and the lease runs out"
        case .suspend(.none): "the first request waits for the renewal"
        case .paused(let isAnyFree):
            isAnyFree ? "" : "two ids for three daemons: until the time of one that is gone is over"
        case .kill(let times): times > 1 ? "ahead: each start goes on at the mark of the one before" : ""
        case .reboot(isStoreDown: true): "goes on above `hi` + `cap`, until the lease is over"
        case .commitLost(isStoreDown: true): "ahead: goes on above `hi` + `cap`, two windows and more above the last"
        case .reboot, .journalLost, .journalRestored:
            isConfigured ? "a start without proof gives the hold up: the id is free when its time is over" : ""
        case .sameWorker: "the second is refused until an operator releases the id, and its time is over"
        case .outage(let isLeaseOver):
            isLeaseOver ? "no lease, no stamps; the next try comes within 5 s (`Backoff.longest`)" : ""
        case .failover(.takeover):
            "its lease was over: it is a newcomer, and those wait for `takeover-hold` (2 or 3 min here)"
        case .otherFormat: "one store, one epoch and layout"
        default: ""
        }
    }

    private func reasonOfStep(isForward: Bool) -> String {
        switch (moment, isForward) {
        case (.running, _): "not believed: the database's clock contradicts it (`HybridTime.compare`)"
        case (_, true): "a start believes the wall clock (`HybridTime.init`): it stands after the lease"
        case (.restart, false): "goes on at the mark, and from there at half speed (`HybridTime.advance`)"
        case (.reboot, false): "a new worker id begins where the wall clock is"
        }
    }
}
