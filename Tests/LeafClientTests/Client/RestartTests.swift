import LeafClient
import LeafTestKit
import Testing

@Suite("A client of a real leafd", .disabled(if: isThreadSanitized, "it starts whole daemons"))
struct RestartTests {
    /// Tasks and threads ask all the time, while `disturb` runs; all of them must get IDs, and none twice.
    private func underLoad(_ daemon: LeafDaemon, _ disturb: () throws -> Void) async throws {
        let client = LeafClient(socketPath: daemon.setup.socketPath, timeout: .seconds(60))
        let isOver = TestLock(false)
        let ids = TestLock(IDSet())
        let problems = TestLock<[String]>([])
        let crew = Crew(3) { thread in
            while !isOver.with({ $0 }) {
                do {
                    let batch =
                        thread == 0
                        ? try client.blocking.next("orders", count: 10) : [try client.blocking.next("orders")]
                    ids.with { $0.insert(batch) }
                } catch {
                    problems.with { $0.append("\(error)") }
                }
            }
        }
        let tasks = (0..<20).map { _ in
            Task {
                while !isOver.with({ $0 }) {
                    do {
                        let id = try await client.next("orders")
                        ids.with { $0.insert(id) }
                    } catch {
                        problems.with { $0.append("\(error)") }
                    }
                }
            }
        }
        // From here on all of it is under way.
        try eventually("a thousand IDs", isTrue: { ids.with { $0.count } > 1000 })
        try disturb()
        let before = ids.with { $0.count }
        try eventually("a thousand more", isTrue: { ids.with { $0.count } > before + 1000 })
        isOver.with { $0 = true }
        for task in tasks { await task.value }
        crew.join()
        #expect(problems.with { $0 } == [])
        #expect(ids.with { $0.duplicates } == [])
        #expect(ids.with { $0.invalid } == [])
    }

    @Test
    func `sees nothing of clean restarts but a wait`() async throws {
        let daemon = try LeafDaemon(DaemonSetup())
        try await underLoad(daemon) {
            for _ in 0..<3 { try daemon.restart() }
        }
    }

    @Test
    func `loses no request to a daemon that is killed and started again, and gets no ID twice`() async throws {
        let daemon = try LeafDaemon(DaemonSetup())
        try await underLoad(daemon) {
            for _ in 0..<3 {
                daemon.kill()
                _ = try daemon.process.wait(atMost: .seconds(30))
                try daemon.start()
            }
        }
    }

    @Test
    func `gets every kind of ID, and the daemon's errors`() async throws {
        let daemon = try LeafDaemon(DaemonSetup())
        let client = LeafClient(socketPath: daemon.setup.socketPath, timeout: .seconds(60))
        try await client.ping()
        var ids = IDSet()
        ids.insert(try await client.next("orders"))
        ids.insert(try await client.next("orders", count: 500))
        for range in try await client.lease("orders", count: 500) { ids.insert(Array(range)) }
        #expect(ids.count == 1001)
        #expect(ids.duplicates == [])
        let stamps = try await client.snowflake(count: 100) + [client.snowflake()]
        #expect(Set(stamps).count == 101)
        #expect(try await client.health() == .healthy)
        let error = await #expect(throws: LeafClientError.self) { try await client.next("nobody") }
        #expect(error?.code == .rejected(prefix: "NOTAG"))
    }
}
