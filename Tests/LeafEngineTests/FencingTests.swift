import LeafCore
import LeafStore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafEngine

/// Twins, databases that went backward, and what operators can do about either.
@Suite struct FencingTests {
    private let folder = TemporaryFolder()
    private let store = FakeStore()
    private static let beat = Duration.milliseconds(50)

    init() throws {
        for tag in ["orders", "users"] { try store.add(tag) }
    }

    private func row(_ running: Running) -> AgentRow? {
        let agent = running.engine.identity.with { $0.header.agentID }
        return store.state.with { $0.agents[agent] }
    }

    @Test func `the first beat comes before the first lease, and then one after the other`() async throws {
        let running = try Running(folder, store, beat: FencingTests.beat)
        _ = try running.first("orders")
        let first = try #require(row(running))
        #expect(first.beat >= 1)
        try await eventually("three more beats") { self.row(running)?.beat ?? 0 >= first.beat + 3 }
        running.engine.stop()
    }

    @Test func `a restart goes on with the beats where the last one was, even if its answer was lost`() async throws {
        var running = try Running(folder, store, beat: FencingTests.beat)
        _ = try running.first("orders")
        let agent = running.engine.identity.with { $0.header.agentID }
        store.state.with { $0.losesNextBeat = true }
        try await eventually("the beat that gets no answer") { !self.store.state.with { $0.losesNextBeat } }
        store.set(down: true)
        running.engine.stop()
        store.set(down: false)
        running = try Running(folder, store, beat: FencingTests.beat)
        let last = try #require(row(running)?.beat)
        try await eventually("the next beat") { self.row(running)?.beat ?? 0 > last }
        #expect(running.engine.recovery.confidence == .proven, "\(running.engine.recovery.reason)")
        #expect(running.engine.identity.with { $0.header.agentID } == agent)
        #expect(store.state.with { $0.lifts } == 0)
        running.engine.stop()
    }

    @Test func `a beat that was not sent from here makes both give their stock up`() async throws {
        let running = try Running(folder, store, beat: FencingTests.beat)
        _ = try running.first("orders")
        let before = running.engine.identity.with { $0.header }
        // The other one, resumed from the same memory, has come first.
        store.state.with { state in
            let row = state.agents[before.agentID]!
            state.agents[before.agentID] = AgentRow(beat: row.beat + 1, nonce: "a stranger's", isContested: false)
        }
        try await eventually("another name") { running.engine.identity.with { $0.header.agentID } != before.agentID }
        #expect(store.state.with { $0.agents[before.agentID]?.isContested } == true, "the other one must learn it")
        try await eventually("a fresh lease") { try running.ask("orders") == .ids([IDRange(first: 1001, last: 1001)]) }
        #expect(running.engine.identity.with { $0.header.epoch } == before.epoch + 1)
        running.engine.stop()
        #expect(try folder.header().journalID != before.journalID)
    }

    @Test func `who finds the row contested gives the stock up`() async throws {
        let running = try Running(folder, store, beat: FencingTests.beat)
        _ = try running.first("orders")
        let agent = running.engine.identity.with { $0.header.agentID }
        store.state.with { state in
            let row = state.agents[agent]!
            state.agents[agent] = AgentRow(beat: row.beat, nonce: row.nonce, isContested: true)
        }
        try await eventually("a fresh lease") { try running.ask("orders") == .ids([IDRange(first: 1001, last: 1001)]) }
        running.engine.stop()
    }

    @Test func `a store that lost this daemon's row is lifted before anything is leased`() async throws {
        let running = try Running(folder, store)
        _ = try running.first("orders")
        // A backup of before this daemon came: other hosts were leased IDs since.
        store.state.with { state in
            state.agents = [:]
            for tag in state.counters.keys { state.counters[tag] = 1 }
        }
        try await eventually("a lease above the lift") {
            if case .ids(let ranges) = try running.ask("users") { ranges[0].first == 1_000_001 } else { false }
        }
        #expect(store.state.with { $0.lifts } == 1)
        #expect(row(running) != nil)
        #expect(running.engine.health() != .ok)
        running.engine.stop()
    }

