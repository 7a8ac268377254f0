package import LeafCore
package import LeafStore

/// A change that an operator asks of the central table.
package struct AdminJob: Sendable {
    package enum Change: Sendable {
        case create(NewTag)
        case alter(Tag, step: Int64)
        case drop(Tag)
        /// Raise a tag's counter, never lower it.
        case bump(Tag, to: Int64)
        /// Lift every counter, as after a failover.
        case bumpAll
        /// Forget stock, floor and tombstone of a tag whose counter was reset on purpose.
        case forget(Tag)
        /// Hand the rows of `leafd_worker` over, on the store's thread.
        case listWorkers(@Sendable (WorkerList) -> Void)
        /// Take a worker id from its holder.
        case releaseWorker(Int)
        /// Give all stock up, and lease afresh under a new agent id.
        case fence
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
