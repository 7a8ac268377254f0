import LeafCore
import LeafJournal
import LeafStore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafEngine

/// Several sessions with one store. In most of these tests the main thread is held up by the tag list, which it reads first of
/// all, so that whatever is leased is leased by a helper.
@Suite struct PoolTests {
    private let folder = TemporaryFolder()
    private let store = FakeStore(maxSessions: 4)

    private func tags(_ count: Int) throws -> [LeafCore.Tag] {
        try (0..<count).map { number in
            try store.add("tag-\(number)")
            return try Tag("tag-\(number)")
        }
    }

    @Test func `while the main thread is held up, helpers lease`() throws {
        try store.add("orders")
        store.hold { $0.tagList = true }
        let running = try Running(folder, store)
        #expect(try running.first("orders") == 1)
        #expect(store.state.with { $0.leasesOfSession[1] } == nil)
        store.hold { $0.tagList = false }
        running.engine.stop()
    }

    @Test func `more tags than one batch are shared out, each leased once`() async throws {
        let tags = try tags(1000)
        store.hold { $0.leasesOfSession = 1 }
        let running = try Running(folder, store, warm: tags)
        let expected = tags.count - StoreDriver.batchMax
        try await eventually("all but the main thread's batch are leased") {
            self.store.state.with { $0.leases } >= expected
                && running.tagsWithStock >= expected
        }
        store.hold { $0.leasesOfSession = nil }
        try await eventually("its batch as well") {
            running.tagsWithStock == tags.count
        }
        #expect(store.state.with { $0.leases } == tags.count)
        #expect(store.state.with { $0.counters.values.allSatisfy { $0 == 1001 } })
        #expect(store.state.with { $0.mostOpenSessions } <= 4)
        running.engine.stop()
    }

    @Test func `no more sessions than max-open, and one for a store that serves one at a time`() async throws {
        let tags = try tags(1000)
        store.hold { $0.leasesOfSession = 1 }
        var running = try Running(folder, store, warm: tags, pool: StorePool(maxOpen: 2))
        try await eventually("all are leased") { self.store.state.with { $0.leases } == tags.count }
        #expect(store.state.with { $0.mostOpenSessions } == 2)
        #expect(running.engine.snapshot().store.sessionsMax == 2)
        running.engine.stop()

        let single = FakeStore(url: "fake://single")
        try single.add("orders")
        running = try Running(
            TemporaryFolder(), single, beat: .milliseconds(5),
            pool: StorePool(maxIdle: 0, maxLifetime: .milliseconds(1), idleTime: .milliseconds(1)))
        _ = try running.first("orders")
        try await eventually("ten beats") { single.state.with { $0.agents.values.contains { $0.beat > 10 } } }
        #expect(single.state.with { $0.connects } == 1)
        #expect(running.engine.snapshot().store.sessionsMax == 1)
        running.engine.stop()
    }

    @Test func `a tag that a helper does not find is for the main thread to create, once`() async throws {
        store.hold { $0.tagList = true }
        let running = try Running(folder, store, autoCreate: true)
        try await eventually("the main thread is held up") { self.store.held == 1 }
        let token = try running.park("new")
        try await eventually("a helper has asked") {
            running.engine.store.desk.with { !$0.dueOnMain.isEmpty }
        }
        #expect(store.state.with { $0.counters.isEmpty })
        store.hold { $0.tagList = false }
        try await eventually("an answer") { running.answer(token) != nil }
        #expect(running.answer(token) == .ids([IDRange(first: 1, last: 1)]))
        running.engine.stop()
    }

    // MARK: Sessions come and go

    @Test func `what is idle beyond max-idle is closed, and opened again for the next lease`() async throws {
        try store.add("orders")
        store.hold { $0.tagList = true }
        let running = try Running(folder, store, pool: StorePool(maxIdle: 1, idleTime: .milliseconds(20)))
        _ = try running.first("orders")
        #expect(store.state.with { $0.openSessions } >= 1)
        store.hold { $0.tagList = false }
        try await eventually("one is left") { self.store.state.with { $0.openSessions } == 1 }
        #expect(store.state.with { $0.leasesOfSession[1] } == nil, "the main thread's")
        running.engine.stop()
        #expect(store.state.with { $0.openSessions } == 0)
    }

    @Test func `with max-idle 0 not even the main session is kept, and comes back for beats and leases`() async throws {
        for tag in ["orders", "users"] { try store.add(tag) }
        let running = try Running(
            folder, store, beat: .milliseconds(100), pool: StorePool(maxIdle: 0, idleTime: .milliseconds(10)))
        _ = try running.first("orders")
        try await eventually("none is left") { self.store.state.with { $0.openSessions } == 0 }
        #expect(try running.first("users") == 1)
        let connects = store.state.with { $0.connects }
        try await eventually("a session for a beat") { self.store.state.with { $0.connects } > connects }
        #expect(running.engine.snapshot().store.link.errors == 0)
        running.engine.stop()
    }

