import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import LeafTestKit
import Testing

@Suite("A lift of all counters")
struct LiftTests {
    let fixture: StoreFixture
    let session: SQLiteSession

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders", start: 500)
        _ = try session.create("users", start: 7)
    }

    private func lift(expected: Int64? = 0, floors: [String: Int64] = [:], gap: Int64 = 100) throws -> Bool {
        let floors = Dictionary(uniqueKeysWithValues: try floors.map { (try Tag($0), $1) })
        return try session.lift(CounterLift(expected: expected, server: nil, floors: floors, gap: gap))
    }

    @Test func `raises each counter above itself and the floor of this host by the gap`() throws {
        #expect(try lift(floors: ["users": 9000, "orders": 400, "nobody": 5]))
        #expect(try fixture.counter(of: "orders") == 600)
        #expect(try fixture.counter(of: "users") == 9100)
        #expect(try session.lease("users", 10, floor: 9000).summary == "9100..<9110")
        #expect(try session.listTags().count == 2)
    }

    @Test func `is counted, and told by facts and beats`() throws {
        #expect(try session.facts(agentID: "a").lift == 0)
        #expect(try lift())
        #expect(try lift(expected: 1))
        #expect(try session.facts(agentID: "a").lift == 2)
        let beat = AgentBeat(agentID: "a", host: "h", seen: nil, beat: 1, nonce: "n")
        #expect(try session.beat(beat).lift == 2)
    }

    @Test(arguments: [1, -1, 7])
    func `that was decided on another count changes nothing`(expected: Int64) throws {
        #expect(try lift(expected: expected, floors: ["orders": 9000]) == false)
        #expect(try fixture.counter(of: "orders") == 500)
        #expect(try session.facts(agentID: "a").lift == 0)
    }

    @Test func `that an operator wants does not ask how many there have been`() throws {
        #expect(try lift())
        #expect(try lift(expected: nil))
        #expect(try fixture.counter(of: "orders") == 700)
        #expect(try session.facts(agentID: "a").lift == 2)
    }

    @Test func `is done by one of eight daemons that see the sign at the same time`() throws {
        let store = try fixture.store(timeout: .seconds(60))
        let results = try onThreads(8) { number in
            Result { () throws -> Int64? in
                let session = try store.open(knownStore: nil)
                let facts = try session.facts(agentID: "a")
                // As if all had seen the same count before the first one lifts. Each by another gap: two would show.
                let gap = Int64(1 << number)
                let lift = CounterLift(expected: 0, server: facts.server, floors: [:], gap: gap)
                return try session.lift(lift) ? gap : nil
            }
        }
        let gaps = try results.compactMap { try $0.get() }
        try #require(gaps.count == 1)
        #expect(try fixture.counter(of: "orders") == 500 + gaps[0])
        #expect(try fixture.state("lift/leaf_alloc") == "1")
    }

    @Test func `near 2^63 − 1 ends there, as an integer, and never lower than the counter stood`() throws {
        for (tag, start) in [("a", Int64.max - 101), ("b", .max - 100), ("c", .max - 99), ("d", .max)] {
            _ = try session.create(tag, start: start)
        }
        #expect(try lift(floors: ["users": .max - 1, "orders": .max]))
        #expect(try fixture.counter(of: "a") == .max - 1)
        for tag in ["b", "c", "d", "users", "orders"] { #expect(try fixture.counter(of: tag) == .max) }
        #expect(
            try fixture.value("SELECT count(*) FROM leaf_alloc WHERE typeof(max_id) != 'integer'") == 0.databaseValue)
        #expect(try session.lease("c", 1).summary == "overflow at \(Int64.max)")
        #expect(try lift(expected: 1, gap: .max))
        #expect(try fixture.counter(of: "a") == .max)
    }

    @Test func `leaves a max_id that is no integer as it is`() throws {
        try fixture.sql("UPDATE leaf_alloc SET max_id = '12x' WHERE biz_tag = 'orders'")
        #expect(try lift(floors: ["orders": 9000]))
        #expect(try fixture.maxID(of: "orders") == "12x".databaseValue)
        #expect(try fixture.counter(of: "users") == 107)
    }

    @Test func `raises tombstones by twice the gap, and leaves those that cannot be read`() throws {
        for tag in ["orders", "users"] { try session.drop(Tag(tag)) }
        _ = try session.create("e\u{301}t", start: 40)
        // A tag may begin with an accent that Swift counts to the character before it.
        _ = try session.create("\u{301}t", start: 60)
        for tag in ["e\u{301}t", "\u{301}t"] { try session.drop(Tag(tag)) }
        try fixture.sql("INSERT INTO leafd_state VALUES ('tombstone/leaf_alloc/odd', 'many')")
        #expect(try lift(floors: ["users": 9000, "\u{301}t": 70]))
        #expect(try fixture.state("tombstone/leaf_alloc/orders") == "700")
        #expect(try fixture.state("tombstone/leaf_alloc/users") == "9200")
        #expect(try fixture.state("tombstone/leaf_alloc/e\u{301}t") == "240")
        #expect(try fixture.state("tombstone/leaf_alloc/\u{301}t") == "270")
        #expect(try fixture.state("tombstone/leaf_alloc/odd") == "many")
        #expect(try session.create("users", gap: 50))
        #expect(try session.lease("users", 1).summary == "9250..<9251")
        try fixture.sql("UPDATE leafd_state SET value = '9223372036854775800' WHERE name LIKE 'tombstone/%/orders'")
        #expect(try lift(expected: 1))
        #expect(try fixture.state("tombstone/leaf_alloc/orders") == "\(Int64.max)")
    }

    @Test func `keeps a tag above what a lost CREATE and its leases were given`() throws {
        let fixture = try StoreFixture()
        var session = try fixture.open(tag: "orders", start: 500)
        try session.drop(Tag("orders"))
        session.close()
        let backup = try fixture.backUp()
        session = try fixture.open()
        #expect(try session.create("orders", gap: 100))
        let lost = try #require(try session.lease("orders", 90).segment)
        session.close()
        try fixture.restoreInPlace(backup)
        session = try fixture.open()
        #expect(try session.lift(CounterLift(expected: 0, server: nil, floors: [:], gap: 100)))
        // As it would be allowed above a tombstone that was raised by one gap.
        try storeError(.conflict) { _ = try session.create("orders", start: lost.end - 1, gap: 100) }
        #expect(try session.create("orders", gap: 100))
        #expect(try fixture.counter(of: "orders") == 800)
    }

    @Test func `counts for tags that are made after it: the lost ones may have been leased`() throws {
        try fixture.sql("DELETE FROM leaf_alloc")
        #expect(try lift())
        #expect(try lift(expected: 1))
        #expect(try session.create("orders", gap: 100, agent: nil))
        #expect(try fixture.counter(of: "orders") == 201)
        #expect(try session.create("users", start: 1000, ifAbsent: true, gap: 100))
        #expect(try fixture.counter(of: "users") == 1200)
        // Who says where on purpose gets it.
        #expect(try session.create("fresh", start: 5, gap: 100))
        #expect(try fixture.counter(of: "fresh") == 5)
        try storeError(.conflict) { _ = try session.create("high", gap: .max / 2 + 1) }
        #expect(try fixture.counter(of: "high") == nil)
    }

    @Test func `is undone as a whole when a trigger keeps one counter down`() throws {
        try fixture.sql(
            """
            CREATE TRIGGER t BEFORE UPDATE ON leaf_alloc WHEN OLD.biz_tag = 'users' BEGIN SELECT RAISE(IGNORE); END
            """)
        try storeError(.misconfigured) { _ = try lift() }
        #expect(try fixture.counter(of: "orders") == 500)
        #expect(try fixture.state("lift/leaf_alloc") == nil)
    }

    @Test func `whose count cannot be read is an outage, and changes nothing`() throws {
        try fixture.sql("INSERT INTO leafd_state VALUES ('lift/leaf_alloc', 'often')")
        let error = try storeError(.corrupt) { _ = try lift(expected: nil) }
        #expect(error.isOutage && error.isSessionLost)
        try storeError(.corrupt) { _ = try fixture.open().facts(agentID: "a") }
        #expect(try fixture.counter(of: "orders") == 500)
    }

    @Test func `lifts one table of a database, counts for it alone, and leaves the other's tombstones`() throws {
        let other = try fixture.store(table: "other").open(knownStore: nil)
        _ = try other.create("orders", start: 30)
        _ = try other.create("gone-for-long", start: 40)
        try other.drop(Tag("gone-for-long"))
        #expect(try lift())
        #expect(try fixture.counter(of: "orders", table: "other") == 30)
        #expect(try fixture.state("tombstone/other/gone-for-long") == "40")
        #expect(try other.facts(agentID: "a").lift == 0)
        #expect(try other.lift(CounterLift(expected: 0, server: nil, floors: [:], gap: 5)))
        #expect(try fixture.counter(of: "orders", table: "other") == 35)
        #expect(try fixture.counter(of: "orders") == 600)
    }

    @Test func `sets update_time where the table has it, and does without it`() throws {
        try fixture.sql("UPDATE leaf_alloc SET update_time = '2001-01-01 00:00:00'")
        #expect(try lift())
        #expect(try fixture.value("SELECT min(update_time) > '2020' FROM leaf_alloc") == true.databaseValue)
        try fixture.sql("CREATE TABLE lean (biz_tag TEXT PRIMARY KEY, max_id INTEGER, step INTEGER)")
        let lean = try fixture.store(table: "lean").open(knownStore: nil)
        _ = try lean.create("orders")
        #expect(try lean.lift(CounterLift(expected: 0, server: nil, floors: [:], gap: 5)))
        #expect(try fixture.counter(of: "orders", table: "lean") == 6)
    }
}
