import LeafClient
import LeafTestKit
import Synchronization
import Testing

@Suite("A pool")
struct IDPoolTests {
    /// Grants leases one after the other, from 1 on.
    private static func grant(_ peer: ScriptedServer.Peer, from counter: TestLock<Int>) throws {
        while let words = try peer.request() {
            let count = Int(words[2])!
            let first = counter.with { next in
                next += count
                return next - count
            }
            // In two ranges, where it can be.
            let middle = first + count / 2
            try peer.send(
                count == 1
                    ? "*2\r\n:\(first)\r\n:\(first)\r\n"
                    : "*4\r\n:\(first)\r\n:\(middle - 1)\r\n:\(middle)\r\n:\(first + count - 1)\r\n")
        }
    }

    private func granting() throws -> BusyServer {
        let counter = TestLock(1)
        return try BusyServer { peer, _ in try Self.grant(peer, from: counter) }
    }

    private func pool(_ server: BusyServer, timeout: Duration = .seconds(60), stockMax: Int = 1_000_000) throws
        -> IDPool
    {
        try IDPool("orders", client: LeafClient(socketPath: server.path, timeout: timeout), stockMax: stockMax)
    }

    @Test
    func `gives no ID twice to eight threads and eight tasks`() async throws {
        let server = try granting()
        let pool = try pool(server)
        let ids = TestLock(IDSet())
        let crew = Crew(8) { _ in
            let own = (0..<20_000).compactMap { _ in try? pool.nextBlocking() }
            ids.with { $0.insert(own) }
        }
        try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var own: [Int64] = []
                    for _ in 0..<20_000 { own.append(try await pool.next()) }
                    return own
                }
            }
            for try await own in group { ids.with { $0.insert(own) } }
        }
        crew.join()
        #expect(ids.with { $0.count } == 320_000)
        #expect(ids.with { $0.duplicates } == [])
    }

    @Test
    func `goes on with what threads that have ended left, so that nothing is lost`() throws {
        let server = try granting()
        let pool = try pool(server)
        let ids = TestLock(IDSet())
        // More threads in all than a pool has seats.
        for _ in 0..<100 {
            Crew(3) { _ in
                let own = (0..<1000).compactMap { _ in try? pool.nextBlocking() }
                ids.with { $0.insert(own) }
            }.join()
        }
        #expect(ids.with { $0.count } == 300_000)
        #expect(ids.with { $0.duplicates } == [])
        // A few seats, with a chunk each at most, and one second's worth at most, since it is not full of holes.
        #expect(ids.with { $0.highest } < 300_000 + 1_000_000 + 200_000)
    }

    @Test
    func `serves more threads at once than it has seats`() throws {
        let server = try granting()
        let pool = try pool(server)
        let ids = TestLock(IDSet())
        let started = Atomic(0)
        Crew(150) { _ in
            var own = [try? pool.nextBlocking()].compactMap { $0 }
            // All of them alive at once: the last ones find no free seat.
            started.add(1, ordering: .acquiringAndReleasing)
            while started.load(ordering: .acquiring) < 150 { pauseThread(.milliseconds(1)) }
            own += (0..<200).compactMap { _ in try? pool.nextBlocking() }
            ids.with { $0.insert(own) }
        }.join()
        #expect(ids.with { $0.count } == 150 * 201)
        #expect(ids.with { $0.duplicates } == [])
    }

    @Test
    func `never mixes up two pools of one thread`() throws {
        // More pools than a thread remembers its seats of: what is left in a seat is found again.
        let server = try granting()
        let client = LeafClient(socketPath: server.path, timeout: .seconds(60))
        let pools = try (0..<40).map { try IDPool("tag\($0)", client: client) }
        var ids = IDSet()
        for _ in 0..<100 {
            for pool in pools { ids.insert(try pool.nextBlocking()) }
        }
        #expect(ids.count == 4000)
        #expect(ids.duplicates == [])
    }

    @Test
    func `has none at first when it must not wait, and some soon after`() throws {
        let server = try granting()
        let pool = try pool(server)
        let first = try eventually("an ID without waiting") { pool.tryNext() }
        #expect(first >= 1)
    }

    @Test
    func `gives the daemon's error once the stock is out, asks again with pauses, and recovers`() async throws {
        let refuses = TestLock(false)
        let asked = TestLock(0)
        let counter = TestLock(1)
        let server = try BusyServer { peer, _ in
            while let words = try peer.request() {
                asked.with { $0 += 1 }
                if refuses.with({ $0 }) {
                    try peer.send("-EXHAUSTED no stock and no store\r\n")
                } else {
                    let count = Int(words[2])!
                    let first = counter.with { next in
                        next += count
                        return next - count
                    }
                    try peer.send("*2\r\n:\(first)\r\n:\(first + count - 1)\r\n")
                }
            }
        }
        let pool = try pool(server, stockMax: 100)
        _ = try await pool.next()
        refuses.with { $0 = true }
        var ids = 0
        while case .success = Result(catching: { try pool.nextBlocking() }) { ids += 1 }
        let error = #expect(throws: LeafClientError.self) { try pool.nextBlocking() }
        #expect(error?.code == .rejected(prefix: "EXHAUSTED"))
        #expect(error?.message.contains("no stock and no store") == true)
        // What was in stock has been given out first.
        #expect(ids >= 49)
        asked.with { $0 = 0 }
        for _ in 0..<20_000 { #expect(throws: LeafClientError.self) { try pool.nextBlocking() } }
        await #expect(throws: LeafClientError.self) { try await pool.next() }
        #expect(pool.tryNext() == nil)
        // Each of the 20,000 refusals could have been a request; back-off makes them a few dozen, however slow the machine.
        #expect(asked.with { $0 } < 2000)
        refuses.with { $0 = false }
        _ = try eventually("the pool recovers") { pool.tryNext() }
    }

    @Test
    func `takes what the daemon allows, if it is less than usual`() throws {
        let asks = TestLock<[Int]>([])
        let counter = TestLock(1)
        let server = try BusyServer { peer, _ in
            while let words = try peer.request() {
                let count = Int(words[2])!
                asks.with { $0.append(count) }
                guard count <= 10 else {
                    try peer.send("-ERR count must be 1 to 10\r\n")
                    continue
                }
                let first = counter.with { next in
                    next += count
                    return next - count
                }
                try peer.send("*2\r\n:\(first)\r\n:\(first + count - 1)\r\n")
            }
        }
        let pool = try pool(server)
        var ids = IDSet()
        for _ in 0..<500 { ids.insert(try pool.nextBlocking()) }
        #expect(ids.count == 500)
        #expect(ids.duplicates == [])
        #expect(asks.with { $0.contains { $0 <= 10 } })
    }

    @Test
    func `believes no range that the daemon did not grant`() throws {
        let server = try BusyServer { peer, _ in
            while let words = try peer.request() {
                let count = Int(words[2])!
                try peer.send("*2\r\n:1\r\n:\(count + 1)\r\n")
            }
        }
        let error = #expect(throws: LeafClientError.self) { try pool(server).nextBlocking() }
        #expect(error?.code == .unexpectedReply)
    }

    @Test
    func `ends a cancelled task's wait`() async throws {
        let server = try BusyServer { peer, _ in peer.linger() }
        let pool = try pool(server)
        let task = Task { try await pool.next() }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test
    func `waits no longer than its client's timeout for a daemon that says nothing`() async throws {
        let server = try BusyServer { peer, _ in peer.linger() }
        let pool = try pool(server, timeout: .milliseconds(50))
        let error = await #expect(throws: LeafClientError.self) { try await pool.next() }
        #expect(error?.code == .timeout)
        let same = #expect(throws: LeafClientError.self) { try pool.nextBlocking() }
        #expect(same?.code == .timeout)
    }
}
