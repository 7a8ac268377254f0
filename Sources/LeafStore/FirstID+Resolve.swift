package import LeafCore

extension FirstID {
    /// The first ID to create a tag at; nil: it stays dropped. Throws what an operator must know.
    package func resolve(_ new: NewTag, tombstone: Int64?, lifts: Int64, gap: Int64) throws(StoreError) -> Int64? {
        switch self {
        case .at(let first): return first
        case .staysDropped: return nil
        case .belowTombstone(let tombstone):
            throw StoreError(
                .conflict,
                "START \(new.start ?? 1) of \(new.tag) is below \(tombstone), up to which IDs were leased before it was "
                    + "dropped; leave START out, or FORGET \(new.tag) first if those IDs may come again")
        case .overflow where tombstone == nil:
            throw StoreError(
                .conflict,
                "\(new.tag) has no room above \(lifts) lifts of the counters by \(gap), in which it may have been lost; "
                    + "CREATE it with a START")
        case .overflow(let tombstone):
            throw StoreError(
                .conflict,
                "\(new.tag) was dropped at \(tombstone), too near to 2^63 − 1 to go on; FORGET \(new.tag) first")
        }
    }
}
