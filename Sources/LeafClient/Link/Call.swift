internal import CLeafPlatform

/// One request on its way, and who waits for its reply.
final class Call: @unchecked Sendable {
    // @unchecked: `waiter` and `isCancelled` change only under the link's lock; `outcome` is written by the one who took
    // the waiter away, before it wakes the thread that reads it.

    typealias Outcome = Result<Reply, LeafClientError>

    enum Waiter {
        case task(UnsafeContinuation<Reply, any Error>)
        case thread(UnsafeMutablePointer<UInt32>)
        case handler(@Sendable (Outcome) -> Void)
    }

    let request: Request
    let timeout: Duration
    /// On CLOCK_MONOTONIC, in nanoseconds.
    let deadline: UInt64

    /// nil before the call is submitted, and once it has been answered or given up: a reply that comes then is nobody's.
    var waiter: Waiter?
    var isCancelled = false
    private(set) var outcome: Outcome?

    init(_ request: Request, within timeout: Duration) {
        self.request = request
        self.timeout = timeout
        deadline = leaf_monotonic_ns() &+ timeout.wholeNanoseconds
    }

    /// Gives the outcome to a waiter that was taken from this call. Not under a lock: it may run foreign code.
    func finish(_ waiter: Waiter, _ outcome: Outcome) {
        switch waiter {
        case .task(let continuation):
            switch outcome {
            case .success(let reply): continuation.resume(returning: reply)
            case .failure(let error): continuation.resume(throwing: error)
            }
        case .thread(let parker):
            self.outcome = outcome
            leaf_parker_wake(parker)
        case .handler(let handler):
            handler(outcome)
        }
    }
}

extension Duration {
    /// Nanoseconds, from 0 to what 62 bits hold (146 years), so that a moment added to it does not wrap around.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds < 0 || attoseconds < 0 { return 0 }
        if seconds >= 4_000_000_000 { return 1 << 62 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}

/// The calls of a connection in the order of their requests, which is that of the replies.
struct CallQueue {
    private var calls: [Call?] = []
    private var head = 0

    var count: Int { calls.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ call: Call) {
        calls.append(call)
    }

    mutating func popFirst() -> Call? {
        guard head < calls.count else { return nil }
        let call = calls[head]
        calls[head] = nil
        head += 1
        if head == calls.count {
            calls.removeAll(keepingCapacity: calls.capacity <= 4096)
            head = 0
        } else if head >= 1024 && head * 2 >= calls.count {
            calls.removeFirst(head)
            head = 0
        }
        return call
    }

    /// Forgets the calls that nobody waits for any more. Only between two connections: on one, their replies still come.
    mutating func removeAbandoned() {
        calls = calls[head...].filter { $0?.waiter != nil }
        head = 0
    }

    mutating func removeAll() {
        calls = []
        head = 0
    }

    func forEach(_ body: (Call) -> Void) {
        for index in head..<calls.count {
            if let call = calls[index] { body(call) }
        }
    }
}
