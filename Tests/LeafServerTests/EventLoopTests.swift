import CLeafPlatform
import Glibc
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafServer

/// The event loop by itself: who is told what, in which order, and what ends with it.
struct EventLoopTests {
    @Test func `what is handed over from many threads is done once and in the order of each`() async throws {
        let loop = EventLoop(name: "test")
        let done = Lock<[Int: [Int]]>([:])
        let (threads, each) = (8, 20_000)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<threads {
                group.addTask {
                    for number in 0..<each {
                        loop.execute { done.with { $0[thread, default: []].append(number) } }
                    }
                }
            }
        }
        // Without another signal, which might wake a loop that has missed one.
        try await eventually("all is done") { done.with { $0.values.allSatisfy { $0.count == each } } }
        loop.stop()
        #expect(done.with { $0 } == Dictionary(uniqueKeysWithValues: (0..<threads).map { ($0, Array(0..<each)) }))
        loop.execute { done.with { $0 = [:] } }
        #expect(done.with { $0.count } == threads)
    }

    @Test func `tasks that hand over more tasks leave sockets their turn`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let pair = try SocketPair()
        let listener = Recorder()
        let rounds = Lock(0)
        #expect(pair.write("x"))
        let result = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            loop.execute {
                _ = loop.watch(pair.mine, listener, for: LEAF_READ)
                @Sendable func again() {
                    let count = rounds.with { rounds in
                        rounds += 1
                        return rounds
                    }
                    if !listener.told.isEmpty || count == 10_000 { return done.resume(returning: listener.told.count) }
                    loop.execute(again)
                }
                again()
            }
        }
        #expect(result > 0)
        #expect(rounds.with { $0 } < 10_000)
    }

    @Test func `whoever takes a place is told nothing of the descriptor that had it before`() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let (old, new) = (try SocketPair(), try SocketPair())
        let (first, second) = (Recorder(), Recorder())
        // As if another process had the old socket: closing it here does not end the system's watch.
        #expect(old.write("x"))
        await loop.finish {
            let key = loop.watch(old.mine, first, for: LEAF_READ)
            if let key { loop.unwatch(key) }
            _ = loop.watch(new.mine, second, for: LEAF_READ)
        }
        // Events come before tasks, turn by turn.
        for _ in 0..<10 { await loop.finish {} }
        #expect(await loop.result { (first.told.count, second.told.count) } == (0, 0))
        #expect(new.write("y"))
        try await eventually("the new one is told") { second.isTold }
    }

    @Test func `a listening socket that another process has too costs nothing once it is given up`() async throws {
        let folder = TemporaryFolder()
        let socket = try ListeningSocket(path: folder.file("socket"), mode: 0o600, group: nil)
        let systemd = dup(socket.descriptor)
        defer { close(systemd) }
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let accepted = Lock(0)
        await loop.finish {
            let acceptor = Acceptor(
                socket.descriptor, on: loop,
                accepted: {
                    accepted.with { $0 += 1 }
                    close($0)
                }, refused: { close($0) })
            #expect(acceptor.isWorking)
            acceptor.end()
        }
        let client = try LeafConnection(path: folder.file("socket"), timeout: .seconds(1))
        // Its thread's own time: on a busy machine it grows more slowly, never faster.
        let before = await loop.result { processorTime() }
        try await Task.sleep(for: .milliseconds(300))
        let used = await loop.result { processorTime() } - before
        #expect(used < 50_000_000, "the loop has used \(used) ns while nothing happened")
        #expect(accepted.with { $0 } == 0)
        withExtendedLifetime(client) {}
    }

    @Test func `everybody who is watched hears of the end once`() async throws {
        let loop = EventLoop(name: "test")
        let pairs = try (0..<5).map { _ in try SocketPair() }
        let recorders = pairs.map { _ in Recorder() }
        await loop.finish {
            let keys = zip(pairs, recorders).map { loop.watch($0.mine, $1, for: LEAF_READ) }
            if let key = keys[2] { loop.unwatch(key, shared: pairs[2].mine) }
        }
        loop.stop()
        #expect(recorders.map(\.ends) == [1, 1, 0, 1, 1])
    }

    @Test func `a timer comes when it is due, and not if it is cancelled`() async throws {
        let loop = EventLoop(name: "test")
        let order = Lock<[String]>([])
        let note: @Sendable (String) -> Void = { text in order.with { $0.append(text) } }
        await withCheckedContinuation { done in
            loop.execute {
                let cancelled = loop.schedule(in: .milliseconds(2)) { note("cancelled") }
                _ = loop.schedule(in: .milliseconds(30)) {
                    note("late")
                    // Of no time, from within: in a later turn.
                    _ = loop.schedule(in: .zero) {
                        note("from within")
                        done.resume()
                    }
                }
                _ = loop.schedule(in: .milliseconds(10)) { note("early") }
                _ = loop.schedule(in: .seconds(3600)) { note("never") }
                loop.cancel(cancelled)
                note("now")
            }
        }
        loop.stop()
        #expect(order.with { $0 } == ["now", "early", "late", "from within"])
    }
}

