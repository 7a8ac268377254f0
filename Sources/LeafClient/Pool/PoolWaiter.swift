internal import CLeafPlatform

/// Somebody who waits for an ID of a pool that has none in stock.
final class PoolWaiter: @unchecked Sendable {
    // @unchecked: `waiter` and `isCancelled` change only under the stock's lock; `outcome` is written by the one who took
    // the waiter away, before it wakes the thread that reads it.

    typealias Outcome = Result<Int64, LeafClientError>

    enum Kind {
        case task(UnsafeContinuation<Int64, any Error>)
        case thread(UnsafeMutablePointer<UInt32>)
    }

    /// On CLOCK_MONOTONIC, in nanoseconds.
    let deadline: UInt64
    /// nil before it waits, and once it has been served or has given up.
    var kind: Kind?
    var isCancelled = false
    private(set) var outcome: Outcome?

    init(within timeout: Duration) {
        deadline = leaf_monotonic_ns() &+ timeout.wholeNanoseconds
    }

    /// Not under a lock.
    func finish(_ kind: Kind, _ outcome: Outcome) {
        switch kind {
        case .task(let continuation):
            switch outcome {
            case .success(let id): continuation.resume(returning: id)
            case .failure(let error): continuation.resume(throwing: error)
            }
        case .thread(let parker):
            self.outcome = outcome
            leaf_parker_wake(parker)
        }
    }
}
