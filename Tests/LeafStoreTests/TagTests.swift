import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("The tags of a store")
struct TagTests {
    let fixture: StoreFixture
    let session: SQLiteSession

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open()
    }

    @Test("are listed with all that was given at their creation")
    func list() throws {
        #expect(try session.create("orders", step: 50, start: 10, limit: 99, description: "of the shop"))
        #expect(try session.create("größe/1"))
        #expect(
            try session.listTags() == [
                TagDescription(tag: Tag("größe/1"), maxID: 1, step: 100, description: nil, limit: nil),
                TagDescription(tag: Tag("orders"), maxID: 10, step: 50, description: "of the shop", limit: 99),
            ])
        #expect(session.skippedTags == [])
    }

    @Test("that cannot be served are left out of the list, with the reason")
    func skipped() throws {
        _ = try session.create("orders")
        try fixture.sql(
            """
            INSERT INTO leaf_alloc (biz_tag, max_id, step) VALUES
                ('two words', 1, 1), ('', 1, 1), (CAST(x'ff' AS TEXT), 1, 1), ('broken', 'many', 1), ('limited', 1, 1);
            INSERT INTO leafd_state VALUES ('max/leaf_alloc/limited', 'soon')
            """)
        #expect(try session.listTags().map(\.tag.name) == ["orders"])
        #expect(session.skippedTags.count == 5)
        #expect(session.skippedTags.contains { $0.contains("two words") && $0.contains("U+20") })
        #expect(session.skippedTags.contains { $0.contains("broken") && $0.contains("max_id") })
    }

    @Test("exist once")
    func twice() throws {
        #expect(try session.create("orders", start: 10))
        try storeError(.tagExists) { _ = try session.create("orders", start: 500) }
        #expect(try session.create("orders", start: 500, ifAbsent: true) == false)
        #expect(try fixture.maxID(of: "orders") == 10.databaseValue)
    }

    @Test("that were dropped continue above their tombstone plus gap")
    func tombstone() throws {
        _ = try session.create("orders")
        _ = try session.lease("orders", 500)
        try session.drop(Tag("orders"))
        #expect(try session.lease("orders").summary == "noSuchTag")
        #expect(try session.listTags() == [])
        #expect(try session.create("orders", gap: 1000))
        #expect(try session.lease("orders", 10).summary == "1501..<1511")
    }

    @Test("that were dropped do not come back by themselves")
    func noResurrection() throws {
        _ = try session.create("orders")
        try session.drop(Tag("orders"))
        #expect(try session.create("orders", start: 9000, ifAbsent: true) == false)
        #expect(try session.listTags() == [])
    }

    @Test("that were dropped may not start again below their tombstone")
    func startBelowTombstone() throws {
        _ = try session.create("orders")
        _ = try session.lease("orders", 500)
        try session.drop(Tag("orders"))
        let error = try storeError(.conflict) { _ = try session.create("orders", start: 500, gap: 1000) }
        #expect(error.message.contains("FORGET orders") && error.message.contains("501"))
        #expect(!error.isOutage)
        #expect(try session.create("orders", start: 501, gap: 1000))
        #expect(try session.lease("orders", 9).summary == "501..<510")
    }

    @Test("keep the highest of their tombstones")
    func highestTombstone() throws {
        _ = try session.create("orders", start: 8000)
        try session.drop(Tag("orders"))
        // Somebody puts the row back by hand, lower.
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, max_id, step) VALUES ('orders', 5, 100)")
        try session.drop(Tag("orders"))
        #expect(try session.create("orders"))
        #expect(try session.lease("orders", 9).summary == "8000..<8009")
    }

    @Test("with a tombstone that cannot be read are not created")
    func unreadableTombstone() throws {
        _ = try session.create("orders")
        try session.drop(Tag("orders"))
        try fixture.sql("UPDATE leafd_state SET value = '12 or so' WHERE name = 'tombstone/leaf_alloc/orders'")
        try storeError(.conflict) { _ = try session.create("orders") }
    }

    @Test("dropped near 2^63 − 1 are not created anew below it")
    func tombstoneOverflow() throws {
        _ = try session.create("orders", start: .max - 5)
        try session.drop(Tag("orders"))
        try storeError(.conflict) { _ = try session.create("orders", gap: 6) }
        #expect(try session.create("orders", gap: 5))
    }

    @Test("lose their limit with DROP")
    func limitAfterDrop() throws {
        _ = try session.create("orders", limit: 50)
        try session.drop(Tag("orders"))
        #expect(try session.create("orders"))
        #expect(try session.lease("orders", 100).summary == "1..<101")
    }

    @Test("are refused when they could not be served")
    func refused() throws {
        try storeError(.conflict) { _ = try session.create("a", step: 0) }
        try storeError(.conflict) { _ = try session.create("a", start: 0) }
        try storeError(.conflict) { _ = try session.create("a", start: 10, limit: 9) }
        try storeError(.conflict) { _ = try session.create("a", limit: 0) }
        try storeError(.conflict) { _ = try session.create("a", description: String(repeating: "ä", count: 129)) }
        #expect(try session.create("a", start: 9, limit: 9, description: String(repeating: "ä", count: 128)))
        #expect(try session.lease("a").summary == "9..<10")
    }

    @Test("get another step by ALTER")
    func alter() throws {
        _ = try session.create("orders")
        try session.alter(Tag("orders"), step: 5)
        #expect(try session.listTags().map(\.step) == [5])
        try storeError(.conflict) { try session.alter(Tag("orders"), step: 0) }
    }

    @Test("that do not exist can be neither altered nor dropped")
    func absent() throws {
        try storeError(.noSuchTag) { try session.alter(Tag("nobody"), step: 5) }
        try storeError(.noSuchTag) { try session.drop(Tag("nobody")) }
    }

    @Test("whose counter is no integer are not dropped: their tombstone would be a guess")
    func dropOfText() throws {
        _ = try session.create("orders")
        try fixture.sql("UPDATE leaf_alloc SET max_id = 'many'")
        try storeError(.conflict) { try session.drop(Tag("orders")) }
        #expect(try fixture.maxID(of: "orders") == "many".databaseValue)
    }
}
