import LeafCore
import LeafStore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafEngine
@testable import LeafJournal

/// Worker ids between the central store, which may fail, and those who ask for snowflakes.
@Suite struct WorkerIDTests {
    private let folder = TemporaryFolder()
    private let store = FakeStore()

    init() throws {
        try store.add("orders")
    }

    private func change(_ change: (inout FakeWorkers.State) -> Void) { store.state.with { change(&$0.workers) } }

    /// Asks the store now, instead of in 20 s.
    private func renew(_ running: Running, until what: String, _ condition: () throws -> Bool) async throws {
        try await eventually(what) {
            running.engine.store.wantWorkers()
            return try condition()
        }
    }

    private func isBackingOff(_ running: Running) -> Bool { running.engine.store.desk.with { $0.link.isBackingOff } }

    private static let faults = [
        StoreError(.misconfigured, "leafd_worker has no column seen_at", isSessionLost: true),
        StoreError(.missing, "leafd_worker is gone"), StoreError(.conflict, "the row of worker id 0 is damaged"),
    ]

    @Test(arguments: faults) func `what is wrong with their table alone is told, and tags are leased all the same`(
        _ fault: StoreError
    ) throws {
        let running = try Running(folder, store)
        change { $0.failure = fault }
        #expect(try running.snowflake() == .none(fault.message))
        #expect("\(running.engine.health())".contains("no snowflakes: \(fault.message)"))
        #expect(!isBackingOff(running))
        guard case .ids = try running.ask("orders", 5000) else { return #expect(Bool(false), "no IDs of the tag") }
        running.engine.stop()
    }

    @Test(arguments: faults) func `a failed renewal is told until one has come through`(_ fault: StoreError)
        async throws
    {
        let running = try Running(folder, store)
        _ = try running.firstSnowflake()
        #expect(running.engine.health() == .ok)
        change { $0.failure = fault }
        try await renew(running, until: "it is told") { running.engine.snowflake.problem == fault.message }
        #expect("\(running.engine.health())".contains("worker ids are not renewed: \(fault.message)"))
        _ = try running.firstSnowflake()
        change { $0.failure = nil }
        try await renew(running, until: "it is over") { running.engine.snowflake.problem == nil }
        #expect(running.engine.health() == .ok)
        running.engine.stop()
    }

    @Test func `an outage is an outage`() async throws {
        let running = try Running(folder, store)
        _ = try running.firstSnowflake()
        change { $0.failure = StoreError(.unavailable, "away", isSessionLost: true) }
        try await renew(running, until: "it is noted") { isBackingOff(running) }
        #expect(running.engine.snowflake.problem == nil)
        // Nothing but snowflakes were asked for: they last.
        guard case .degraded(let text) = running.engine.health() else {
            return #expect(Bool(false), "\(running.engine.health())")
        }
        #expect(text.contains("leased for"))
        running.engine.stop()
    }

    @Test func `a table that is not fit is looked at again with a new session`() throws {
        let running = try Running(folder, store)
        _ = try running.first("orders")
        let connects = store.state.with { $0.connects }
        change { $0.absence = "leafd_worker may not be written" }
        #expect(try running.snowflake() == .none("leafd_worker may not be written"))
        change { $0.absence = nil }
        _ = try running.firstSnowflake()
        #expect(store.state.with { $0.connects } > connects)
        running.engine.stop()
    }

    @Test func `the same problem with other figures is no news`() throws {
        let running = try Running(folder, store)
        let desk = running.engine.snowflake
        #expect(desk.failed("nobody takes a worker id for 600 s", now: .now()))
        #expect(!desk.failed("nobody takes a worker id for 599 s", now: .now()))
        #expect(desk.failed("all 1024 worker ids are taken", now: .now()))
        running.engine.stop()
    }

    @Test func `a claim that brought nothing is repeated ever more seldom, and its reason told in between`() throws {
        let running = try Running(folder, store)
        let desk = running.engine.snowflake
        let start = MonotonicTime.now()
        /// How many seconds pass until the store is asked again.
        func pause() -> Int? {
            (0...100).first { second in
                let token = ParkToken(receiver: 0, ticket: 9)
                let now = start.advanced(by: .seconds(second))
                guard case .parked = desk.want(token, isStoreBackingOff: false, now: now) else { return false }
                desk.ask()
                _ = desk.asked()
                return true
            }
        }
        var pauses: [Int?] = []
        for _ in 0..<8 {
            _ = desk.failed("taken", now: start)
            #expect(desk.want(nil, isStoreBackingOff: false, now: start) == .refused("taken"))
            pauses.append(pause())
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 64])
        running.engine.stop()
    }