    @Test func `sessions older than max-lifetime are replaced, and nobody notices`() async throws {
        for number in 0..<50 { try store.add("tag-\(number)") }
        let running = try Running(
            folder, store, beat: .milliseconds(5), pool: StorePool(maxLifetime: .milliseconds(20)))
        for number in 0..<50 { #expect(try running.first("tag-\(number)") == 1) }
        try await eventually("five sessions") { self.store.state.with { $0.connects } >= 5 }
        #expect(running.engine.snapshot().store.link.errors == 0)
        #expect(store.state.with { $0.lifts } == 0)
        running.engine.stop()
    }

    @Test func `a helper that gets no session leaves the work to the main thread, and the store counts as up`()
        async throws
    {
        try store.add("orders")
        store.state.with { $0.sessionsLimit = 1 }
        store.hold { $0.tagList = true }
        let running = try Running(folder, store)
        try await eventually("the main thread is held up") { self.store.held == 1 }
        let token = try running.park("orders")
        try await eventually("a refused session") { running.engine.snapshot().store.errors["unavailable"] ?? 0 > 2 }
        #expect(running.engine.snapshot().store.link.isUp)
        #expect(running.answer(token) == nil)
        store.hold { $0.tagList = false }
        try await eventually("an answer") { running.answer(token) != nil }
        #expect(running.answer(token) == .ids([IDRange(first: 1, last: 1)]))
        running.engine.stop()
    }

    @Test func `after an outage the main thread alone comes back, until there is more to do`() async throws {
        let tags = try tags(1000)
        store.hold { $0.leasesOfSession = 1 }
        let running = try Running(folder, store, warm: tags, beat: .milliseconds(5), pool: StorePool(maxIdle: 4))
        try await eventually("several sessions") { self.store.state.with { $0.openSessions } > 1 }
        store.hold { $0.leasesOfSession = nil }
        try await eventually("all are leased") {
            running.tagsWithStock == tags.count
        }
        store.set(down: true)
        try await eventually("the outage is known") { running.engine.isStoreBackingOff }
        try await eventually("no session is left") { self.store.state.with { $0.openSessions } == 0 }
        store.state.with { state in
            state.isDown = false
            state.mostOpenSessions = 0
        }
        let beat = store.state.with { $0.agents.values.map(\.beat).max() ?? 0 }
        try await eventually("beats again") {
            self.store.state.with { $0.agents.values.contains { $0.beat > beat + 5 } }
        }
        #expect(store.state.with { $0.mostOpenSessions } == 1)
        running.engine.stop()
    }

    @Test func `a stop does not wait for a store that does not answer`() throws {
        try store.add("orders")
        let orders = try Tag("orders")
        store.hold { gate in
            gate.tagList = true
            gate.leasesOf = [orders]
        }
        let running = try Running(folder, store)
        _ = try running.park("orders")
        try eventually("two calls are held") { store.held >= 2 }
        running.engine.stop()
        #expect(store.state.with { $0.openSessions } == 0)
    }

    // MARK: What a moment mends

    @Test func `a deadlock is tried again, and nobody notices`() throws {
        try store.add("orders")
        store.state.with { $0.deadlocks = Retries.triesMax - 1 }
        let running = try Running(folder, store)
        try eventually("the tag list is known") { running.engine.knowsTagList }
        #expect(try running.ask("orders") == .ids([IDRange(first: 1, last: 1)]))
        let snapshot = running.engine.snapshot().store
        #expect(snapshot.retries == Retries.triesMax - 1)
        #expect(snapshot.link.errors == 0 && snapshot.errors.isEmpty)
        running.engine.stop()
    }

    @Test func `deadlocks without end are an outage`() throws {
        try store.add("orders")
        let running = try Running(folder, store)
        try eventually("the tag list is known") { running.engine.knowsTagList }
        store.state.with { $0.deadlocks = Retries.triesMax }
        #expect(try running.ask("orders") == .refused(.exhausted))
        #expect(running.engine.snapshot().store.errors == ["transient": 1])
        #expect(try running.first("orders") == 1)
        running.engine.stop()
    }

    @Test func `a lost connection is replaced at once, and what it may have leased is not used`() throws {
        try store.add("orders")
        let running = try Running(folder, store)
        try eventually("the tag list is known") { running.engine.knowsTagList }
        store.state.with { $0.losesNextReply = true }
        #expect(try running.ask("orders") == .ids([IDRange(first: 1001, last: 1001)]))
        #expect(running.engine.snapshot().store.link.errors == 0)
        running.engine.stop()
    }

    @Test func `a helper's lost connection is replaced as well`() throws {
        try store.add("orders")
        store.state.with { $0.losesNextReply = true }
        store.hold { $0.tagList = true }
        let running = try Running(folder, store)
        #expect(try running.first("orders") == 101)
        #expect(running.engine.snapshot().store.link.errors == 0)
        store.hold { $0.tagList = false }
        running.engine.stop()
    }
}
