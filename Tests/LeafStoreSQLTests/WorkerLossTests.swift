import LeafCore
import LeafStore
import LeafTestKit
import Testing

@testable import LeafStoreSQL

@Suite struct `Worker ids in a database server that lost something` {
    private static func lift(_ session: SQLSession, _ hold: Int64?, expected: Int64? = nil) throws -> Bool {
        try session.lift(CounterLift(expected: expected, server: nil, floors: [:], gap: 10, workerHold: hold))
    }

    @Test(arguments: Database.allCases)
    func `are raised and held by a lift, and only by the one that counts`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        func times() throws -> [Int64] { try session.listWorkers().rows.map(\.lastTime) }
        let now = try session.listWorkers().databaseTime
        try fixture.insert(0, "a", lastTime: 5)
        try fixture.insert(1, "b", machine: "m", lastTime: now + 50)
        try fixture.insert(2, "c", lastTime: .max - 100)
        #expect(try Self.lift(session, nil))
        #expect(try times() == [5, now + 50, .max - 100])
        #expect(try fixture.state("snowflake/hold") == nil)
        #expect(try Self.lift(session, 600_000, expected: 7) == false)
        #expect(try times() == [5, now + 50, .max - 100])
        #expect(try Self.lift(session, 600_000, expected: 1))
        #expect(try times() == [600_005, now + 600_050, .max])
        let until = try #require(try session.listWorkers().heldUntil)
        #expect(until >= now + 600_000)
        #expect(try session.claim(.leased()).summary == "held")
        #expect(try session.claim(.configured(3)).summary == "held")
        #expect(try Self.lift(session, 1000))
        #expect(try session.listWorkers().heldUntil == until)
        try fixture.sql("UPDATE leafd_state SET value = 'soon' WHERE name = 'snowflake/hold'")
        #expect(try Self.lift(session, 1000))
        #expect(try fixture.state("snowflake/hold") == "soon")
        try storeError(.conflict) { _ = try session.claim(.leased()) }
        try fixture.sql("UPDATE leafd_state SET value = '\(now)' WHERE name = 'snowflake/hold'")
        #expect(try session.claim(.leased()).summary == "3/1 above \(now)", "above the last hold")
    }

    @Test(arguments: Database.allCases)
    func `are raised above whatever a lost renewal may have reached`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let now = try session.listWorkers().databaseTime
        try fixture.insert(0, "a", lastTime: 5)
        try fixture.insert(1, "b", lastTime: now + 9_000_000)
        #expect(
            try session.lift(
                CounterLift(
                    expected: nil, server: nil, floors: [:], gap: 10, workerHold: 1000, workerHorizon: 7_200_000)))
        let times = try session.listWorkers().rows.map(\.lastTime)
        #expect(times[0] >= now + 7_200_000 && times[0] < now + 7_300_000 && times[1] == now + 9_001_000)
    }

    @Test(arguments: Database.allCases)
    func `are not believed to be written, nor raised, where a trigger undoes it`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders")
        try fixture.insert(0, "a", lastTime: 5)
        switch database {
        case .mariadb:
            try fixture.sql(
                "CREATE TRIGGER tr BEFORE UPDATE ON leafd_worker FOR EACH ROW SET NEW.ts_hi = OLD.ts_hi")
        case .postgresql:
            try fixture.sql(
                "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN NEW.ts_hi = OLD.ts_hi; RETURN NEW; END $$ LANGUAGE plpgsql"
            )
            try fixture.sql("CREATE TRIGGER tr BEFORE UPDATE ON leafd_worker FOR EACH ROW EXECUTE FUNCTION f()")
        }
        try storeError(.misconfigured) { _ = try Self.lift(session, 600_000) }
        #expect(try fixture.counter(of: "orders") == 1)
        try storeError(.conflict) { _ = try session.renew([.of(1), .of(0, holder: "a", generation: 3)]) }
        try storeError(.conflict) { _ = try session.claim(.leased(workers: 1)) }
        // All of a call, or nothing.
        let list = try session.listWorkers()
        #expect(list.rows.map(\.worker) == [0] && list.rows[0].generation == 3 && list.format == nil)
    }

    static let accidents: [(String, StoreError.Code)] = [
        ("DELETE FROM leafd_agent", .wentBackward), ("UPDATE leafd_agent SET beat = 2", .wentBackward),
        ("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'", .wentBackward),
        ("DELETE FROM leafd_state WHERE name = 'store_id'", .missing),
        ("UPDATE leafd_state SET value = '0123456789abcdef0123456789abcdef' WHERE name = 'store_id'", .foreignStore),
    ]

    @Test(arguments: Database.allCases, accidents)
    func `are neither claimed nor renewed nor released after a sign of it`(
        _ database: Database, accident: (String, StoreError.Code)
    ) throws {
        let fixture = try SQLFixture(database)
        let sessions = try (0..<3).map { _ in try fixture.open(facts: "me") }
        _ = try sessions[0].beat("me", over: nil, 3, nonce: "n")
        let mark = AgentMark(agentID: "me", beat: 3)
        let claimed = try sessions[0].claim(.leased(agent: mark))
        #expect(
            try sessions[0].renew([.of(0, lastTime: claimed.lastTime ?? 0, ahead: 0, agent: mark)]).first?.lastTime
                == claimed.lastTime)
        try fixture.sql(accident.0)
        #expect(try storeError(accident.1) { _ = try sessions[0].claim(.leased(agent: mark)) }.isSessionLost)
        #expect(
            try storeError(accident.1) { _ = try sessions[1].renew([.of(0), .of(0, agent: mark)]) }.isSessionLost)
        // An operator has no traces.
        if !accident.0.contains("leafd_agent") {
            try storeError(accident.1) { _ = try sessions[2].releaseWorker(0) }
        }
        let row = try fixture.sql("SELECT count(*), max(ts_hi), max(holder) FROM leafd_worker")
        #expect(row == "1\t\(try #require(claimed.lastTime))\tme")
    }

    // MARK: The table

    @Test(arguments: Database.allCases)
    func `come with a table of their own, which an earlier leafd's database lacks`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        try fixture.sql("DROP TABLE leafd_worker")
        let store = try fixture.store(createSchema: false)
        let session = try store.open(knownStore: id)
        let texts = [try session.claim(.leased()).summary] + (try session.renew([.of(0)]).map(\.summary))
        for text in texts {
            #expect(text.hasPrefix("unsupported") && text.contains("leafd_worker is missing"), "\(text)")
            #expect(text.contains("schema.\(database.dialect.kind).sql"))
        }
        #expect(try storeError(.conflict) { _ = try session.listWorkers() }.message.contains("leafd_worker"))
        try storeError(.conflict) { _ = try session.releaseWorker(0) }
        #expect(session.missingGuards == [])
        #expect(try session.lease("orders").lease != nil)
        #expect(try Self.lift(session, 600_000))
        #expect(try fixture.state("snowflake/hold") != nil)
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/hold'")
        // A host that knows the store makes this table, and no other, where it may. Who has a session connects anew.
        #expect(try fixture.store().open(knownStore: id).claim(.leased()).summary == "0/1 above -1")
        #expect(try storeError(.transient) { _ = try session.claim(.leased()) }.isSessionLost)
        let other = try store.open(knownStore: id)
        #expect(try other.claim(.leased()).summary == "1/1 above -1")
    }

    @Test(arguments: Database.allCases)
    func `keep a lift from passing by a table that has just come`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        try fixture.sql("DROP TABLE leafd_worker")
        let session = try fixture.store(createSchema: false).open(knownStore: id)
        _ = try fixture.store().open(knownStore: id).claim(.leased())
        try storeError(.transient) { _ = try Self.lift(session, 600_000) }
        #expect(try fixture.counter(of: "orders") == 1)
    }

    @Test(arguments: Database.allCases)
    func `are not given out anew from a table that has been lost`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        _ = try session.claim(.leased())
        try fixture.sql("DROP TABLE leafd_worker")
        for known in [session.storeID, nil] {
            let text = try fixture.store().open(knownStore: known).claim(.leased()).summary
            #expect(text.hasPrefix("unsupported") && text.contains("leafd_worker is gone"), "\(text)")
        }
    }

    @Test(arguments: Database.allCases)
    func `are missed by nobody else, where the user may make no table`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        try fixture.sql("DROP TABLE leafd_worker")
        let user = try fixture.makeLimitedUser(mayUpdate: "leaf_alloc")
        try fixture.grant(user, "leafd_state")
        try fixture.grant(user, "leafd_agent")
        let session = try fixture.store(user: user).open(knownStore: id)
        #expect(session.missingGuards == [])
        #expect(try session.claim(.leased()).summary.contains("leafd_worker is missing"))
        #expect(try session.lease("orders").lease != nil)
    }

    @Test(arguments: Database.allCases)
    func `need leafd_state`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.open(tag: "orders").close()
        try fixture.sql("DROP TABLE leafd_state")
        let lean = try fixture.store(createSchema: false).open(knownStore: nil)
        #expect(try lean.claim(.leased()).summary.contains("leafd_state is missing"))
        #expect(try lean.renew([.of(0)]).first?.summary.contains("leafd_state is missing") == true)
        #expect(try Self.lift(lean, 5))
    }

    /// What the columns of a table made by hand may hold.
    @Test(arguments: Database.allCases)
    func `whose rows cannot be read, or are two, are nobody's`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let text = database == .mariadb ? "VARCHAR(64)" : "TEXT"
        try fixture.open(tag: "orders").close()
        try fixture.sql("DROP TABLE leafd_worker")
        try fixture.sql(
            "CREATE TABLE leafd_worker (worker_id INT, holder \(text), machine \(text), host \(text), generation BIGINT, "
                + "ts_hi DECIMAL(30), seen_at TIMESTAMP)")
        try fixture.insert(0, "a", lastTime: 5)
        let session = try fixture.open()
        let error = try storeError(.conflict) { _ = try session.claim(.leased(workers: 1)) }
        #expect(error.message.contains("worker id 0") && !error.isSessionLost && !error.isOutage)
        try storeError(.conflict) { _ = try session.claim(.configured(0)) }
        try storeError(.conflict) { _ = try session.releaseWorker(0) }
        #expect(try session.renew([.of(0)]).first?.summary.contains("worker id 0") == true)
        #expect(try session.listWorkers().skipped.count == 1)
        // A new row would be one of those, too.
        try storeError(.conflict) { _ = try session.claim(.leased(workers: 2)) }
        #expect(try session.listWorkers().skipped.count == 1)
        #expect(try Self.lift(session, 1000))
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/hold'")

        try fixture.sql("ALTER TABLE leafd_worker \(database == .mariadb ? "MODIFY ts_hi" : "ALTER ts_hi TYPE") BIGINT")
        try fixture.insert(0, "a", generation: 2, lastTime: 5)
        let again = try fixture.open()
        #expect(try again.claim(.leased(workers: 2)).summary == "1/1 above -1")
        #expect(try storeError(.conflict) { _ = try again.claim(.configured(0)) }.message.contains("two rows"))
        try fixture.sql("INSERT INTO leafd_worker (worker_id) VALUES (2)")
        #expect(try again.renew([.of(2)]).first?.summary.contains("NULL") == true)
    }

    @Test(arguments: Database.allCases)
    func `that an operator changes in the same moment are not written over`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let workers = SQLWorkers(session: session)
        try fixture.insert(0, "a", lastTime: 5)
        let seen = try #require(try workers.entries(0...0).first?.row)
        let new = WorkerRow(worker: 0, holder: "me", machine: "", host: "h", generation: 4, lastTime: 50)
        for change in ["holder = 'b'", "generation = 2", "ts_hi = 6"] {
            try fixture.sql("UPDATE leafd_worker SET holder = 'a', generation = 3, ts_hi = 5")
            try fixture.sql("UPDATE leafd_worker SET \(change)")
            try storeError(.transient) { try workers.write(new, over: seen) }
        }
        try storeError(.transient) { try workers.write(new, over: nil) }
        #expect(try workers.entries(0...0).first?.row?.lastTime == 6)
    }
}