    /// Its own hold is taken over before its time is over, above its mark; but only where nobody else can have stamped above that.
    @Test(arguments: [false, true])
    func `a replaced journal's own worker id is taken over at once, unless it may have a twin`(
        _ isUnconfirmed: Bool
    ) async throws {
        let running = try Running(folder, store, snowflake: SnowflakeSettings(worker: 3))
        let id = try running.firstSnowflake()
        let engine = running.engine
        let old = engine.identity.with { identity in
            identity.header.isUnconfirmed = isUnconfirmed
            return identity.header
        }
        engine.journalReplaced(
            old.startingOver(agentID: "another", journalID: "fresh"),
            SetAside(file: "unknown.mdb", reason: "a test", floors: 0))
        if isUnconfirmed {
            try await eventually("it is refused") {
                guard case .none(let why) = try running.snowflake() else { throw TestProblem("it was taken over") }
                return why.contains("worker id 3 is")
            }
        } else {
            #expect(try running.firstSnowflake() > id)
        }
        engine.stop()
    }

    /// Another may have been issuing from a copy of its journal. Whether it can settle with the store does not matter: the store
    /// answers, and that is what this start may not go on with.
    @Test func `an unproven start gives its worker ids up as soon as the store answers`() async throws {
        var running = try Running(folder, store)
        let id = try running.firstSnowflake()
        running.engine.stop()
        try folder.reboot()
        store.state.with { state in
            state.agents = [:]
            state.refusesLift = true
        }
        running = try Running(folder, store)
        try await eventually("it has failed to settle") { self.isBackingOff(running) }
        // By now a store that never answered would be away.
        while MonotonicTime.now().since(running.engine.startedAt) < StoreDriver.awayAfter + .seconds(1) {
            if case .id(let next) = try running.snowflake() { return #expect(Bool(false), "\(next) after \(id)") }
            try await Task.sleep(for: .milliseconds(20))
        }
        running.engine.stop()
    }

    @Test func `where the database has lost all rows they are lifted, and holders put theirs right`() async throws {
        let running = try Running(folder, store)
        _ = try running.firstSnowflake()
        let row = try #require(store.state.with { $0.workers.rows[0] })
        change { $0.rows = [:] }
        try await renew(running, until: "its row is there again") {
            store.state.with { $0.workers.rows[0]?.holder == row.holder }
        }
        #expect(store.state.with { $0.lifts } == 1)
        // Nobody can say how old the lost leases are.
        let hold = store.state.with { $0.workers.values[WorkerStanding.Name.hold] }.flatMap { Int64($0) } ?? 0
        #expect(hold > ClockReading.now().wall / 1000 + 7_200_000)
        _ = try running.firstSnowflake()
        running.engine.stop()
    }

    @Test func `another server than the one of the worker ids is lifted before one is given out`() async throws {
        change { $0.values[WorkerStanding.Name.server] = "another" }
        let running = try Running(folder, store)
        guard case .none(let why) = try running.snowflake() else { return #expect(Bool(false), "it was given out") }
        #expect(why.contains("another"))
        #expect(store.state.with { $0.lifts } == 1)
        #expect(store.state.with { $0.workers.values[WorkerStanding.Name.server] } == "one")
        guard case .none(let next) = try running.snowflake() else { return #expect(Bool(false), "it was given out") }
        #expect(next.contains("nobody takes a worker id") || next.contains("another"))
        running.engine.stop()
    }
}