    @Test func `a counter below what this host was leased lifts all the others too`() async throws {
        let running = try Running(folder, store)
        _ = try running.first("orders")
        let (orders, users) = (try Tag("orders"), try Tag("users"))
        store.state.with { $0.counters[orders] = 1 }
        // More than the stock: a lease is needed, and finds the counter below the floor.
        _ = try running.ask("orders", 2000)
        try await eventually("the lift of all") { self.store.state.with { $0.lifts } == 1 }
        #expect(store.state.with { $0.counters[users] } == 1_000_001)
        running.engine.stop()
    }

    @Test func `after a boot, too, a store that lost this daemon's row is lifted before anything is leased`() throws {
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        store.state.with { state in
            state.agents = [:]
            for tag in state.counters.keys { state.counters[tag] = 1 }
        }
        try folder.reboot()
        running = try Running(folder, store)
        #expect(try running.first("users") == 1_000_001)
        #expect(store.state.with { $0.lifts } == 1)
        running.engine.stop()
    }

    @Test func `another server than the one written down is lifted once, by whoever comes first`() throws {
        let other = TemporaryFolder()
        var running = [try Running(folder, store), try Running(other, store)]
        for one in running { _ = try one.first("orders") }
        for one in running { one.engine.stop() }
        store.state.with { $0.server = "two" }
        running = [try Running(folder, store), try Running(other, store)]
        #expect(try running[0].first("users") >= 1_000_001)
        #expect(try running[1].first("users") >= 1_000_001)
        #expect(store.state.with { $0.lifts } == 1)
        for one in running { one.engine.stop() }
    }

    @Test func `a store that is another one each time is not leased from`() async throws {
        let running = try Running(folder, store, alarmPeriod: .seconds(86400))
        _ = try running.first("orders")
        var turns = 0
        try await eventually("nothing is leased any more") {
            turns += 1
            let server = "server \(turns)"
            self.store.state.with { state in
                state.server = server
                state.recordedServer = "another"
            }
            _ = try running.ask("users", 100_000)
            return "\(running.engine.health())".contains("load balancer")
        }
        #expect(store.state.with { $0.lifts } <= 5)
        running.engine.stop()
    }

    // MARK: Operators

    private func submit(_ running: Running, _ change: AdminJob.Change) async -> Result<Void, StoreError> {
        await withCheckedContinuation { continuation in
            running.engine.submit(AdminJob(change) { continuation.resume(returning: $0) })
        }
    }

    @Test func `FENCE gives all stock up, and leases afresh`() async throws {
        var running = try Running(folder, store)
        #expect(try running.first("orders") == 1)
        let before = running.engine.identity.with { $0.header }
        _ = try await submit(running, .fence).get()
        #expect(try running.first("orders") == 1001)
        #expect(running.engine.identity.with { $0.header.agentID } != before.agentID)
        running.engine.stop()
        running = try Running(folder, store)
        #expect(try running.first("orders") == 1002)
        running.engine.stop()
    }

    @Test func `FENCE holds without the store, too, and over a restart`() async throws {
        var running = try Running(folder, store)
        #expect(try running.first("orders") == 1)
        store.set(down: true)
        _ = try await submit(running, .fence).get()
        running.engine.stop()
        running = try Running(folder, store)
        try await eventually("the store is known to be away") { running.engine.isStoreBackingOff }
        #expect(try running.ask("orders") == .refused(.exhausted))
        running.engine.stop()
    }

    @Test func `FORGET leases from wherever the counter was set to, and is durable when it is answered`() async throws {
        let tag = try Tag("orders")
        store.state.with { $0.counters[tag] = 500_000 }
        var running = try Running(folder, store)
        #expect(try running.first("orders") == 500_000)
        store.state.with { $0.counters[tag] = 7 }
        _ = try await submit(running, .forget(tag)).get()
        #expect(store.state.with { $0.forgotten } == [tag])
        store.set(down: true)
        running.engine.stop()
        store.set(down: false)
        running = try Running(folder, store)
        #expect(try running.first("orders") == 7)
        running.engine.stop()
    }

    @Test func `BUMP raises a counter, BUMP ALL every one`() async throws {
        let running = try Running(folder, store)
        #expect(try running.first("orders") == 1)
        _ = try await submit(running, .bump(try Tag("orders"), to: 40_000)).get()
        #expect(store.state.with { $0.counters.values.max() } == 40_000)
        _ = try await submit(running, .bumpAll).get()
        #expect(store.state.with { $0.counters.values.sorted() } == [1_000_001, 1_040_000])
        #expect(try running.first("orders") == 2, "what is held is below, and goes on")
        running.engine.stop()
    }
}
