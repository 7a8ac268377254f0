import CLeafPlatform
import Glibc
import LeafClient
import LeafCore
import LeafProtocol
import LeafThreads
import Testing

@testable import LeafServer

/// Nobody waits for another's work: each has turns of bounded length, and sockets are looked at between any two.
struct TurnTests {
    // MARK: The loop

    @Test func `turns are given in the order in which they were asked for`() {
        var queue = TurnQueue()
        let takers = (0..<5000).map { _ in Taker() }
        var taken: [ObjectIdentifier] = []
        for (index, taker) in takers.enumerated() {
            queue.append(taker)
            if index % 3 == 0, let first = queue.popFirst() { taken.append(ObjectIdentifier(first)) }
        }
        while let next = queue.popFirst() { taken.append(ObjectIdentifier(next)) }
        #expect(taken == takers.map { ObjectIdentifier($0) })
        #expect(queue.isEmpty)
    }

    @Test func `between two turns every socket that is ready is told`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let pair = try PeerPair()
        let listener = Listener()
        let takers = (0..<10).map { _ in Taker() }
        let turnsBefore = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            loop.execute {
                _ = loop.watch(pair.served, listener, for: LEAF_READ)
                _ = pair.write([1])
                let turns = Lock(0)
                for taker in takers {
                    taker.body = { [unowned taker] in
                        turns.with { $0 += 1 }
                        if turns.with({ $0 }) < 1000 { loop.giveTurn(to: taker) }
                    }
                    loop.giveTurn(to: taker)
                }
                listener.body = {
                    listener.body = {}
                    done.resume(returning: turns.with { $0 })
                }
            }
        }
        // The one that follows the task itself.
        #expect(turnsBefore == 1, "as many turns were taken before a socket was looked at")
    }

    @Test func `the last turns are given before a loop ends`() {
        let loop = EventLoop(name: "test")
        let taker = Taker()
        let turns = Lock(0)
        let isAtWork = Lock(false)
        taker.body = { [unowned taker] in
            let taken = turns.with { turns in
                turns += 1
                return turns
            }
            if taken < 500 { loop.giveTurn(to: taker) }
        }
        loop.execute {
            loop.giveTurn(to: taker)
            isAtWork.with { $0 = true }
            // The order to stop comes while the loop is busy.
            usleep(100_000)
        }
        while !isAtWork.with({ $0 }) { usleep(1000) }
        loop.stop()
        #expect(turns.with { $0 } == 500)
    }

    @Test func `timers that are due together leave sockets their turn`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let pair = try PeerPair()
        let listener = Listener()
        let timersBefore = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            loop.execute {
                _ = loop.watch(pair.served, listener, for: LEAF_READ)
                let fired = Lock(0)
                for _ in 0..<1000 {
                    _ = loop.schedule(in: .zero) {
                        if fired.with({ $0 }) == 0 { _ = pair.write([1]) }
                        fired.with { $0 += 1 }
                    }
                }
                listener.body = {
                    listener.body = {}
                    done.resume(returning: fired.with { $0 })
                }
            }
        }
        #expect(timersBefore <= 16)
    }

    // MARK: A connection

    struct Flood: CustomTestStringConvertible, Sendable {
        let name: String
        let request: String
        /// What the replies to one look like, the how manieth it is, and above which ID.
        let reply: @Sendable (Int, Int) -> String

        var testDescription: String { name }
    }

    static let floods = [
        Flood(name: "NEXT", request: "NEXT orders\r\n") { ":\($1 + $0 + 1)\r\n" },
        Flood(name: "two tags", request: "NEXT orders\r\nNEXT users\r\n") { ":\($1 + $0 + 1)\r\n:\($1 + $0 + 1)\r\n" },
        Flood(name: "PING", request: "PING\r\n") { _, _ in "+PONG\r\n" },
        Flood(name: "ECHO", request: "ECHO \(String(repeating: "x", count: 200))\r\n") { _, _ in
            "$200\r\n\(String(repeating: "x", count: 200))\r\n"
        },
        Flood(name: "unknown", request: "X\r\n") { _, _ in
            "-ERR unknown command 'X', with args beginning with: \r\n"
        },
        Flood(name: "no such tag", request: "NEXT nothing\r\n") { _, _ in
            "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)\r\n"
        },
        Flood(name: "NEXT 10000", request: "NEXT orders 10000\r\n") { index, base in
            "*10000\r\n" + (0..<10_000).map { ":\(base + index * 10_000 + $0 + 1)\r\n" }.joined()
        },
        Flood(name: "NEXT 3000 STRING", request: "NEXT orders 3000 STRING\r\n") { index, base in
            "*3000\r\n" + (0..<3000).map { bulk("\(base + index * 3000 + $0 + 1)") }.joined()
        },
        Flood(
            name: "MULTI", request: "MULTI\r\n" + String(repeating: "NEXT orders 500\r\n", count: 20) + "EXEC\r\n"
        ) { index, base in
            "+OK\r\n" + String(repeating: "+QUEUED\r\n", count: 20) + "*20\r\n"
                + (0..<20).map { part in
                    "*500\r\n" + (0..<500).map { ":\(base + index * 10_000 + part * 500 + $0 + 1)\r\n" }.joined()
                }.joined()
        },
    ]

    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

    @Test(arguments: floods)
    func `a turn is short, and the next ones go on where it ended`(flood: Flood) async throws {
        try await TestDaemon.run(change: {
            $0.tags = ["orders", "users"]
            $0.step = 10_000_000
            $0.maxStep = 10_000_000
        }) { daemon in
            let base = try await warm(daemon)
            let (core, pair) = (daemon.server.core, try PeerPair())
            let inbox = core.inboxes[0]
            // As many as fit into the socket, and not too long a reply.
            let times = max(3, min(150_000 / flood.request.utf8.count, 600_000 / flood.reply(0, base).utf8.count))
            let requests = Array(String(repeating: flood.request, count: times).utf8)
            let first = await inbox.loop.done { () -> [UInt8]? in
                guard let client = core.admit(pair.served, onAdminSocket: false) else { return nil }
                let handler = ConnectionHandler(server: core, inbox: inbox, descriptor: pair.served, client: client)
                guard pair.write(requests) == requests.count else { return nil }
                handler.isReady(leaf_readiness_t(key: 0, can_read: true, can_write: false, has_hung_up: false))
                return pair.read()
            }
            var replies = try #require(first)
            // The head of a long reply, or one reply more, come on top.
            #expect(replies.count <= Turn.bytesWritten + Int(Turn.ids) * 14 + 300)
            let replyCount = replies.split(separator: 10, omittingEmptySubsequences: false).count
            #expect(replyCount <= Turn.effort * Turn.repeats + 2 * Int(Turn.ids) + 100)
            if flood.name == "unknown" || flood.name == "no such tag" {
                #expect(replyCount <= Turn.effort / Turn.effortOfError + 2)
            }
            // And then all of them, in order.
            let expected = (0..<times).map { flood.reply($0, base) }.joined()
            try await eventually("all is answered") {
                replies += pair.read()
                return replies.count >= expected.utf8.count
            }
            #expect(Array(expected.utf8) == replies)
        }
    }

    /// Takes so many IDs that no request waits for a commit any more. Returns the last of them, of both tags.
    private func warm(_ daemon: TestDaemon) async throws -> Int {
        let connection = try daemon.connect()
        var last: Int64 = 0
        for _ in 0..<10 {
            for tag in ["orders", "users"] { last = try connection.next(tag, count: 100_000).last ?? 0 }
            try await Task.sleep(for: .milliseconds(5))
        }
        return Int(last)
    }
}

private final class Taker: TakesTurns, @unchecked Sendable {
    // @unchecked: used on one thread, or on the loop alone.
    var body: () -> Void = {}
    func takeTurn() { body() }
}

private final class Listener: Watched, @unchecked Sendable {
    // @unchecked: used on the loop alone.
    var body: () -> Void = {}
    func isReady(_ readiness: leaf_readiness_t) { body() }
    func loopEnds() {}
}

extension EventLoop {
    /// Does something on the loop, and hands over what it gives.
    fileprivate func done<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { done in execute { done.resume(returning: body()) } }
    }
}
