import LeafCore
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite struct `A lift on a database server` {
    private static func lift(
        _ session: SQLSession, expected: Int64? = 0, atLeast: Int64 = 0, floors: [String: Int64] = [:],
        gap: Int64 = 1000
    ) throws -> Bool {
        let tags = try Dictionary(uniqueKeysWithValues: floors.map { (try Tag($0.key), $0.value) })
        let facts = try session.facts(agentID: "me")
        return try session.lift(
            CounterLift(expected: expected, atLeast: atLeast, server: facts.server, floors: tags, gap: gap))
    }

    @Test(arguments: Database.allCases)
    func `raises each counter above itself and the floor of this host by the gap`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a", start: 500)
        try session.create("b", start: 700)
        try session.create("c", start: .max - 10)
        try session.create("d", start: .max)
        #expect(try Self.lift(session, floors: ["a": 900, "b": 600, "gone": 5]))
        #expect(try fixture.counter(of: "a") == 1900)
        #expect(try fixture.counter(of: "b") == 1700)
        #expect(try fixture.counter(of: "c") == .max)
        #expect(try fixture.counter(of: "d") == .max)
        let facts = try session.facts(agentID: "me")
        #expect(facts.lift == 1)
        #expect(facts.recordedServer == facts.server)
    }

    @Test(arguments: Database.allCases)
    func `is done only if there have been as many as was thought`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        #expect(try Self.lift(session, expected: 1) == false)
        #expect(try fixture.counter(of: "a") == 1)
        #expect(try Self.lift(session, expected: 0, atLeast: 7))
        #expect(try session.facts(agentID: "me").lift == 8)
        #expect(try Self.lift(session, expected: nil))
        #expect(try session.facts(agentID: "me").lift == 9)
        #expect(try fixture.counter(of: "a") == 2001)
        try fixture.sql("UPDATE leafd_state SET value = 'x' WHERE name = 'lift/leaf_alloc'")
        try storeError(.corrupt) { _ = try Self.lift(session, expected: nil) }
        #expect(try fixture.counter(of: "a") == 2001)
    }

    @Test(arguments: Database.allCases)
    func `is done by one of eight daemons that see the sign at the same time`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        for index in 0..<20 { try session.create("t\(index)") }
        try fixture.sql("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'")
        let store = try fixture.store()
        let outcomes = try onThreads(8) { _ in
            Result {
                let session = try store.open(knownStore: nil)
                defer { session.close() }
                for _ in 0..<20 {
                    do throws(StoreError) {
                        let facts = try session.facts(agentID: "me")
                        if facts.recordedServer == facts.server { return false }
                        return try session.lift(
                            CounterLift(expected: facts.lift, server: facts.server, floors: [:], gap: 1000))
                    } catch {
                        guard error.code == .transient else { throw error }
                    }
                }
                return false
            }
        }
        #expect(try outcomes.count { try $0.get() } == 1)
        #expect(try fixture.counter(of: "a") == 1001)
        #expect(try fixture.counter(of: "t19") == 1001)
        #expect(try session.facts(agentID: "me").lift == 1)
    }

    @Test(arguments: Database.allCases)
    func `raises tombstones by twice the gap, and leaves those that cannot be read`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a", start: 500)
        try session.create("b", start: 700)
        try session.drop(Tag("a"))
        try session.drop(Tag("b"))
        try fixture.sql("UPDATE leafd_state SET value = 'x' WHERE name = 'tombstone/leaf_alloc/b'")
        try fixture.sql("INSERT INTO leafd_state VALUES ('tombstone/leafxalloc/a', '5')")
        #expect(try Self.lift(session, floors: ["a": 900]))
        #expect(try fixture.state("tombstone/leaf_alloc/a") == "2900")
        #expect(try fixture.state("tombstone/leaf_alloc/b") == "x")
        #expect(try fixture.state("tombstone/leafxalloc/a") == "5")
    }

    @Test(arguments: Database.allCases)
    func `is undone as a whole when a trigger keeps one counter down`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        try session.create("b")
        try fixture.trigger("b", .refuses)
        #expect(throws: StoreError.self) { _ = try Self.lift(session) }
        #expect(try fixture.counter(of: "a") == 1)
        #expect(try session.facts(agentID: "me").lift == 0)
    }

    @Test func `is undone as a whole when a trigger of PostgreSQL skips one counter without a word`() throws {
        let fixture = try SQLFixture(.postgresql)
        let session = try fixture.open(tag: "a")
        try session.create("b")
        try fixture.sql(
            "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN IF OLD.biz_tag = 'b' THEN RETURN NULL; END IF; RETURN NEW; END $$ "
                + "LANGUAGE plpgsql")
        try fixture.sql("CREATE TRIGGER tr BEFORE UPDATE ON leaf_alloc FOR EACH ROW EXECUTE FUNCTION f()")
        try storeError(.misconfigured) { _ = try Self.lift(session) }
        #expect(try fixture.counter(of: "a") == 1)
        #expect(try session.facts(agentID: "me").lift == 0)
    }

    @Test(arguments: Database.allCases)
    func `that was decided on another server is not done`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        try storeError(.wentBackward) {
            _ = try session.lift(CounterLift(expected: 0, server: "another", floors: [:], gap: 5))
        }
        #expect(try fixture.counter(of: "a") == 1)
    }

    /// A lift that has begun when the lease comes, and ends after it has been sent: the lease waits for the row, and finds it lifted.
    @Test(arguments: Database.allCases)
    func `that another daemon has under way lets no lease pass by the old counter`(_ database: Database) async throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a", start: 500)
        let facts = try session.facts(agentID: "me")
        // The sessions of after a failover: one lifts, the other has read that the old server is still written down.
        try fixture.sql("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'")
        let store = try fixture.store()
        let outcomes = try onThreads(2) { index in
            Result {
                let session = try store.open(knownStore: nil)
                defer { session.close() }
                _ = try session.facts(agentID: "me")
                if index == 0 {
                    return try session.lift(CounterLift(expected: 0, server: facts.server, floors: [:], gap: 1000))
                        ? "lifted" : "late"
                }
                for _ in 0..<2000 {
                    do throws(StoreError) {
                        let request = LeaseRequest(tag: try! Tag("a"), count: 1, floor: 0, jump: 0, agent: nil)
                        if let lease = try session.lease([request])[0].lease { return "leased \(lease.segment.start)" }
                    } catch {
                        guard error.code == .wentBackward || error.code == .transient else { throw error }
                    }
                }
                return "nothing"
            }
        }
        let texts = try outcomes.map { try $0.get() }.sorted()
        #expect(texts.last == "lifted")
        #expect(texts.first == "leased 1500" || texts.first == "nothing")
    }
}
