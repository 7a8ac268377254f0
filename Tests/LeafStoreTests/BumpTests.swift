import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("BUMP and FORGET in a store")
struct BumpTests {
    let fixture: StoreFixture
    let session: SQLiteSession

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders", start: 500, limit: 1000)
    }

    @Test func `BUMP raises a counter and tells where it stands`() throws {
        #expect(try session.bump(Tag("orders"), to: 700) == 700)
        #expect(try session.lease("orders", 10).summary == "700..<710")
    }

    @Test(arguments: [1, 499, 500])
    func `BUMP never lowers`(to counter: Int64) throws {
        #expect(try session.bump(Tag("orders"), to: counter) == 500)
        #expect(try fixture.counter(of: "orders") == 500)
    }

    @Test func `BUMP goes to one above MAX, which ends the tag, and no further`() throws {
        try storeError(.conflict) { _ = try session.bump(Tag("orders"), to: 1002) }
        #expect(try fixture.counter(of: "orders") == 500)
        #expect(try session.bump(Tag("orders"), to: 1001) == 1001)
        #expect(try session.lease("orders", 1).summary == "overflow at 1001")
    }

    @Test func `BUMP without MAX goes to 2^63 − 1`() throws {
        _ = try session.create("users")
        #expect(try session.bump(Tag("users"), to: .max) == .max)
        #expect(try fixture.counter(of: "users") == .max)
    }

    @Test(arguments: [0, -1, Int64.min])
    func `BUMP takes positive counters`(to counter: Int64) throws {
        try storeError(.conflict) { _ = try session.bump(Tag("orders"), to: counter) }
    }

    @Test func `BUMP refuses what is no tag, and what is no counter`() throws {
        try storeError(.noSuchTag) { _ = try session.bump(Tag("nobody"), to: 5) }
        try fixture.sql("UPDATE leaf_alloc SET max_id = 'many'")
        try storeError(.conflict) { _ = try session.bump(Tag("orders"), to: 700) }
        #expect(try fixture.maxID(of: "orders") == "many".databaseValue)
    }

    @Test func `BUMP notices a trigger that takes it back`() throws {
        try fixture.sql(
            "CREATE TRIGGER t AFTER UPDATE ON leaf_alloc BEGIN UPDATE leaf_alloc SET max_id = OLD.max_id; END")
        try storeError(.conflict) { _ = try session.bump(Tag("orders"), to: 700) }
    }

    @Test func `FORGET lets a dropped tag start anywhere, also by itself`() throws {
        try session.drop(Tag("orders"))
        #expect(try session.create("orders", ifAbsent: true) == false)
        try session.forget(Tag("orders"))
        #expect(try session.create("orders", ifAbsent: true))
        #expect(try session.lease("orders", 10).summary == "1..<11")
    }

    @Test func `FORGET takes what is not there, and touches no counter`() throws {
        try session.forget(Tag("nobody"))
        try session.forget(Tag("orders"))
        #expect(try fixture.counter(of: "orders") == 500)
    }

    @Test func `two tables of one database share neither tombstones nor limits`() throws {
        let other = try fixture.store(table: "other").open(knownStore: nil)
        #expect(other.storeID == session.storeID)
        _ = try other.create("orders", start: 20, limit: 29)
        #expect(try session.listTags().map(\.limit) == [1000])
        #expect(try other.listTags().map(\.limit) == [29])
        #expect(try other.lease("orders", 100).summary == "20..<30")
        #expect(try session.lease("orders", 100).summary == "500..<600")

        try session.drop(Tag("orders"))
        #expect(try other.listTags().map(\.limit) == [29])
        try other.drop(Tag("orders"))
        try other.forget(Tag("orders"))
        #expect(try other.create("orders"))
        #expect(try session.create("orders"))
        #expect(try fixture.counter(of: "orders") == 600)
        #expect(try fixture.counter(of: "orders", table: "other") == 1)
    }

    @Test func `a table under a name in capitals is the same table, with the same tombstones`() throws {
        try session.drop(Tag("orders"))
        let same = try fixture.store(table: "LEAF_ALLOC").open(knownStore: session.storeID)
        #expect(try same.create("orders", ifAbsent: true) == false)
        #expect(try same.create("orders"))
        #expect(try session.lease("orders", 1).summary == "500..<501")
    }
}
