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

    // Snowflakes.
    /// No unit of time is stamped that is not below the journaled mark.
    case timeMark = "time mark"
    /// No unit of time is stamped that begins after the lease's end.
    case leaseOfTime = "lease of time"
    /// A new holder of a worker id begins above the time that its holder before was leased.
    case aboveTheLast = "above the last"
    /// A renewal reaches no farther ahead than the lease is known to have been held: what a database loses of it is soon over.
    case leaseAge = "lease age"
    /// A record that a start does not take up is given up by it.
    case unusedRecords = "unused records"
    /// A lease is renewed by its holder of that generation alone.
    case generation
    /// Before its time is over a worker id is taken over only from the very hold whose mark is known.
    case succession
    /// A mark is known only to a start that proved that it reads the newest commit.
    case knownMark = "known mark"
    /// IDs of two formats may be the same number: one store, one format.
    case format
    /// After the database went backward, holders come first.
    case takeoverHold = "takeover hold"
    /// A new holder begins above the time that a holder whom the database has lost may have been leased.
    case aboveTheHold = "above the hold"
    /// What a lost renewal allowed is allowed again, before anybody begins above it.
    case liftedLeases = "lifted leases"
    /// A lost renewal may have allowed a whole horizon.
    case liftedHorizon = "lifted horizon"
    /// A lease that the database has lost is written again only while it lasts.
    case reassertion
    /// After the database went backward, a lease that was over is not renewed: somebody may have taken it over.
    case lateRenewal = "late renewal"
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
