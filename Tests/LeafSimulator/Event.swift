/// What can happen next in a world. The order is the order of `Scenario.usual`.
package enum EventKind: UInt8, CaseIterable, Sendable {
    // Clients.
    case request, take, cancel
    // The daemons' threads, a few steps at a time.
    case journal, store, both, beat, catalog, tick
    // Operators.
    case drop, create, bump, bumpAll, fence, stop, start, reconfigure
    // Hosts.
    case crash, reboot, copyBeside, copyElsewhere, clone, twin, restoreJournal, damage, doubleStart
    case diskFull, witnessTrouble
    // Databases.
    case storeDown, storeUp, ghost, failover, backup, restoreStore, swapStores
    // Snowflakes alone: their clients, the time that passes, the asking for worker ids.
    case stamp, advance, askWorkers
    case stepClock, stepDatabaseClock, holdReading, lateAnswer, releaseWorker, reconfigureSnowflakes
}

extension EventKind {
    /// What can happen where there are only tags.
    static let ofTags = allCases.filter { $0.rawValue < stamp.rawValue }

    /// What makes daemons give everything up.
    var isOfJournals: Bool {
        switch self {
        case .fence, .reconfigure, .reboot, .copyBeside, .copyElsewhere, .clone, .twin, .restoreJournal, .damage,
            .doubleStart,
            .diskFull, .witnessTrouble, .swapStores, .reconfigureSnowflakes:
            true
        default: false
        }
    }

    var isFault: Bool { rawValue >= EventKind.drop.rawValue && ![.stamp, .advance, .askWorkers].contains(self) }

    /// After it a daemon may not know the highest end it was ever leased: all there is to tell that a counter went
    /// backward where servers cannot be told apart.
    var losesFloors: Bool {
        switch self {
        case .reconfigure, .copyBeside, .copyElsewhere, .clone, .twin, .restoreJournal, .damage, .swapStores: true
        default: false
        }
    }
}

/// One event: everything random about it comes from its own word, so that it means the same when others are left out.
package struct Event: Hashable, Sendable {
    package let kind: EventKind
    package let word: UInt64
}
