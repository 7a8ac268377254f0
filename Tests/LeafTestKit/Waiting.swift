private import Foundation

/// Something that kept a test from going on.
package struct TestProblem: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Asks again and again until there is an answer. The deadline only guards against hanging.
@discardableResult
package func eventually<Answer>(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(2),
    _ ask: () throws -> Answer?
) throws -> Answer {
    let end = ContinuousClock.now.advanced(by: limit)
    while true {
        if let answer = try ask() { return answer }
        guard ContinuousClock.now < end else { throw TestProblem("not within \(limit): \(what)") }
        pauseThread(pause)
    }
}

/// The same for something that is to become true.
package func eventually(
    _ what: String, within limit: Duration = .seconds(30), every pause: Duration = .milliseconds(2),
    isTrue ask: () throws -> Bool
) throws {
    try eventually(what, within: limit, every: pause) { try ask() ? true : nil }
}

/// Blocks the calling thread.
package func pauseThread(_ time: Duration) {
    Thread.sleep(forTimeInterval: time.seconds)
}

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// How long something took.
package func elapsed(_ body: () throws -> Void) rethrows -> Duration {
    try ContinuousClock().measure(body)
}

/// A value under a lock.
package final class TestLock<Value: Sendable>: @unchecked Sendable {
    // @unchecked: `value` is reached under `lock` alone. NSLock, since ThreadSanitizer understands it.
    private var value: Value
    private let lock = NSLock()

    package init(_ value: Value) {
        self.value = value
    }

    package func with<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// Threads that work on something together.
package final class Crew: Sendable {
    private let group = DispatchGroup()

    /// Starts `count` threads, each with its number.
    package init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        for number in 0..<count {
            group.enter()
            let group = group
            Thread {
                body(number)
                group.leave()
            }.start()
        }
    }

    /// Waits for all of them to end.
    package func join() { group.wait() }
}

/// Runs `body` on threads of its own, all at once, and gathers what it returns; throws what one of them threw.
package func onThreads<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> T) throws -> [T] {
    let gathered = TestLock<[Result<T, any Error>]>([])
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread.detachNewThread {
            let result = Result { try body(index) }
            gathered.with { $0.append(result) }
            group.leave()
        }
    }
    group.wait()
    return try gathered.with { try $0.map { try $0.get() } }
}
