/// Where a new tag starts: above everything that may have been leased under its name.
package enum FirstID: Hashable, Sendable {
    case at(Int64)
    /// What was dropped on purpose does not come back by itself.
    case staysDropped
    /// `START` is below the counter at which the tag was dropped.
    case belowTombstone(Int64)
    /// There is no room between the tombstone and 2^63 − 1.
    case overflow(tombstone: Int64)

    /// Decides.
    ///
    /// - Parameters:
    ///   - start: what was asked for; nil: wherever it may.
    ///   - tombstone: the counter at which the tag was dropped, if it was.
    ///   - lifts: how often the counters have been lifted: each time the database may have lost this tag as well, with up to
    ///     `gap` IDs leased of it.
    ///   - gap: how far to stay above what is not known, in IDs.
    ///   - isByItself: nobody asks for it: `segments.tags` or auto-create.
    package static func decide(
        start: Int64?, tombstone: Int64?, lifts: Int64, gap: Int64, isByItself: Bool
    ) -> FirstID {
        guard let tombstone, DuplicateGuard.tombstone.isOn else {
            // An operator's own START is taken at its word.
            if let start, !isByItself { return .at(start) }
            let (lost, overflow) = lifts.multipliedReportingOverflow(by: DuplicateGuard.gap.isOn ? gap : 0)
            // Above START too: the lost tag may have been leased from there on.
            let (first, overflowOfSum) = lost.addingReportingOverflow(start ?? 1)
            return overflow || overflowOfSum ? .overflow(tombstone: .max) : .at(first)
        }
        if isByItself { return .staysDropped }
        if let start { return start >= tombstone ? .at(start) : .belowTombstone(tombstone) }
        let (sum, overflow) = max(tombstone, 1).addingReportingOverflow(gap)
        return overflow ? .overflow(tombstone: tombstone) : .at(sum)
    }
}
