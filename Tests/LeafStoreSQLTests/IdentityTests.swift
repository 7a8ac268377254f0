import Foundation
import LeafCore
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite struct `A database server's identity as a store` {
    @Test(arguments: Database.allCases)
    func `is one, when eight daemons make the store at the same time`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let store = try fixture.store()
        let outcomes = try onThreads(8) { _ in
            Result {
                for _ in 0..<20 {
                    do { return try store.open(knownStore: nil).storeID } catch let error as StoreError {
                        guard error.code == .transient else { throw error }
                    }
                }
                throw StoreError(.transient, "twenty deadlocks")
            }
        }
        let ids = Set(try outcomes.map { try $0.get() })
        #expect(ids.count == 1)
        let facts = try fixture.open(facts: "me").facts(agentID: "me")
        #expect(facts.recordedServer == facts.server)
    }

    @Test(arguments: Database.allCases)
    func `that the journal knows lets nothing be made`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let known = StoreID.random()
        try storeError(.missing) { _ = try fixture.store().open(knownStore: known) }
        #expect(try fixture.tables().isEmpty)
        let id = try fixture.open().storeID
        try storeError(.foreignStore) { _ = try fixture.store().open(knownStore: known) }
        #expect(try fixture.store().open(knownStore: id).storeID == id)
        try fixture.sql("DELETE FROM leafd_state")
        try storeError(.missing) { _ = try fixture.store().open(knownStore: id) }
    }

    @Test(arguments: Database.allCases)
    func `that has lost its table makes no new one, not even for a host that is new to it`(_ database: Database) throws
    {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        let id = session.storeID
        try fixture.sql("DROP TABLE leaf_alloc")
        let error = try storeError(.missing) { _ = try session.lease("a") }
        #expect(error.isSessionLost)
        try storeError(.missing) { _ = try fixture.open() }
        try storeError(.missing) { _ = try fixture.store().open(knownStore: id) }
        #expect(try !fixture.tables().contains("leaf_alloc"))
    }

    @Test(arguments: Database.allCases)
    func `is not made without create-schema`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let error = try storeError(.missing) { _ = try fixture.store(createSchema: false).open(knownStore: nil) }
        #expect(error.message.contains("leaf_alloc") && error.message.contains("create"))
        #expect(try fixture.tables().isEmpty)
    }

    @Test(arguments: Database.allCases)
    func `is missed only by what depends on it: leases and new tags go on, floors hold, DROP and MAX are refused`(
        _ database: Database
    ) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', 1, 10)")
        let session = try fixture.store(createSchema: false).open(knownStore: nil)
        #expect(session.missingGuards.count >= 2)
        let facts = try session.facts(agentID: "me")
        #expect(!facts.hasState && !facts.hasAgents && facts.recordedServer == nil)
        #expect(try session.beat("me", over: nil, 1, nonce: "n").isAcknowledged)
        let mark = AgentMark(agentID: "me", beat: 1)
        #expect(try session.lease("a", 10, agent: mark).summary == "1..<11")
        #expect(try #require(try session.lease("a", 10, floor: 5000, gap: 100, agent: mark).lease).lifted)
        try session.create("b", agent: mark)
        try storeError(.conflict) { try session.drop(Tag("a")) }
        try storeError(.conflict) { try session.create("c", limit: 5) }
        #expect(try fixture.store(createSchema: false).open(knownStore: session.storeID).storeID == session.storeID)
        // The operator makes the tables: sessions that do not know them end before they do harm.
        _ = try fixture.store().open(knownStore: nil)
        let error = try storeError(.transient) { try session.create("d") }
        #expect(error.isSessionLost)
    }

    @Test(arguments: Database.allCases)
    func `for a second table of one database is the same, and its tombstones are its own`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let first = try fixture.open(tag: "a")
        let second = try fixture.store(table: "others").open(knownStore: nil)
        #expect(first.storeID == second.storeID)
        let facts = try second.facts(agentID: "me")
        #expect(facts.recordedServer == facts.server)
        try first.drop(Tag("a"))
        try second.create("a", start: 1)
        #expect(try second.lease("a", 1).summary == "1..<2")
        // A table that was there before leafd: nobody knows on which server its counters were good.
        try fixture.sql("CREATE TABLE older (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT)")
        let third = try fixture.store(table: "older").open(knownStore: nil)
        #expect(try third.facts(agentID: "me").recordedServer == nil)
    }

    @Test(arguments: Database.allCases)
    func `goes on under a user who may not make tables`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', 1, 10)")
        let store = try fixture.store(user: fixture.makeLimitedUser(mayUpdate: "leaf_alloc"))
        let session = try store.open(knownStore: nil)
        #expect(session.missingGuards.contains { $0.contains("could not be created") })
        #expect(session.missingGuards.contains { $0.contains("leafd_state is missing") })
        #expect(try session.lease("a", 10).summary == "1..<11")
    }
}

@Suite struct `The schema files` {
    @Test(arguments: Database.allCases)
    func `make all that leafd wants, and the same as it makes itself`(_ database: Database) throws {
        let kind = database.dialect.kind
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: folder.appendingPathComponent("Config/schema.\(kind).sql"), encoding: .utf8)
        let byFile = try SQLFixture(database)
        try byFile.sql(text)
        let session = try byFile.store(createSchema: false).open(knownStore: nil)
        #expect(session.missingGuards.isEmpty, "\(session.missingGuards)")
        let byLeafd = try SQLFixture(database)
        _ = try byLeafd.open()
        #expect(try byFile.columns() == byLeafd.columns())
    }
}
