import LeafCore
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite struct `A lease from a database server` {
    @Test(arguments: Database.allCases)
    func `gives ranges that follow each other, whatever their size`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders")
        #expect(try session.lease("orders", 1000).summary == "1..<1001")
        #expect(try session.lease("orders", 1).summary == "1001..<1002")
        #expect(try session.lease("orders", 5).summary == "1002..<1007")
        #expect(try fixture.counter(of: "orders") == 1007)
        #expect(try session.lease("users").summary == "noSuchTag")
    }

    @Test(arguments: Database.allCases)
    func `of many tags answers in the order of the requests, those without a row among them`(_ database: Database)
        throws
    {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "t000")
        for index in 1..<128 {
            try session.create("t\(String(index + 1000).dropFirst())", start: Int64(index) * 1000)
        }
        let names = (0..<128).map { "t\(String($0 + 1000).dropFirst())" }.shuffled() + ["none", "t005"]
        for _ in 0..<2 {
            let results = try session.lease(
                names.map { LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: nil) })
            #expect(results.count == 130)
            for (name, result) in zip(names, results).dropLast(2) {
                let start = Int64(name.dropFirst())! * 1000
                #expect(
                    start == 0 || result.lease.map { $0.segment.start / 1000 * 1000 } == start, "\(name): \(result)")
            }
            #expect(results[128] == .noSuchTag)
        }
        #expect(try fixture.counter(of: "t007") == 7020)
        #expect(try fixture.counter(of: "t005") == 5040)
    }

    @Test(arguments: Database.allCases)
    func `lifts a counter that went backward to above the floor plus gap, and says so`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders", start: 50)
        let result = try session.lease("orders", 10, floor: 5000, gap: 1_000_000)
        let lease = try #require(result.lease)
        #expect(lease.segment.start > 1_005_000 && lease.segment.start <= 1_005_000 + 65536)
        #expect(lease.lifted)
        #expect(try fixture.counter(of: "orders") == lease.segment.end)
    }

    @Test(arguments: Database.allCases)
    func `does not lift a counter that stands at the floor, above it, or where another has lifted it to`(
        _ database: Database
    ) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders", start: 5000)
        #expect(try session.lease("orders", 10, floor: 5000, gap: 100).lease?.lifted == false)
        #expect(try session.lease("orders", 10, floor: 5009, gap: 100).lease?.lifted == false)
        // Exactly at floor + gap: what a lift by another daemon leaves.
        _ = try session.bump(Tag("orders"), to: 5120)
        let result = try session.lease("orders", 10, floor: 5020, gap: 100)
        #expect(result.summary == "5120..<5130")
        #expect(result.lease?.lifted == false)
    }

    @Test(arguments: Database.allCases)
    func `reaches 2^63 − 1 exactly and not past it, and is exact above 2^53`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "high", start: (1 << 53) + 1)
        #expect(try session.lease("high", 2).summary == "9007199254740993..<9007199254740995")
        try session.create("top", start: .max - 10)
        #expect(try session.lease("top", 11).summary == "overflow at \(Int64.max - 10)")
        #expect(try session.lease("top", 10).summary == "\(Int64.max - 10)..<\(Int64.max)")
        #expect(try session.lease("top", 1).summary == "overflow at \(Int64.max)")
        #expect(try fixture.counter(of: "top") == .max)
        #expect(try session.lease("high", 100, floor: .max - 50, gap: 49).summary.hasPrefix("overflow"))
        #expect(try fixture.counter(of: "high") == 9_007_199_254_740_995)
    }

    @Test(arguments: Database.allCases)
    func `is cut to the tag's limit, and refused when nothing is left`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "few", limit: 150)
        #expect(try session.lease("few").summary == "1..<101")
        #expect(try session.lease("few").summary == "101..<151")
        #expect(try session.lease("few").summary == "overflow at 151")
        try fixture.sql("UPDATE leafd_state SET value = 'x' WHERE name = 'max/leaf_alloc/few'")
        #expect(try session.lease("few", 1).summary == "abandoned")
        #expect(try fixture.counter(of: "few") == 151)
    }

    @Test(arguments: Database.allCases)
    func `begins at 1 where the counter stands at 0 or below, as go-leaf's do`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "low")
        for (counter, limit) in [(0, nil), (-50, nil), (Int64.min, nil), (0, 30)] as [(Int64, Int64?)] {
            try fixture.sql("UPDATE leaf_alloc SET max_id = \(counter) WHERE biz_tag = 'low'")
            if let limit { try fixture.sql("INSERT INTO leafd_state VALUES ('max/leaf_alloc/low', '\(limit)')") }
            let lease = try session.lease("low", 51)
            #expect(lease.summary == (limit == nil ? "1..<52" : "1..<31"), "\(lease)")
            #expect(lease.lease?.lifted == false)
        }
    }

    @Test(arguments: Database.allCases)
    func `of a row without a counter is abandoned, and says why`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', NULL, 10)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('b', 7, NULL)")
        let session = try fixture.open()
        guard case .abandoned(let text) = try session.lease("a") else {
            Issue.record("leased from NULL")
            return
        }
        #expect(text.contains("NULL"))
        #expect(try session.lease("b", 1).summary == "7..<8")
        #expect(try session.listTags().map(\.tag.name) == ["b"])
        #expect(session.skippedTags.count == 1)
    }

    @Test(arguments: Database.allCases)
    func `that affects two rows is abandoned`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag VARCHAR(128), max_id BIGINT NOT NULL, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', 7, 10), ('a', 7, 10)")
        let session = try fixture.open()
        #expect(try session.lease("a").summary == "abandoned")
        #expect(try session.lease("a").summary == "abandoned")
        #expect(session.missingGuards.contains { $0.contains("unique") })
    }

    @Test(arguments: Database.allCases)
    func `that a trigger changes is abandoned`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders")
        try fixture.trigger("orders", .changes)
        #expect(try session.lease("orders").summary == "abandoned")
        #expect(try session.lease("orders").summary == "abandoned")
    }

    @Test func `that a trigger changes afterwards is abandoned, though PostgreSQL returns what the statement wrote`()
        throws
    {
        let fixture = try SQLFixture(.postgresql)
        let session = try fixture.open(tag: "orders")
        try fixture.sql(
            "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN IF pg_trigger_depth() = 1 THEN "
                + "UPDATE leaf_alloc SET max_id = OLD.max_id WHERE biz_tag = OLD.biz_tag; END IF; RETURN NULL; END $$ LANGUAGE plpgsql"
        )
        try fixture.sql("CREATE TRIGGER tr AFTER UPDATE ON leaf_alloc FOR EACH ROW EXECUTE FUNCTION f()")
        #expect(try session.lease("orders").summary == "abandoned")
        #expect(try session.lease("orders").summary == "abandoned")
    }

    @Test(arguments: Database.allCases)
    func `refused by a constraint does not keep the other tags from theirs`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders")
        try session.create("users")
        try fixture.sql("ALTER TABLE leaf_alloc ADD CONSTRAINT c CHECK (biz_tag <> 'orders' OR max_id < 5)")
        let requests = try ["orders", "users"].map {
            LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: nil)
        }
        for start in [1, 11] {
            let results = try session.lease(requests)
            #expect(results.map(\.summary) == ["abandoned", "\(start)..<\(start + 10)"], "\(results)")
        }
        #expect(try fixture.counter(of: "orders") == 1)
    }

    @Test func `that a trigger hides from MySQL's reply is abandoned, and says so`() throws {
        let fixture = try SQLFixture(.mariadb)
        let session = try fixture.open(tag: "orders")
        try fixture.sql("CREATE TRIGGER tr AFTER UPDATE ON leaf_alloc FOR EACH ROW SET @a = 1")
        guard case .abandoned(let text) = try session.lease("orders") else {
            Issue.record("leased without a counter")
            return
        }
        #expect(text.contains("trigger"))
    }

    @Test(arguments: Database.allCases)
    func `finds tags by their bytes`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql(
            "CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT)"
                + (database == .mariadb ? " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci" : ""))
        let session = try fixture.open()
        try session.create("orders", start: 100)
        try session.create("größe")
        #expect(try session.lease("Orders").summary == "noSuchTag")
        #expect(try session.lease("ORDERS").summary == "noSuchTag")
        #expect(try session.lease("orders", 1).summary == "100..<101")
        #expect(try session.lease("größe", 1).summary == "1..<2")
        #expect(try session.lease("grosse", 1).summary == "noSuchTag")
        #expect(try session.lease("gr%e", 1).summary == "noSuchTag")
        #expect(try session.lease("o'r\\\"`;--", 1).summary == "noSuchTag")
        try session.create("o'r\\\"`;--", start: 9)
        #expect(try session.lease("o'r\\\"`;--", 1).summary == "9..<10")
        if database == .mariadb {
            // The table takes it for the one it has.
            try storeError(.tagExists) { try session.create("Orders") }
            #expect(try session.create("Orders", ifAbsent: true) == false)
        } else {
            #expect(try session.create("Orders"))
        }
        #expect(try fixture.counter(of: "orders") == 101)
    }

    @Test(arguments: Database.allCases)
    func `of eight sessions at the same tags gives no ID twice, and nobody waits crosswise`(_ database: Database) throws
    {
        let fixture = try SQLFixture(database)
        _ = try fixture.open(tag: "t0")
        let tags = try (0..<10).map { try Tag("t\($0)") }
        let session = try fixture.open()
        for tag in tags.dropFirst() { try session.create(tag.name) }
        let store = try fixture.store()
        let outcomes = try onThreads(8) { _ -> Result<[(LeafCore.Tag, Segment)], any Error> in
            Result {
                let session = try store.open(knownStore: nil)
                defer { session.close() }
                var leased: [(LeafCore.Tag, Segment)] = []
                for _ in 0..<30 {
                    let chosen = tags.shuffled().prefix(Int.random(in: 1...10))
                    let results = try session.lease(
                        chosen.map { LeaseRequest(tag: $0, count: 7, floor: 0, jump: 0, agent: nil) })
                    for (tag, result) in zip(chosen, results) {
                        leased.append((tag, try #require(result.lease?.segment)))
                    }
                }
                return leased
            }
        }
        var all: [LeafCore.Tag: [Segment]] = [:]
        for outcome in outcomes { for (tag, segment) in try outcome.get() { all[tag, default: []].append(segment) } }
        for (tag, segments) in all {
            let sorted = segments.sorted { $0.start < $1.start }
            #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.end == $1.start }, "\(tag)")
            #expect(sorted.first?.start == 1)
            #expect(try fixture.counter(of: tag.name) == sorted.last?.end)
        }
    }

    @Test(arguments: Database.allCases)
    func `of a tag whose counter is set back every day is abandoned`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        try fixture.sql(
            "CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT, auto_clean BOOLEAN)"
        )
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('a', 5, 10, false), ('b', 6, 10, NULL), ('c', 7, 10, true)")
        let session = try fixture.open()
        #expect(try session.lease("a", 10).summary == "5..<15")
        #expect(try session.lease("b", 10).summary == "6..<16")
        #expect(try session.lease("c", 10).summary == "abandoned")
        #expect(try fixture.counter(of: "c") == 7)
        #expect(try session.listTags().map(\.tag.name) == ["a", "b"])
        #expect(session.skippedTags.first?.contains("auto_clean") == true)
    }

    @Test(arguments: Database.allCases)
    func `sets update_time where the table has it, and does without the columns that Leaf never reads`(
        _ database: Database
    ) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leaf_alloc SET update_time = '2001-01-01 00:00:00'")
        _ = try session.lease("orders")
        #expect(try !fixture.sql("SELECT update_time FROM leaf_alloc").contains("2001"))
        try fixture.sql(
            "CREATE TABLE segments (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT, step INT, update_time BIGINT)")
        try fixture.sql("INSERT INTO segments VALUES ('a', 5, 10, 17)")
        let other = try fixture.store(table: "segments").open(knownStore: nil)
        #expect(try other.lease("a", 10).summary == "5..<15")
        #expect(try fixture.sql("SELECT update_time FROM segments") == "17")
    }
}
