import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import LeafTestKit
import Testing

@Suite struct `Worker ids in a file` {
    let fixture: StoreFixture
    let session: SQLiteSession

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders")
    }

    private func now() throws -> Int64 { try session.listWorkers().databaseTime }

    private func insert(
        _ worker: Int, _ holder: String, machine: String = "", generation: Int64 = 3, lastTime: Int64
    ) throws {
        try fixture.sql(
            """
            INSERT INTO leafd_worker (worker_id, holder, machine, host, generation, ts_hi)
            VALUES (\(worker), '\(holder)', '\(machine)', 'h', \(generation), \(lastTime))
            """)
    }

    private func rows() throws -> [WorkerRow] { try session.listWorkers().rows }

    // MARK: Claims

    @Test func `are claimed one after the other, and written down with the format`() throws {
        #expect(try session.listWorkers().format == nil)
        let before = try now()
        let results = try (0..<3).map { _ in try session.claim(.leased()) }
        #expect(results.map(\.summary) == ["0/1 above -1", "1/1 above -1", "2/1 above -1"])
        let after = try now()
        for result in results {
            guard case .claimed(_, _, _, let lastTime, let time) = result else { continue }
            #expect(lastTime == time + 60_000 && before <= time && time <= after)
        }
        let list = try session.listWorkers()
        #expect(list.format == WorkerClaim.format && list.heldUntil == nil && list.skipped == [])
        let first = WorkerRow(
            worker: 0, holder: "me", machine: "", host: "host-a", generation: 1,
            lastTime: try #require(results[0].lastTime))
        #expect(list.rows.map(\.worker) == [0, 1, 2] && list.rows[0] == first)
        #expect(try fixture.value("SELECT min(seen_at) > '2020' FROM leafd_worker") == 1.databaseValue)
        // 2020 and 2100: the database's time is in milliseconds since 1970.
        #expect((1_577_836_800_000...4_102_444_800_000).contains(before))
    }

    @Test func `are taken over only when their time is over, and above it`() throws {
        let now = try now()
        try insert(0, "a", lastTime: now + 3_600_000)
        try insert(1, "b", lastTime: now + 3_600_000)
        try insert(7, "c", lastTime: 5)
        #expect(try session.claim(.leased(workers: 2)).summary == "taken 0 a, 1 b")
        #expect(try fixture.state("snowflake/format") == nil)
        try fixture.sql("UPDATE leafd_worker SET ts_hi = \(now - 500) WHERE worker_id = 0")
        try fixture.sql("UPDATE leafd_worker SET ts_hi = \(now - 900) WHERE worker_id = 1")
        #expect(try session.claim(.leased(workers: 2)).summary == "1/4 above \(now - 900)")
        #expect(try session.claim(.leased(workers: 2)).summary == "0/4 above \(now - 500)")
        #expect(try session.claim(.leased(workers: 2)).summary == "taken 0 me, 1 me")
    }

    @Test func `that are configured are for one machine`() throws {
        #expect(try session.claim(.configured(2)).summary == "2/1 above -1")
        #expect(try session.claim(.configured(2)).summary == "taken 2 me")
        let lastTime = try #require(try rows().first).lastTime
        let own = WorkerHold(worker: 2, holder: "me", generation: 1)
        let next = try session.claim(.configured(2, holder: "next", succeeding: own, ahead: 0))
        #expect(next.summary == "2/2 above \(lastTime)" && next.lastTime == lastTime)
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5")
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "taken 2 next")
        #expect(try session.claim(.leased(workers: 3)).summary == "0/1 above -1")
        #expect(try session.claim(.leased(workers: 3)).summary == "1/1 above -1")
        #expect(try session.claim(.leased(workers: 3)).summary.hasPrefix("taken"))
        #expect(try session.claim(.configured(2)).summary == "2/3 above 5")
        #expect(try session.claim(.configured(4)).summary.hasPrefix("unsupported"))
        #expect(try session.claim(.configured(3, machine: "")).summary.hasPrefix("unsupported"))
    }

    @Test func `of another format are refused, to claims and to renewals`() throws {
        _ = try session.claim(.leased())
        #expect(try session.claim(.leased(format: "another")).summary == "format \(WorkerClaim.format)")
        #expect(try session.renew([.of(0, format: "another")]).map(\.summary) == ["format \(WorkerClaim.format)"])
        #expect(try fixture.state("snowflake/format") == WorkerClaim.format)
        #expect(try rows().count == 1)
        // Lost with the database's last commits: the holder's comes back.
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/format'")
        #expect(
            try session.renew([.of(0), .of(1, format: "another")]).map(\.summary) == [
                "renewed", "format \(WorkerClaim.format)",
            ])
        #expect(try fixture.state("snowflake/format") == WorkerClaim.format)
    }

    @Test func `of eight who claim at once are eight, and of eight who want one it is one`() throws {
        let stores = try ["leaf_alloc", "others"].map { try fixture.store(table: $0, timeout: .seconds(60)) }
        for store in stores { try store.open(knownStore: nil).close() }
        let claimed = try onThreads(8) { index in
            try stores[index % 2].open(knownStore: nil).claim(.leased("h\(index)", workers: 8))
        }
        #expect(Set(claimed.map(\.summary)) == Set((0..<8).map { "\($0)/1 above -1" }))
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5 WHERE worker_id = 3")
        let again = try onThreads(8) { index in
            try stores[index % 2].open(knownStore: nil).claim(.leased("h\(index)", workers: 8))
        }
        #expect(again.count { $0.summary == "3/2 above 5" } == 1 && again.count { $0.lastTime != nil } == 1)
    }

    // MARK: Renewals

    @Test func `are renewed together, each from its own row`() throws {
        let now = try now()
        for _ in 0..<4 { _ = try session.claim(.leased(ahead: 10)) }
        try insert(9, "other", lastTime: now + 3_600_000)
        try fixture.sql("DELETE FROM leafd_worker WHERE worker_id = 1")
        try fixture.sql("UPDATE leafd_worker SET holder = 'other' WHERE worker_id = 2")
        let results = try session.renew([
            .of(0, lastTime: now + 7_000_000), .of(1, lastTime: now + 600_000, machine: "m1"), .of(2),
            .of(3, ahead: 0), .of(9),
        ])
        #expect(results.map(\.summary) == ["renewed", "renewed", "lost to other/1", "renewed", "lost to other/3"])
        #expect(results[0].lastTime == now + 7_000_000)
        let after = try rows()
        #expect(after[0].lastTime == now + 7_000_000 && after[0].host == "host-b")
        #expect(after[1].holder == "me" && after[1].machine == "m1" && after[1].generation == 1)
        #expect(after[1].lastTime == results[1].lastTime && after[2].holder == "other")
        // Never lowered.
        // And what others have added to it is not the holder's.
        let granted = try #require(try session.renew([.of(0, ahead: 0)]).first?.lastTime)
        #expect(granted < now + 1_000_000)
        #expect(try rows()[0].lastTime == now + 7_000_000)
        #expect(try session.renew([]) == [])
    }

    @Test func `that the database has lost to somebody who is alive are lost`() throws {
        let now = try now()
        try insert(0, "newcomer", generation: 2, lastTime: now + 3_600_000)
        #expect(
            try session.renew([.of(0, generation: 3, lastTime: now + 600_000)]).map(\.summary) == ["lost to newcomer/2"]
        )
        try fixture.sql("INSERT INTO leafd_state VALUES ('snowflake/hold', '\(now + 3_600_000)')")
        let result = try session.renew([.of(0, generation: 3, lastTime: now + 600_000)])
        #expect(result.first?.lastTime ?? 0 >= now + 600_000)
        #expect(try rows().first?.holder == "me")
        #expect(try rows().first?.lastTime == now + 3_600_000)
    }

    // MARK: Release

    @Test func `that are released are free once their time is over, and gone for their holder`() throws {
        let claimed = try session.claim(.configured(2))
        let released = try session.releaseWorker(2)
        #expect(released.holder == "" && released.machine == "" && released.generation == 2)
        #expect(released.lastTime == claimed.lastTime)
        #expect(try session.releaseWorker(2) == released)
        #expect(try rows() == [released])
        #expect(try session.renew([.of(2)]).map(\.summary) == ["lost to /2"])
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "taken 2 ")
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5")
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "2/3 above 5")
        #expect(try storeError(.conflict) { _ = try session.releaseWorker(3) }.message.contains("worker id 3"))
    }

    // MARK: The database went backward

    private func lift(_ hold: Int64?, expected: Int64? = nil) throws -> Bool {
        try session.lift(CounterLift(expected: expected, server: nil, floors: [:], gap: 10, workerHold: hold))
    }

    @Test func `are raised and held by a lift, and only by the one that counts`() throws {
        let now = try now()
        try insert(0, "a", lastTime: 5)
        try insert(1, "b", machine: "m", lastTime: now + 50)
        try insert(2, "c", lastTime: .max - 100)
        #expect(try lift(nil))
        #expect(try rows().map(\.lastTime) == [5, now + 50, .max - 100])
        #expect(try fixture.state("snowflake/hold") == nil)
        #expect(try lift(600_000, expected: 7) == false)
        #expect(try rows().map(\.lastTime) == [5, now + 50, .max - 100])
        #expect(try lift(600_000, expected: 1))
        #expect(try rows().map(\.lastTime) == [600_005, now + 600_050, .max])
        let until = try #require(try session.listWorkers().heldUntil)
        #expect(until >= now + 600_000)
        #expect(try session.claim(.leased()).summary == "held")
        #expect(try session.claim(.configured(3)).summary == "held")
        // One that lasts longer goes on, and so does one that cannot be read.
        #expect(try lift(1000))
        #expect(try session.listWorkers().heldUntil == until)
        try fixture.sql("UPDATE leafd_state SET value = 'soon' WHERE name = 'snowflake/hold'")
        #expect(try lift(1000))
        #expect(try fixture.state("snowflake/hold") == "soon")
        try storeError(.conflict) { _ = try session.claim(.leased()) }
        try fixture.sql("UPDATE leafd_state SET value = '\(now)' WHERE name = 'snowflake/hold'")
        #expect(try session.claim(.leased()).summary == "3/1 above \(now)", "above the last hold")
    }

    @Test func `are raised above whatever a lost renewal may have reached`() throws {
        let now = try now()
        try insert(0, "a", lastTime: 5)
        try insert(1, "b", lastTime: now + 9_000_000)
        #expect(
            try session.lift(
                CounterLift(
                    expected: nil, server: nil, floors: [:], gap: 10, workerHold: 1000, workerHorizon: 7_200_000)))
        let times = try rows().map(\.lastTime)
        #expect(times[0] >= now + 7_200_000 && times[0] < now + 7_300_000 && times[1] == now + 9_001_000)
    }

    @Test func `that a trigger keeps from being raised keep the counters from being lifted`() throws {
        try insert(0, "a", lastTime: 5)
        try fixture.sql(
            "CREATE TRIGGER tr AFTER UPDATE ON leafd_worker BEGIN UPDATE leafd_worker SET ts_hi = OLD.ts_hi WHERE worker_id = OLD.worker_id; END"
        )
        try storeError(.misconfigured) { _ = try lift(600_000) }
        #expect(try fixture.counter(of: "orders") == 1)
        let again = try fixture.open()
        let later = try now() + 600_000
        #expect(try again.renew([.of(1, lastTime: later)]).map(\.summary) == ["renewed"])
        try storeError(.conflict) { _ = try again.renew([.of(1), .of(0, holder: "a", generation: 3)]) }
        #expect(try again.listWorkers().rows[0].lastTime == 5)
    }

    static let accidents: [(String, StoreError.Code)] = [
        ("DELETE FROM leafd_agent", .wentBackward), ("UPDATE leafd_agent SET beat = 2", .wentBackward),
        ("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'", .wentBackward),
        ("DELETE FROM leafd_state WHERE name = 'store_id'", .missing),
        ("UPDATE leafd_state SET value = '0123456789abcdef0123456789abcdef' WHERE name = 'store_id'", .foreignStore),
    ]

    @Test(arguments: accidents)
    func `are neither claimed nor renewed after a sign of it`(accident: String, code: StoreError.Code) throws {
        let mark = AgentMark(agentID: "me", beat: 3)
        func open() throws -> SQLiteSession {
            let session = try fixture.open()
            _ = try session.facts(agentID: "me")
            return session
        }
        let sessions = try [open(), open()]
        _ = try session.beat(AgentBeat(agentID: "me", host: "h", seen: nil, beat: 3, nonce: "n"))
        let claimed = try sessions[0].claim(.leased(agent: mark))
        #expect(
            try sessions[0].renew([.of(0, lastTime: claimed.lastTime ?? 0, ahead: 0, agent: mark)]).first?.lastTime
                == claimed.lastTime)
        try fixture.sql(accident)
        #expect(try storeError(code) { _ = try sessions[0].claim(.leased(agent: mark)) }.isSessionLost)
        #expect(
            try storeError(code) { _ = try sessions[1].renew([.of(0, agent: nil), .of(0, agent: mark)]) }.isSessionLost)
        let row = try fixture.value("SELECT count(*) || ' ' || max(ts_hi) FROM leafd_worker")
        #expect(row == "1 \(try #require(claimed.lastTime))".databaseValue)
    }

    // MARK: The table

    @Test func `come with a table of their own, also in the file of an earlier leafd, for a host that knows it`() throws
    {
        try fixture.sql("DROP TABLE leafd_worker")
        let texts = [try session.claim(.leased()).summary] + (try session.renew([.of(0)]).map(\.summary))
        for text in texts { #expect(text.hasPrefix("unsupported") && text.contains("leafd_worker is missing")) }
        #expect(try storeError(.conflict) { _ = try session.listWorkers() }.message.contains("leafd_worker"))
        try storeError(.conflict) { _ = try session.releaseWorker(0) }
        #expect(session.missingGuards == [])
        #expect(try session.lease("orders").segment != nil)
        // The hold is for the table that may come.
        #expect(try lift(600_000))
        #expect(try fixture.state("snowflake/hold") != nil)
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/hold'")

        _ = try fixture.open(knownStore: session.storeID, createSchema: false)
        #expect(try session.claim(.leased()).summary.hasPrefix("unsupported"))
        _ = try fixture.open(knownStore: session.storeID)
        #expect(try session.claim(.leased()).summary == "0/1 above -1")
    }

    @Test func `are not given out anew from a table that has been lost`() throws {
        _ = try session.claim(.leased())
        try fixture.sql("DROP TABLE leafd_worker")
        for known in [session.storeID, nil] {
            let text = try fixture.open(knownStore: known).claim(.leased()).summary
            #expect(text.hasPrefix("unsupported") && text.contains("leafd_worker is gone"))
        }
    }

    @Test func `need leafd_state`() throws {
        try fixture.sql("DROP TABLE leafd_state")
        let lean = try fixture.open(createSchema: false)
        #expect(try lean.claim(.leased()).summary.contains("leafd_state is missing"))
        #expect(try lean.renew([.of(0)]).first?.summary.contains("leafd_state is missing") == true)
        #expect(try lean.lift(CounterLift(expected: nil, server: nil, floors: [:], gap: 10, workerHold: 5)))
    }

    @Test(arguments: ["generation = 'x'", "ts_hi = 1.5", "holder = x'00'", "machine = x'00'", "host = x'00'"])
    func `whose row cannot be read are nobody's`(damage: String) throws {
        for _ in 0..<2 { _ = try session.claim(.leased()) }
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5")
        try fixture.sql("UPDATE leafd_worker SET \(damage) WHERE worker_id = 0")
        #expect(try session.claim(.leased(workers: 2)).summary == "1/2 above 5")
        let error = try storeError(.conflict) { _ = try session.claim(.leased(workers: 2)) }
        #expect(error.message.contains("worker id 0") && !error.isSessionLost)
        try storeError(.conflict) { _ = try session.claim(.configured(0)) }
        try storeError(.conflict) { _ = try session.releaseWorker(0) }
        let results = try session.renew([.of(0), .of(1, generation: 2)])
        #expect(results[0].summary.contains("worker id 0") && results[1].summary == "renewed")
        let list = try session.listWorkers()
        #expect(list.rows.map(\.worker) == [1] && list.skipped.count == 1)
        #expect(try lift(1000))
    }

    @Test func `that have two rows are nobody's`() throws {
        try fixture.sql(
            """
            DROP TABLE leafd_worker;
            CREATE TABLE leafd_worker (worker_id INT, holder TEXT, machine TEXT, host TEXT, generation BIGINT, ts_hi BIGINT,
                seen_at TEXT);
            INSERT INTO leafd_worker VALUES (0, 'me', '', 'h', 1, 5, ''), (0, 'me', '', 'h', 1, 5, '')
            """)
        #expect(try session.claim(.leased(workers: 2)).summary == "1/1 above -1")
        try storeError(.conflict) { _ = try session.claim(.leased(workers: 2)) }
        #expect(try session.renew([.of(0)]).first?.summary.contains("two rows") == true)
        try fixture.sql("INSERT INTO leafd_worker (worker_id) VALUES ('x')")
        #expect(try storeError(.conflict) { _ = try session.claim(.configured(3)) }.message.contains("no integer"))
    }
}
