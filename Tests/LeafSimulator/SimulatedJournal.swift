import LeafCore

/// The journal of one host for one tag: what is durable, what was durable one commit before, and the commit under way.
struct SimulatedJournal {
    private(set) var newest: TagRecord?
    private(set) var previous: TagRecord?
    /// Whether a start can prove that it reads the newest commit: not after one that could not, until the next commit.
    var isProven = true
    /// The header's: which stock is valid.
    var epoch: UInt64 = 1

    /// LMDB's commit: whole or not at all.
    mutating func write(_ record: TagRecord) {
        if let problem = record.problem { preconditionFailure("an impossible record: \(problem): \(record)") }
        previous = newest
        newest = record
        isProven = true
    }

    /// The newest commit is lost: a damaged meta page.
    mutating func loseNewest() {
        newest = previous
    }
}
