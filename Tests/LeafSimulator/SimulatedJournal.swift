/// What one commit left on disk: the header and every tag's record.
struct JournalContent {
    var sequence: UInt64
    var header: JournalHeader
    var records: [TagRecord?]
    var workers: [Int: WorkerRecord] = [:]
    // What the world knows of it, and the daemon does not:
    /// Others, or this host itself, may have issued beyond what it says, and no witness can tell: a cloned disk, or one
    /// rolled back with no witness left.
    var isDoubtful: Bool
    /// An older content that was put back, and not started from yet.
    var isRolledBack = false
    /// Its stock comes from these resumed memory images: a bit a fork.
    var forks: UInt64
}

/// A journal's file, with LMDB's semantics: a commit is there whole or not at all, and the one before it can come back.
struct SimulatedJournal {
    private(set) var newest: JournalContent?
    private(set) var previous: JournalContent?
    private var canLose = false
    /// Older contents, as backups and copies of the file would have them.
    private(set) var older: [JournalContent] = []
    /// What the file held that was set aside last.
    private(set) var aside: JournalContent?
    var inode: UInt64
    var device: UInt64
    var fileSystemID: UInt64

    private static let olderMax = 8

    init(inode: UInt64, device: UInt64, fileSystemID: UInt64) {
        self.inode = inode
        self.device = device
        self.fileSystemID = fileSystemID
    }

    mutating func write(_ content: JournalContent) {
        if let newest {
            if older.count == SimulatedJournal.olderMax { older.removeFirst() }
            older.append(newest)
        }
        previous = newest
        newest = content
        canLose = true
    }

    /// What would be left if the newest commit were lost now.
    var losable: JournalContent? { canLose ? previous : nil }

    /// The newest commit is lost: a damaged meta page. The one before it is the newest then, and no other comes back.
    mutating func loseNewest() -> Bool {
        guard canLose else { return false }
        newest = previous
        canLose = false
        return true
    }

    /// An older content is put in place.
    mutating func restore(_ content: JournalContent) {
        newest = content
        newest!.isRolledBack = true
        previous = nil
        canLose = false
    }

    /// Nothing could tell that the newest content is not all there is.
    mutating func doubt() {
        newest?.isRolledBack = false
        newest?.isDoubtful = true
    }

    mutating func annotate(_ change: (inout JournalContent) -> Void) {
        if newest != nil { change(&newest!) }
        if previous != nil { change(&previous!) }
        for index in older.indices { change(&older[index]) }
    }

    /// Another file in its place.
    mutating func replace(_ content: JournalContent?, inode: UInt64) {
        self.inode = inode
        aside = newest
        newest = content
        previous = nil
        canLose = false
        older = []
    }
}
