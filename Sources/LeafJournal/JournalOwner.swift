package import LeafCore

/// Whose record the writer commits: the driver's side of a tag's stock, or of a worker id.
package protocol CommitParticipant: AnyObject, Sendable {
    /// The record to write now, if any.
    func beginCommit(now: MonotonicTime) -> JournalOrder?
    /// The outcome of what `beginCommit` gave: durable, or not (or nobody knows).
    func finishCommit(_ order: JournalOrder, isDurable: Bool, now: MonotonicTime)
}

/// Who is told how the journal fares, on the writer's thread.
package protocol JournalOwner: AnyObject, Sendable {
    /// All participants of a commit have been told.
    func batchDone()
    /// A commit has failed; nil: one has succeeded again.
    func journalFailed(_ error: JournalError?)
    /// What a journal that takes the place of the one with this header begins with: no worker ids (`Journal.replace`).
    /// May be asked again.
    func replacement(for header: JournalHeader) -> (header: JournalHeader, entries: [JournalEntry])
    /// It has taken its place, durably, and its witness is in force (or there is none).
    func journalReplaced(_ header: JournalHeader, setAside: SetAside)
}

/// What the writer needs of a journal. The seam at which tests let commits fail.
package protocol JournalStorage: AnyObject {
    var header: JournalHeader { get }
    var sequence: UInt64 { get }
    var hasHeadroom: Bool { get }
    var size: (used: Int, map: Int) { get }
    func adopt(_ header: JournalHeader)
    func commit(_ entries: [JournalEntry], header: JournalHeader) throws(JournalError)
    func extend()
    func replace(
        reason: String, header: JournalHeader, entries: [JournalEntry]
    ) throws(JournalError) -> SetAside
}

extension Journal: JournalStorage {}
