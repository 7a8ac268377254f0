/// One record of the journal, with whose it is.
package enum JournalEntry: Hashable, Sendable {
    case tag(Tag, TagRecord)
    /// Its key is `WorkerRecord.worker`.
    case worker(WorkerRecord)
}
