import LeafCore
import LeafJournal
import LeafStore
import LeafTestKit
import LeafThreads
import Logging
import Testing

@testable import LeafEngine

@Suite struct EngineTests {
    private let folder = TemporaryFolder()
    private let store = FakeStore()

    @Test func `a cold tag is leased, journaled and issued from its first ID on`() throws {
        try store.add("orders")
        let running = try Running(folder, store)
        #expect(try running.first("orders") == 1)
        #expect(try running.ask("orders", 5) == .ids([IDRange(first: 2, last: 6)]))
        running.engine.stop()
        #expect(try running.ask("orders") == .refused(.shutdown))
    }

    @Test func `after a clean stop the next ID is the exact successor, without the store`() throws {
        try store.add("orders")
        var running = try Running(folder, store)
        _ = try running.first("orders")
        _ = try running.ask("orders", 10)
        running.engine.stop()
        store.set(down: true)
        running = try Running(folder, store)
        #expect(running.engine.recovery.confidence == .proven)
        #expect(try running.ask("orders") == .ids([IDRange(first: 12, last: 12)]))
        running.engine.stop()
    }

    @Test func `a lease whose reply is lost is never used`() throws {
        try store.add("orders")
        store.state.with { $0.losesNextReply = true }
        let running = try Running(folder, store)
        #expect(try running.first("orders") >= 1001)
        running.engine.stop()
    }

    @Test func `with the store away from the start, nothing is known to be missing`() throws {
        store.set(down: true)
        let running = try Running(folder, store)
        try eventually("it backs off from the store") { running.engine.isStoreBackingOff }
        #expect(try running.ask("orders") == .refused(.exhausted))
        try store.add("orders")
        store.set(down: false)
        #expect(try running.first("orders") == 1)
        try eventually("the tag list is known") { running.engine.knowsTagList }
        #expect(try running.ask("nosuch") == .refused(.noTag))
        store.set(down: true)
        #expect(try running.ask("nosuch") == .refused(.noTag))
        running.engine.stop()
    }

    @Test func `a tag that a request brought into being before the list was known goes away if it does not exist`()
        throws
    {
        let running = try Running(folder, store)
        let answer = try eventually("it is known whether there is such a tag") {
            let answer = try running.ask("nosuch")
            return answer == .refused(.exhausted) ? nil : answer
        }
        #expect(answer == .refused(.noTag))
        try eventually("the tag list is known") { running.engine.knowsTagList }
        try eventually("it has gone away") { running.engine.entry(try Tag("nosuch")) == nil }
        running.engine.stop()
    }

    @Test func `auto-create makes a tag at its first request`() throws {
        let running = try Running(folder, store, autoCreate: true)
        #expect(try running.first("new") == 1)
        running.engine.stop()
    }

    @Test(arguments: [1, 4])
    func `a tag that cannot be created is not waited for, and comes when it can`(sessions: Int) throws {
        let store = FakeStore(maxSessions: sessions)
        store.state.with { $0.refusesCreation = true }
        let running = try Running(folder, store, autoCreate: true)
        #expect(try running.ask("new") == .refused(.exhausted))
        store.state.with { $0.refusesCreation = false }
        #expect(try running.first("new") == 1)
        running.engine.stop()
    }

    @Test func `stock of another store is neither issued nor kept`() throws {
        try store.add("orders", maxID: 500_000)
        var running = try Running(folder, store)
        #expect(try running.first("orders") == 500_000)
        running.engine.stop()
        let other = FakeStore(url: "fake://other")
        try other.add("orders")
        other.set(down: true)
        running = try Running(folder, other)
        try eventually("it backs off from the store") { running.engine.isStoreBackingOff }
        #expect(try running.ask("orders") == .refused(.exhausted), "not before the store has said which one it is")
        other.set(down: false)
        #expect(try running.first("orders") == 1)
        running.engine.stop()
    }

    @Test func `a store at the same place with another identity is an outage`() throws {
        try store.add("orders")
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        store.state.with {
            $0.id = .random()
            $0.counters = $0.counters.mapValues { _ in 1 }
        }
        running = try Running(folder, store)
        try eventually("it backs off from the store") { running.engine.isStoreBackingOff }
        #expect(try running.ask("orders") == .ids([IDRange(first: 2, last: 2)]), "from its stock")
        #expect(try running.ask("orders", 5000) == .refused(.exhausted))
        guard case .degraded = running.engine.health() else {
            return #expect(Bool(false), "\(running.engine.health())")
        }
        running.engine.stop()
    }

    @Test func `after a reboot stock is served above the cap, and given up when the store answers`() throws {
        try store.add("orders", step: 100_000)
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        let agent = try folder.header().agentID
        try folder.reboot()
        store.set(down: true)
        running = try Running(folder, store)
        #expect(running.engine.recovery.confidence == .unproven)
        let first = try running.first("orders")
        #expect(first > 2 && first < 1000)
        store.set(down: false)
        try eventually("an ID of a new lease") { try running.first("orders") >= 100_001 }
        running.engine.stop()
        #expect(try folder.header().agentID != agent)
        #expect(try !folder.header().isUnconfirmed)
    }

    @Test func `a tag that nobody asked for after a reboot is above its cap at the next start as well`() throws {
        try store.add("orders", step: 100_000)
        try store.add("users", step: 100_000)
        var running = try Running(folder, store)
        _ = try running.first("orders")
        _ = try running.first("users")
        running.engine.stop()
        let users = try #require(try record("users"))
        try folder.reboot()
        store.set(down: true)
        running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        // The same boot now: only what was written tells that the newest commit could not be proven.
        running = try Running(folder, store)
        #expect(try running.first("users") >= users.hi + users.cap)
        running.engine.stop()
    }

    private func record(_ name: String) throws -> TagRecord? {
        let tag = try Tag(name)
        return try folder.journal().records().first { $0.tag == tag }?.record
    }

    @Test func `a journal from another machine is given up, and its floors are kept`() throws {
        try store.add("orders")
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        try folder.rewriteHeader { $0.host.machineID = "another machine" }
        // The counter of a restored backup stands where it was before the lease.
        store.state.with { $0.counters = $0.counters.mapValues { _ in 1 } }
        running = try Running(folder, store)
        #expect(try running.first("orders") == 1_001_001, "the floor of 1001 and the gap")
        running.engine.stop()
    }
}
