private import Foundation
private import Synchronization

/// Something that goes on beside the load, again and again, on a thread of its own, until `stop`.
final class Repeated: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let outcome = Mutex<(times: Int, failure: (any Error)?)>((0, nil))
    private let end = DispatchSemaphore(value: 0)

    /// - Parameter pause: after each time.
    init(every pause: Duration, _ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread { [self] in
            do {
                while !isStopping.load(ordering: .acquiring) {
                    try body()
                    outcome.withLock { $0.times += 1 }
                    Thread.sleep(forTimeInterval: pause.inSeconds)
                }
            } catch {
                outcome.withLock { $0.failure = error }
            }
            end.signal()
        }
    }

    /// Waits for its end.
    ///
    /// - Returns: how often it was done.
    /// - Throws: what it failed with.
    func stop() throws -> Int {
        isStopping.store(true, ordering: .releasing)
        end.wait()
        let (times, failure) = outcome.withLock { $0 }
        if let failure { throw failure }
        return times
    }
}
