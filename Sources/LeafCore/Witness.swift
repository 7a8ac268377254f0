/// What a daemon keeps on a file system in memory (tmpfs) while it runs, beside the journal on disk: gone after a boot,
/// never part of a backup or a copied disk. A start that finds it in accord with the journal knows that it reads the
/// newest commit of the very file that was written here.
package struct Witness: Hashable, Sendable {
    package var journalID: String
    package var bootID: String
    /// Of the journal's data file.
    package var device: UInt64
    package var inode: UInt64
    /// The newest commit by which a limit may have been raised. The journal must have it.
    package var sequence: UInt64
    /// The run of the daemon that made it.
    package var life: JournalLife
    /// How this daemon stands with the central store.
    package var trace: AgentTrace

    package init(
        journalID: String, bootID: String, device: UInt64, inode: UInt64, sequence: UInt64, trace: AgentTrace,
        life: JournalLife = .none
    ) {
        self.journalID = journalID
        self.bootID = bootID
        self.device = device
        self.inode = inode
        self.sequence = sequence
        self.life = life
        self.trace = trace
    }
}

/// What a start finds where a journal's witness should be.
package enum WitnessFinding: Hashable, Sendable {
    case found(Witness)
    /// None, or none that can be read; the text says why.
    case absent(String)
    /// Another process holds it: a daemon runs on a copy of this journal.
    case heldByAnother
}
