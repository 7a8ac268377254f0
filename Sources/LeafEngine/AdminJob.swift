package import LeafCore
package import LeafStore

/// A change that an operator asks of the central table.
package struct AdminJob: Sendable {
    package enum Change: Sendable {
        case create(NewTag)
        case alter(Tag, step: Int64)
        case drop(Tag)
    }

    package let change: Change
    /// Called on the store's thread.
    package let completion: @Sendable (Result<Void, StoreError>) -> Void

    package init(_ change: Change, completion: @escaping @Sendable (Result<Void, StoreError>) -> Void) {
        self.change = change
        self.completion = completion
    }
}

extension Engine {
    /// Has the store's thread carry out a change.
    package func submit(_ job: AdminJob) {
        store.submit(job)
    }
}
