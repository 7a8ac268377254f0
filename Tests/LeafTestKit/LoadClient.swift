private import Glibc
internal import LeafClient

/// One client that asks for IDs in batches, and connects again after every break.
///
/// An ID whose reply was received counts as issued, whatever happens to the rest of the batch.
package struct LoadClient: Sendable {
    /// What is asked for in one batch, in turn.
    package enum Request: Hashable, Sendable {
        case next
        case nextMany(Int)
        case lease(Int)
        case incrementBy(Int)
    }

    let path: String
    let tag: String
    let thread: Int
    let requests: [Request]
    let pause: Duration

    /// - Parameters:
    ///   - path: the daemon's socket.
    ///   - thread: names the client in `IDCollector`.
    ///   - requests: one batch, sent at once.
    ///   - pause: between two batches.
    package init(path: String, tag: String, thread: Int, requests: [Request], pause: Duration = .zero) {
        self.path = path
        self.tag = tag
        self.thread = thread
        self.requests = requests
        self.pause = pause
    }

    /// Works until `load` ends.
    func run(for load: Load) {
        while !load.isOver {
            do throws(LeafClientError) {
                // Counted before it begins: nobody is to take a client for gone that is about to be served.
                load.connected(1)
                defer { load.connected(-1) }
                let leafd = try LeafConnection(path: path, timeout: .seconds(30))
                while !load.isOver { try batch(leafd, load) }
            } catch {
                load.note(error: "\(error.code)")
                usleep(2000)
            }
        }
    }

    private func batch(_ leafd: LeafConnection, _ load: Load) throws(LeafClientError) {
        var ids: [Int64] = []
        defer { load.collector.record(ids, thread: thread) }
        try leafd.send(requests.map(words))
        var refused = false
        for request in requests {
            let reply = try leafd.receive()
            if let prefix = reply.errorPrefix {
                load.note(error: prefix)
                refused = true
            } else {
                take(reply, of: request, &ids, load)
            }
        }
        // Who is refused asks again after a while, as any client would.
        if refused { usleep(5000) }
        if pause > .zero { pauseThread(pause) }
    }

    private func words(of request: Request) -> [String] {
        switch request {
        case .next: ["NEXT", tag]
        case .nextMany(let count): ["NEXT", tag, "\(count)"]
        case .lease(let count): ["LEASE", tag, "\(count)"]
        case .incrementBy(let count): ["INCRBY", tag, "\(count)"]
        }
    }

    private func take(_ reply: Reply, of request: Request, _ ids: inout [Int64], _ load: Load) {
        let numbers = reply.array?.compactMap(\.integer) ?? []
        switch request {
        case .next:
            guard let id = reply.integer else { return load.note(error: "NEXT was answered by \(reply)") }
            ids.append(id)
        case .nextMany(let count):
            if numbers.count != count { load.note(error: "NEXT \(count) was answered by \(reply)") }
            ids += numbers
        case .lease(let count):
            var left = count
            for index in stride(from: 0, to: numbers.count - 1, by: 2) where numbers[index] <= numbers[index + 1] {
                left -= Int(numbers[index + 1] - numbers[index]) + 1
                ids += Array(numbers[index]...numbers[index + 1])
            }
            if left != 0 { load.note(error: "LEASE \(count) was answered by \(reply)") }
        case .incrementBy(let count):
            guard let last = reply.integer else { return load.note(error: "INCRBY was answered by \(reply)") }
            ids += Array(last - Int64(count) + 1...last)
        }
    }
}

/// Many clients at work, until they are told to end.
package final class Load: Sendable {
    package let collector: IDCollector
    private let over = TestLock(false)
    private let connections = TestLock(0)
    private let errorCounts = TestLock<[String: Int]>([:])

    package init(collector: IDCollector) {
        self.collector = collector
    }

    /// Lets the clients work on threads of their own while `body` runs on this one.
    package func run<R>(_ clients: [LoadClient], while body: () throws -> R) rethrows -> R {
        let crew = Crew(clients.count) { clients[$0].run(for: self) }
        defer {
            over.with { $0 = true }
            crew.join()
        }
        return try body()
    }

    var isOver: Bool { over.with { $0 } }

    func connected(_ change: Int) {
        connections.with { $0 += change }
    }

    /// Waits until no client is connected any more: all that a dead daemon had answered has then been received.
    package func waitForAllToBreak() throws {
        try eventually("every client has met the end of its connection") { connections.with { $0 } == 0 }
    }

    func note(error: String) {
        errorCounts.with { $0[error, default: 0] += 1 }
    }

    /// How often each error was met, by its prefix.
    package var errors: [String: Int] { errorCounts.with { $0 } }
}
