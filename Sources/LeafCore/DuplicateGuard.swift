/// The guards against duplicates, by name. The simulator plays with each of them switched off, and must then see an ID
/// issued twice: a guard that nothing misses is either not needed or not tested.
///
/// The switch exists in the simulator alone, which compiles these very sources with LEAF_MUTATIONS. In the daemon every
/// guard is on, and the compiler knows it.
package enum DuplicateGuard: String, CaseIterable, Sendable {
    // The journal.
    /// The limit rises only when the commit that carries the mark is durable.
    case reserveBeforeIssue = "reserve before issue"
    /// Commit, then witness, then limit: what limits rest upon is what the witness names.
    case witnessOrder = "witness order"
    /// A journal behind its witness has lost commits.
    case witnessSequence = "witness sequence"
    /// A witness of an earlier boot proves nothing.
    case bootID = "boot id"
    /// A journal in another file is a copy.
    case inode
    /// What is journaled of another machine is that machine's.
    case machineID = "machine-id"
    /// A start that may have lost the newest commit resumes at hi + cap, and no commit raises hi by more.
    case cap
    /// One daemon a journal.
    case flock
    /// An acknowledgement for stock given up since raises nothing.
    case incarnation
    /// Stock of another epoch than the header's has been given up.
    case epoch
    /// A start without proof stays one until the store has answered.
    case unconfirmed
    /// After a commit of unknown outcome the next one stays within its reach too, and the journal is replaced.
    case unknownOutcome = "unknown outcome"
    /// A stopping daemon issues nothing after its exact positions are taken.
    case sealing

    // The store.
    /// A lease counts when its commit has been acknowledged.
    case acknowledgedLeases = "acknowledged leases"
    /// A lease affects exactly one row, or is none.
    case affectedRows = "affected rows"
    /// The counter is never believed below what this host was leased.
    case floor
    /// Whoever lifts a counter lifts it above what others may have been leased meanwhile.
    case gap
    /// Another server than the recorded one may lack the last commits.
    case identity
    /// A database that lacks this daemon's last beat lacks leases too.
    case ownTraces = "own traces"
    /// Stock and floors belong to one store.
    case storeID = "store_id"
    /// A dropped tag does not start anew.
    case tombstone
    /// A beat moves from the last one acknowledged: two on one agent id cannot both beat.
    case beat
    /// A twin that was seen is told so.
    case contested
}

#if LEAF_MUTATIONS
    extension DuplicateGuard {
        /// The one that is switched off while a closure runs.
        @TaskLocal package static var off: DuplicateGuard?

        var isOn: Bool { DuplicateGuard.off != self }

        /// Whether what the guard asks for is so; a guard that is off asks for nothing.
        func holds(_ condition: @autoclosure () -> Bool) -> Bool { !isOn || condition() }
    }
#else
    extension DuplicateGuard {
        @inline(__always) var isOn: Bool { true }

        /// Whether what the guard asks for is so.
        @inline(__always) func holds(_ condition: @autoclosure () -> Bool) -> Bool { condition() }
    }
#endif