/// The heap of timers against a sorted list.
struct TimersTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what is due comes in the order of time, what is cancelled never`(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        var timers = Timers()
        // Bodies are told apart by what they write here.
        let called = Lock<[Int]>([])
        var waiting: [(time: UInt64, number: Int, id: Timers.ID)] = []
        var now: UInt64 = 0
        for number in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let time = now + UInt64.random(in: 0..<500, using: &random)
                let id = timers.add(at: MonotonicTime(nanoseconds: time)) { called.with { $0.append(number) } }
                waiting.append((time, number, id))
            case 5..<9 where !waiting.isEmpty:
                timers.cancel(waiting.remove(at: Int.random(in: waiting.indices, using: &random)).id)
            default:
                now += UInt64.random(in: 0..<300, using: &random)
                called.with { $0 = [] }
                while let body = timers.take(dueAt: MonotonicTime(nanoseconds: now)) { body() }
                let times = Dictionary(uniqueKeysWithValues: waiting.map { ($0.number, $0.time) })
                let numbers = called.with { $0 }
                #expect(Set(numbers) == Set(waiting.filter { $0.time <= now }.map(\.number)))
                #expect(numbers.count == Set(numbers).count)
                #expect(numbers.map { times[$0] ?? 0 } == numbers.map { times[$0] ?? 0 }.sorted())
                waiting.removeAll { $0.time <= now }
            }
            let first = waiting.map(\.time).min()
            // A cancelled one may make it wake early, nothing makes it wake late.
            if let first { #expect(timers.next.map { $0.nanoseconds <= first } == true) }
        }
    }

    @Test func `the order holds when most of many have been cancelled`() {
        var random = SeededNumbers(seed: 1)
        var timers = Timers()
        let called = Lock<[UInt64]>([])
        let entries = (0..<2000 as Range<UInt64>).shuffled(using: &random).map { time in
            (time, timers.add(at: MonotonicTime(nanoseconds: time)) { called.with { $0.append(time) } })
        }
        for (_, id) in entries[500...] { timers.cancel(id) }
        while let next = timers.next {
            while let body = timers.take(dueAt: next) { body() }
        }
        #expect(called.with { $0 } == entries[..<500].map(\.0).sorted())
    }
}

/// Bytes on their way to a peer that takes them slowly.
struct StreamTests {
    @Test func `what the peer does not take at once goes out later, in order and once`() throws {
        let pair = try SocketPair()
        var stream = Stream(descriptor: dup(pair.mine))
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var rest = bytes[...]
        var isBroken = false
        var received: [UInt8] = []
        for size in [1, 70_000, 1_000_000, 3, 1_500_000, 65_536] {
            isBroken = isBroken || !rest.prefix(size).withUnsafeBytes { stream.send($0) }
            rest = rest.dropFirst(size)
            // Now there is room, but what waits comes first.
            received += pair.read(upTo: 100_000)
        }
        let whole = bytes.count - rest.count
        var waits = stream.unsentCount
        #expect(waits > 0 && waits < whole)
        while received.count < whole, !isBroken {
            received += pair.read(upTo: 40_000)
            isBroken = !stream.sendRest()
            let left = stream.unsentCount
            #expect(left <= waits)
            waits = left
        }
        #expect(!isBroken && waits == 0)
        #expect(received == Array(bytes[..<whole]))
        pair.closeTheirs()
        let isSent = bytes[..<10].withUnsafeBytes { stream.send($0) }
        #expect(!isSent)
    }
}

// MARK: -

/// Two connected, non-blocking sockets.
private final class SocketPair: Sendable {
    let mine: Int32
    private let theirs: Lock<Int32>

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0 else {
            throw NeverHappened(what: "a pair of sockets: errno \(errno)")
        }
        mine = ends[0]
        theirs = Lock(ends[1])
    }

    deinit {
        close(mine)
        closeTheirs()
    }

    func closeTheirs() {
        theirs.with { theirs in
            if theirs >= 0 { close(theirs) }
            theirs = -1
        }
    }

    func write(_ text: String) -> Bool {
        theirs.with { send($0, text, text.utf8.count, Int32(Glibc.MSG_NOSIGNAL)) } == text.utf8.count
    }

    func read(upTo most: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = theirs.with { recv($0, &bytes, most, 0) }
        return Array(bytes.prefix(max(0, count)))
    }
}

/// Notes what it is told, on its loop.
private final class Recorder: Watched, @unchecked Sendable {
    // @unchecked: `told` and `ends` are touched on the loop, or after its end; `telling` has a lock.
    private(set) var told: [leaf_readiness_t] = []
    private(set) var ends = 0
    private let telling = Lock(false)

    var isTold: Bool { telling.with { $0 } }

    func isReady(_ readiness: leaf_readiness_t) {
        // Nobody reads: it is told again and again.
        told.append(readiness)
        telling.with { $0 = true }
    }

    func loopEnds() { ends += 1 }
}

extension EventLoop {
    /// Does something on the loop, and returns when it is done.
    fileprivate func finish(_ body: @escaping @Sendable () -> Void) async { await result(body) }

    fileprivate func result<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { done in execute { done.resume(returning: body()) } }
    }
}

/// What this thread has used of a core, in nanoseconds.
private func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
