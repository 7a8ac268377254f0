import Foundation
import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import LeafTestKit
import Testing

@Suite("The identity of a store")
struct IdentityTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("is made once, and found again")
    func persistent() throws {
        let first = try fixture.open().storeID
        #expect(try fixture.open().storeID == first)
        #expect(try fixture.open(knownStore: first).storeID == first)
        #expect(try fixture.open(createSchema: false).storeID == first)
        #expect(try StoreFixture().open().storeID != first)
    }

    @Test("is one, when eight daemons make the store at the same time")
    func race() throws {
        for _ in 0..<5 {
            let fixture = try StoreFixture()
            let store = try fixture.store(timeout: .seconds(20))
            let found = try onThreads(8) { _ in
                Result { () throws -> String in
                    let session = try store.open(knownStore: nil)
                    defer { session.close() }
                    _ = try session.create("orders", ifAbsent: true)
                    return session.storeID.text
                }
            }
            #expect(Set(try found.map { try $0.get() }).count == 1)
            #expect(
                try fixture.value("SELECT group_concat(name) FROM (SELECT name FROM leafd_state ORDER BY 1)")
                    == "server/leaf_alloc,store_id".databaseValue)
        }
    }

    @Test("that the journal knows lets no file be made")
    func knownStoreWithoutFile() throws {
        let known = try fixture.open().storeID
        try FileManager.default.removeItem(atPath: fixture.folder)
        try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: false)
        let error = try storeError(.missing) { _ = try fixture.open(knownStore: known) }
        #expect(error.message.contains(fixture.path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder) == [])
    }

    @Test("that the journal knows lets no table be made, not even in an empty file")
    func knownStoreWithoutTables() throws {
        let known = try fixture.open().storeID
        try FileManager.default.removeItem(atPath: fixture.path)
        try Data().write(to: URL(fileURLWithPath: fixture.path))
        try storeError(.missing) { _ = try fixture.open(knownStore: known) }
        #expect(FileManager.default.contents(atPath: fixture.path) == Data())
    }

    @Test(
        "that the journal knows is not given anew to a database that lost it",
        arguments: ["DELETE FROM leafd_state", "DROP TABLE leafd_state", "DROP TABLE leaf_alloc"])
    func knownStoreWithoutIdentity(accident: String) throws {
        let known = try fixture.open(tag: "orders").storeID
        try fixture.sql(accident)
        let before = try fixture.value("SELECT group_concat(name) FROM sqlite_master")
        try storeError(.missing) { _ = try fixture.open(knownStore: known) }
        #expect(try fixture.value("SELECT group_concat(name) FROM sqlite_master") == before)
    }

    @Test("that has lost its table makes no new one, not even for a host that is new to it")
    func lostTable() throws {
        _ = try fixture.open(tag: "orders")
        try fixture.sql("DROP TABLE leaf_alloc")
        try storeError(.missing) { _ = try fixture.open(knownStore: nil) }
        #expect(try fixture.value("SELECT count(*) FROM sqlite_master WHERE name = 'leaf_alloc'") == 0.databaseValue)
    }

    @Test("tells another store at the same place")
    func foreign() throws {
        _ = try fixture.open()
        let error = try storeError(.foreignStore) { _ = try fixture.open(knownStore: .random()) }
        #expect(error.isOutage)
    }

    @Test("is looked at in every lease")
    func exchangedInPlace() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leafd_state SET value = '\(StoreID.random())' WHERE name = 'store_id'")
        let error = try storeError(.foreignStore) { _ = try session.lease("orders") }
        #expect(error.isSessionLost)
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
    }

    @Test("is looked at with the facts")
    func exchangedBeforeFacts() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leafd_state SET value = '\(StoreID.random())' WHERE name = 'store_id'")
        try storeError(.foreignStore) { _ = try session.facts(agentID: "a") }
    }

    @Test("that is gone stops leases, changes and pings")
    func goneInPlace() throws {
        let works: [(SQLiteSession) throws -> Void] = [
            { _ = try $0.lease("orders") }, { _ = try $0.create("users") }, { try $0.drop(Tag("orders")) },
            { try $0.ping() },
        ]
        for work in works {
            let fixture = try StoreFixture()
            let session = try fixture.open(tag: "orders")
            try session.ping()
            try fixture.sql("DELETE FROM leafd_state WHERE name = 'store_id'")
            try storeError(.missing) { try work(session) }
        }
    }

    @Test("does not help a file that was moved away: nothing is leased from it")
    func movedAway() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.move(fixture.path, to: fixture.path + ".away")
        let error = try storeError(.missing) { _ = try session.lease("orders") }
        #expect(error.isSessionLost)
        try fixture.move(fixture.path + ".away", to: fixture.path)
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
        // The session is over; a new one goes on.
        try storeError(.unavailable) { _ = try session.lease("orders") }
        #expect(try fixture.open(knownStore: session.storeID).lease("orders").summary == "1..<101")
    }

    @Test("does not help a file that was replaced by its own copy")
    func replacedByCopy() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("VACUUM INTO '\(fixture.path).copy'")
        _ = try session.lease("orders")
        try fixture.move(fixture.path, to: fixture.path + ".away")
        try fixture.move(fixture.path + ".copy", to: fixture.path)
        // The copy is the same store, behind where it was: a new session goes on above the floor.
        let copy = try fixture.open(knownStore: session.storeID)
        #expect(try copy.lease("orders", floor: 101, gap: 50).summary == "151..<251")
        try storeError(.missing) { _ = try session.lease("orders") }
        // The old session closed itself, and took nothing of the copy's WAL with it.
        #expect(try fixture.maxID(of: "orders") == 251.databaseValue)
        #expect(try copy.lease("orders").summary == "251..<351")
    }

    @Test("cannot prove a lease whose file is moved away while it is committed")
    func movedDuringCommit() throws {
        let session = try fixture.open(tag: "orders")
        let path = fixture.path
        let observer = CommitObserver { try FileManager.default.moveItem(atPath: path, toPath: path + ".away") }
        session.connection.queue.add(transactionObserver: observer, extent: .databaseLifetime)
        try storeError(.missing) { _ = try session.lease("orders") }
    }

    @Test("follows from path and table where the database has no place for it")
    func derived() throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        try fixture.sql("CREATE TABLE other (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        let session = try fixture.open(createSchema: false)
        #expect(session.missingGuards.map { $0.split(separator: " ")[0] } == ["leafd_state", "leafd_agent"])
        #expect(try fixture.open(knownStore: session.storeID, createSchema: false).storeID == session.storeID)
        #expect(try fixture.open(knownStore: session.storeID).storeID == session.storeID)
        #expect(try fixture.store(table: "other", createSchema: false).open(knownStore: nil).storeID != session.storeID)
        #expect(try fixture.value("SELECT count(*) FROM sqlite_master WHERE name LIKE 'leafd%'") == 0.databaseValue)
    }

    @Test("is missed only by what depends on it: leases and new tags go on, floors hold, DROP and MAX are refused")
    func withoutGuards() throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        let session = try fixture.open(createSchema: false)
        #expect(try session.create("orders"))
        let agent = AgentMark(agentID: "0", beat: 1)
        let facts = try session.facts(agentID: "0")
        #expect(!facts.hasState && !facts.hasAgents && facts.row == nil && facts.recordedServer == nil)
        let beat = AgentBeat(agentID: "0", host: "host-a", seen: nil, beat: 1, nonce: "n")
        #expect(try session.beat(beat) == BeatReply(isAcknowledged: true, lift: 0))
        try session.contest(agentID: "0")
        #expect(try session.lease("orders", agent: agent).summary == "1..<101")
        #expect(try session.lease("orders", floor: 500, gap: 5, agent: agent).summary == "505..<605")
        try session.ping()
        #expect(try session.listTags().count == 1)
        try storeError(.conflict) { try session.drop(Tag("orders")) }
        try storeError(.conflict) { _ = try session.create("users", limit: 5) }
        try session.forget(Tag("orders"))
        #expect(try session.bump(Tag("orders"), to: 700) == 700)
        let known = CounterLift(expected: 0, server: nil, floors: [:], gap: 10)
        try storeError(.misconfigured) { _ = try session.lift(known) }
        #expect(try fixture.counter(of: "orders") == 700)
        // An operator may.
        #expect(try session.lift(CounterLift(expected: nil, server: nil, floors: [try Tag("orders"): 800], gap: 10)))
        #expect(try fixture.counter(of: "orders") == 810)
    }
}
