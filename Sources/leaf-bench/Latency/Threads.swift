private import Foundation
private import Synchronization

/// Threads that do one piece of work each.
enum Threads {
    private final class Outcomes<R: Sendable>: Sendable {
        let list: Mutex<[Result<R, any Error>?]>

        init(count: Int) {
            list = Mutex(Array(repeating: nil, count: count))
        }
    }

    /// Runs `body` on so many threads at once, and waits for all.
    ///
    /// - Parameter body: gets the thread's number, from 0.
    /// - Returns: what each returned, in the order of the numbers.
    /// - Throws: the error of the first of them that failed.
    static func run<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> R) throws -> [R] {
        let outcomes = Outcomes<R>(count: count)
        let ends = DispatchSemaphore(value: 0)
        for number in 0..<count {
            Thread.detachNewThread {
                let outcome = Result { try body(number) }
                outcomes.list.withLock { $0[number] = outcome }
                ends.signal()
            }
        }
        for _ in 0..<count { ends.wait() }
        return try outcomes.list.withLock { $0 }.map { try $0!.get() }
    }
}
