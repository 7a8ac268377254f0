import LeafCore
import LeafJournal
import LeafStore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafEngine

/// A helper's lease is under way, its reply is late, and meanwhile the main thread finds that all is different.
@Suite struct LateReplyTests {
    private let folder = TemporaryFolder()
    private let store = FakeStore(maxSessions: 4)
    private let orders: LeafCore.Tag

    init() throws {
        orders = try Tag("orders")
        for tag in ["orders", "users"] { try store.add(tag) }
    }

    /// An engine that waits for the reply to a helper's lease of 1 to 100, which the store has acknowledged.
    private func runningWithLeaseUnderWay() async throws -> (Running, ParkToken) {
        store.hold { [orders] gate in
            gate.tagList = true
            gate.leasesOf = [orders]
        }
        let running = try Running(folder, store, beat: .milliseconds(20))
        let token = try running.park("orders")
        try await eventually("the reply is held back") { self.store.state.with { $0.counters[self.orders] } == 101 }
        store.hold { $0.tagList = false }
        try await eventually("the main thread is free") { running.engine.knowsTagList }
        return (running, token)
    }

    /// Lets the reply go; returns the first ID that is issued after it.
    private func firstAfterReply(_ running: Running, _ token: ParkToken) async throws -> Int64 {
        store.hold { $0.leasesOf = [] }
        try await eventually("an answer") { running.answer(token) != nil }
        if case .ids(let ranges)? = running.answer(token) { return ranges[0].first }
        return try running.first("orders")
    }

    @Test func `without any change it is used`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        #expect(try await firstAfterReply(running, token) == 1)
        running.engine.stop()
    }

    @Test func `it is given up if the counters have been lifted since: the database had gone backward`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        // A backup of before this daemon came. Others may have been leased the same range, and be again.
        store.state.with { state in
            state.agents = [:]
            for tag in state.counters.keys { state.counters[tag] = 1 }
        }
        try await eventually("the lift") { self.store.state.with { $0.lifts } == 1 }
        #expect(try await firstAfterReply(running, token) >= 1_000_001)
        running.engine.stop()
    }

    @Test func `it is given up if a twin has shown up since`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        let before = running.engine.identity.with { $0.header }
        store.state.with { state in
            guard let row = state.agents[before.agentID] else { return }
            state.agents[before.agentID] = AgentRow(beat: row.beat, nonce: row.nonce, isContested: true)
        }
        try await eventually("another name") { running.engine.identity.with { $0.header.agentID } != before.agentID }
        #expect(try await firstAfterReply(running, token) >= 101)
        #expect(running.engine.identity.with { $0.header.epoch } > before.epoch)
        running.engine.stop()
    }

    @Test func `it is given up if an operator has fenced this daemon since`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        let result = await withCheckedContinuation { continuation in
            running.engine.submit(AdminJob(.fence) { continuation.resume(returning: $0) })
        }
        _ = try result.get()
        #expect(try await firstAfterReply(running, token) >= 101)
        running.engine.stop()
    }

    @Test func `it is given up if the tag has been forgotten since`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        store.state.with { [orders] in $0.counters[orders] = 7 }
        let result = await withCheckedContinuation { continuation in
            running.engine.submit(AdminJob(.forget(orders)) { continuation.resume(returning: $0) })
        }
        _ = try result.get()
        #expect(try await firstAfterReply(running, token) == 7)
        running.engine.stop()
    }

    @Test func `it is given up if the tag has been dropped since`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        let result = await withCheckedContinuation { continuation in
            running.engine.submit(AdminJob(.drop(orders)) { continuation.resume(returning: $0) })
        }
        _ = try result.get()
        store.hold { $0.leasesOf = [] }
        try await eventually("the reply has been taken in") {
            self.store.held == 0 && running.engine.store.desk.with { $0.handingOut == 0 && $0.due.isEmpty }
        }
        #expect(running.answer(token) == .refused(.noTag))
        #expect(try running.ask("orders") == .refused(.noTag))
        running.engine.stop()
    }

    @Test func `it is given up if the journal has been replaced since`() async throws {
        let (running, token) = try await runningWithLeaseUnderWay()
        let header = running.engine.identity.with { $0.header }
        let fresh = header.startingOver(agentID: .randomIdentifier(), journalID: header.journalID)
        running.engine.journalReplaced(
            fresh, SetAside(file: "journal.old", reason: "a test", floors: 0))
        #expect(try await firstAfterReply(running, token) >= 101)
        try await eventually("beats under the new name") { self.store.state.with { $0.agents[fresh.agentID] != nil } }
        running.engine.stop()
    }

    // MARK: Signs that a helper sees

    @Test func `a helper that would have to settle does nothing, and has the main thread look`() async throws {
        store.state.with { $0.serverSeen = [2: "two"] }
        store.hold { $0.tagList = true }
        let running = try Running(folder, store)
        try await eventually("the main thread is held up") { self.store.held == 1 }
        let generation = running.engine.store.generation
        let token = try running.park("orders")
        try await eventually("all sessions are ended") { running.engine.store.generation > generation }
        store.hold { $0.tagList = false }
        try await eventually("an answer") { running.answer(token) != nil }
        #expect(store.state.with { $0.lifts } == 0)
        #expect(store.state.with { $0.leasesOfSession[2] } == nil)
        running.engine.stop()
    }

    @Test func `a lease that finds the database behind ends all sessions, and nothing is leased before the lift`()
        async throws
    {
        store.hold { $0.tagList = true }
        let running = try Running(folder, store)
        try await eventually("the main thread is held up") { self.store.held == 1 }
        _ = try running.first("orders")
        // The helper's session is open, and its next lease does not find this daemon's row.
        store.state.with { state in
            state.agents = [:]
            for tag in state.counters.keys { state.counters[tag] = 1 }
        }
        let token = try running.park("users")
        try await eventually("the sign") { running.engine.store.desk.with { !$0.isSettled } }
        #expect(running.answer(token) == nil)
        #expect(store.state.with { $0.counters.values.allSatisfy { $0 == 1 } })
        store.hold { $0.tagList = false }
        try await eventually("an answer") { running.answer(token) != nil }
        #expect(running.answer(token) == .ids([IDRange(first: 1_000_001, last: 1_000_001)]))
        #expect(store.state.with { $0.lifts } == 1)
        running.engine.stop()
    }

    @Test func `a counter that a helper finds below the floor makes the main thread lift the others`() async throws {
        var running = try Running(folder, store)
        _ = try running.first("orders")
        running.engine.stop()
        store.state.with { [orders] in $0.counters[orders] = 1 }
        store.hold { $0.tagList = true }
        running = try Running(folder, store)
        try await eventually("the main thread is held up") { self.store.held == 1 }
        let token = try running.park("orders", 5000)
        try await eventually("a helper has seen it") { running.engine.store.desk.with { $0.wantsLift } }
        store.hold { $0.tagList = false }
        try await eventually("the lift of all") { self.store.state.with { $0.lifts } == 1 }
        try await eventually("an answer") { running.answer(token) != nil }
        let users = try Tag("users")
        #expect(store.state.with { $0.counters[users] } == 1_000_001)
        running.engine.stop()
    }
}
