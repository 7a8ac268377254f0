import LeafCore
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite struct `Tags on a database server` {
    @Test(arguments: Database.allCases)
    func `are listed with all that the engine needs`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "b", limit: 900)
        try session.create("a", step: 7, start: 55, description: "Größen; 'quoted'")
        #expect(
            try session.listTags() == [
                TagDescription(tag: Tag("a"), maxID: 55, step: 7, description: "Größen; 'quoted'", limit: nil),
                TagDescription(tag: Tag("b"), maxID: 1, step: 100, description: nil, limit: 900),
            ])
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, max_id, step) VALUES ('not one', 1, 1)")
        #expect(try session.listTags().count == 2)
        #expect(session.skippedTags.count == 1)
    }

    @Test(arguments: Database.allCases)
    func `are made once, altered, and gone after a DROP`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        try storeError(.tagExists) { try session.create("a") }
        #expect(try session.create("a", ifAbsent: true) == false)
        try session.alter(Tag("a"), step: 777)
        try session.alter(Tag("a"), step: 777)
        #expect(try session.listTags().first?.step == 777)
        try storeError(.noSuchTag) { try session.alter(Tag("b"), step: 1) }
        try session.drop(Tag("a"))
        try storeError(.noSuchTag) { try session.drop(Tag("a")) }
        #expect(try session.listTags().isEmpty)
    }

    @Test(arguments: Database.allCases)
    func `come back above their tombstone, and not by themselves`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a", limit: 5000)
        _ = try session.lease("a", 1000)
        try session.drop(Tag("a"))
        #expect(try session.create("a", ifAbsent: true, gap: 50) == false)
        try storeError(.conflict) { try session.create("a", start: 1000) }
        try session.create("a", gap: 50)
        #expect(try fixture.counter(of: "a") == 1051)
        #expect(try session.listTags().first?.limit == nil)
        try session.drop(Tag("a"))
        try session.forget(Tag("a"))
        try session.create("a", start: 1)
        #expect(try fixture.counter(of: "a") == 1)
    }

    @Test(arguments: Database.allCases)
    func `start above every lift in which they may have been lost`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a")
        let facts = try session.facts(agentID: "me")
        for lift in 0..<2 {
            _ = try session.lift(CounterLift(expected: Int64(lift), server: facts.server, floors: [:], gap: 1000))
        }
        try session.create("b", ifAbsent: true, gap: 1000)
        #expect(try fixture.counter(of: "b") == 2001)
    }

    @Test(arguments: Database.allCases)
    func `are made together, but those that are there, and those that were dropped`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "there", start: 77)
        try session.create("dropped")
        try session.drop(Tag("dropped"))
        let names = ["new2", "there", "dropped", "new1"]
        let tags = try names.map { NewTag(tag: try Tag($0), step: 5, start: nil, limit: 900, description: nil) }
        #expect(try session.createAbsent(tags, gap: 10, agent: nil).map(\.name) == ["new1", "new2"])
        #expect(try session.createAbsent(tags, gap: 10, agent: nil).isEmpty)
        #expect(try session.listTags().map(\.limit) == [900, 900, nil])
        #expect(try fixture.counter(of: "there") == 77)
        let bad = try ["new3", "new4"].map {
            NewTag(tag: try Tag($0), step: 5, start: nil, limit: $0 == "new4" ? 0 : nil, description: nil)
        }
        try storeError(.conflict) { _ = try session.createAbsent(bad, gap: 10, agent: nil) }
        #expect(try fixture.counter(of: "new3") == nil)
    }

    @Test(arguments: Database.allCases)
    func `are raised by BUMP and never lowered`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "a", start: 500, limit: 1000)
        #expect(try session.bump(Tag("a"), to: 400) == 500)
        #expect(try session.bump(Tag("a"), to: 600) == 600)
        #expect(try session.bump(Tag("a"), to: 1001) == 1001)
        try storeError(.conflict) { _ = try session.bump(Tag("a"), to: 1002) }
        try storeError(.noSuchTag) { _ = try session.bump(Tag("b"), to: 1) }
        try session.create("c")
        try fixture.trigger("c", .changes)
        try storeError(.conflict) { _ = try session.bump(Tag("c"), to: 5) }
        #expect(try fixture.counter(of: "c") == 1)
    }

    @Test(arguments: Database.allCases)
    func `are made by one of eight who create them at the same time`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        _ = try fixture.open(tag: "other")
        let store = try fixture.store()
        let outcomes = try onThreads(8) { _ in
            Result {
                let session = try store.open(knownStore: nil)
                defer { session.close() }
                for _ in 0..<20 {
                    do { return try session.create("a", ifAbsent: true) } catch let error as StoreError {
                        guard error.code == .transient else { throw error }
                    }
                }
                throw StoreError(.transient, "twenty deadlocks")
            }
        }
        #expect(try outcomes.count { try $0.get() } == 1)
        #expect(try fixture.counter(of: "a") == 1)
    }
}
