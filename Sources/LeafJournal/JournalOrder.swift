package import LeafCore

/// What a participant of a commit wants written. It gets it back with the outcome.
package enum JournalOrder: Hashable, Sendable {
    case tag(Tag, CommitOrder)
    case worker(WorkerOrder)

    var entry: JournalEntry {
        switch self {
        case .tag(let tag, let order): .tag(tag, order.record)
        case .worker(let order): .worker(order.record)
        }
    }
}
