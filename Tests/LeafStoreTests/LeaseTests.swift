import Foundation
import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("A lease")
struct LeaseTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("gives ranges that follow each other, from 1 on, whatever their size")
    func consecutive() throws {
        let session = try fixture.open(tag: "orders", step: 7)
        #expect(try session.lease("orders", 10).summary == "1..<11")
        #expect(try session.lease("orders", 1).summary == "11..<12")
        guard case .leased(let lease) = try session.lease("orders", 1000) else { return #expect(Bool(false)) }
        #expect(lease == Lease(segment: Segment(start: 12, end: 1012), tableStep: 7, lifted: false))
        #expect(try fixture.maxID(of: "orders") == 1012.databaseValue)
    }

    @Test("of many tags answers in the order of the requests, twice the same tag included")
    func many() throws {
        let session = try fixture.open(tag: "b")
        _ = try session.create("a", start: 500)
        let requests = try ["b", "nobody", "a", "b"].map {
            LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: nil)
        }
        #expect(try session.lease(requests).map(\.summary) == ["1..<11", "noSuchTag", "500..<510", "11..<21"])
        #expect(try session.lease([]) == [])
    }

    @Test("lifts a counter that went backward to the floor plus gap")
    func floorLift() throws {
        let session = try fixture.open(tag: "orders")
        guard case .leased(let lease) = try session.lease("orders", 10, floor: 5000, gap: 300) else {
            return #expect(Bool(false))
        }
        #expect(lease == Lease(segment: Segment(start: 5300, end: 5310), tableStep: 100, lifted: true))
        #expect(try fixture.maxID(of: "orders") == 5310.databaseValue)
    }

    @Test("does not lift a counter that stands at the floor or above")
    func noLift() throws {
        let session = try fixture.open(tag: "orders", start: 5000)
        guard case .leased(let lease) = try session.lease("orders", 10, floor: 5000, gap: 300) else {
            return #expect(Bool(false))
        }
        #expect(lease == Lease(segment: Segment(start: 5000, end: 5010), tableStep: 100, lifted: false))
    }

    @Test("reaches 2^63 − 1 exactly and not past it")
    func overflow() throws {
        let session = try fixture.open(tag: "orders", start: .max - 15)
        #expect(try session.lease("orders", 10).summary == "\(Int64.max - 15)..<\(Int64.max - 5)")
        #expect(try session.lease("orders", 6).summary == "overflow at \(Int64.max - 5)")
        #expect(try fixture.maxID(of: "orders") == (Int64.max - 5).databaseValue)
        #expect(try session.lease("orders", 5).summary == "\(Int64.max - 5)..<\(Int64.max)")
        #expect(try session.lease("orders", 1).summary == "overflow at \(Int64.max)")
        #expect(try session.lease("orders", .max).summary == "overflow at \(Int64.max)")
    }

    @Test("whose lift would pass 2^63 − 1 is an overflow and leaves the counter")
    func overflowByLift() throws {
        let session = try fixture.open(tag: "orders")
        #expect(try session.lease("orders", 10, floor: .max - 20, gap: 15).summary == "overflow at 1")
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
    }

    @Test("above 2^53 is exact to the last digit")
    func wide() throws {
        let session = try fixture.open(tag: "orders", start: 9_007_199_254_740_993)
        #expect(try session.lease("orders", 1).summary == "9007199254740993..<9007199254740994")
        #expect(try session.lease("orders", 1).summary == "9007199254740994..<9007199254740995")
    }

    @Test("is cut to the tag's limit, and refused when nothing is left")
    func limit() throws {
        let session = try fixture.open(tag: "orders", limit: 25)
        #expect(try session.lease("orders", 20).summary == "1..<21")
        #expect(try session.lease("orders", 20).summary == "21..<26")
        #expect(try session.lease("orders", 20).summary == "overflow at 26")
        #expect(try session.lease("orders", 20, floor: 30, gap: 5).summary == "overflow at 26")
        #expect(try fixture.maxID(of: "orders") == 26.databaseValue)
    }

    @Test("under the highest limit ends at 2^63 − 1")
    func highestLimit() throws {
        let session = try fixture.open(tag: "orders", start: .max - 2, limit: .max)
        #expect(try session.lease("orders", 2).summary == "\(Int64.max - 2)..<\(Int64.max)")
        #expect(try session.lease("orders", 1).summary == "overflow at \(Int64.max)")
    }

    @Test("is abandoned when the limit cannot be read")
    func limitUnreadable() throws {
        let session = try fixture.open(tag: "orders", limit: 25)
        try fixture.sql("UPDATE leafd_state SET value = 'soon' WHERE name = 'max/leaf_alloc/orders'")
        #expect(try session.lease("orders").summary == "abandoned")
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
    }

    @Test(
        "from a max_id that is no integer is abandoned and leaves the row",
        arguments: ["'9007199254740993x'", "'many'", "1e300", "5.5", "x'3132'"])
    func notAnInteger(literal: String) throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leaf_alloc SET max_id = \(literal)")
        let before = try fixture.maxID(of: "orders")
        #expect(try session.lease("orders").summary == "abandoned")
        #expect(try session.lease("orders", floor: 1000).summary == "abandoned")
        #expect(try fixture.maxID(of: "orders") == before)
    }

    @Test("that would give IDs of 0 and below is abandoned, and the next one starts higher", arguments: [0, -1, -50])
    func notPositive(start: Int) throws {
        let session = try fixture.open(tag: "orders", limit: 1000)
        try fixture.sql("UPDATE leaf_alloc SET max_id = \(start)")
        #expect(try session.lease("orders").summary == "abandoned")
        #expect(try session.lease("orders", 10).summary == "100..<110")
    }

    @Test("that affects two rows is abandoned")
    func twoRows() throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT, max_id BIGINT, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('orders', 1, 100), ('orders', 1, 100)")
        #expect(try fixture.open().lease("orders").summary == "abandoned")
    }

    @Test("that affects no row, though the tag is there, is abandoned")
    func ignoredUpdate() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("CREATE TRIGGER t BEFORE UPDATE ON leaf_alloc BEGIN SELECT RAISE(IGNORE); END")
        #expect(try session.lease("orders").summary == "abandoned")
    }

    @Test("that a trigger takes back is abandoned")
    func revertedUpdate() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql(
            "CREATE TRIGGER t AFTER UPDATE ON leaf_alloc BEGIN UPDATE leaf_alloc SET max_id = OLD.max_id; END")
        #expect(try session.lease("orders").summary == "abandoned")
        try fixture.sql("DROP TRIGGER t")
        #expect(try session.lease("orders").summary == "1..<101")
    }

    @Test("refused by a trigger does not keep the other tags from theirs")
    func refusedUpdate() throws {
        let session = try fixture.open(tag: "orders")
        _ = try session.create("users")
        try fixture.sql(
            """
            CREATE TRIGGER t BEFORE UPDATE ON leaf_alloc WHEN OLD.biz_tag = 'orders'
            BEGIN SELECT RAISE(ABORT, 'frozen'); END
            """)
        let requests = try ["orders", "users"].map {
            LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: nil)
        }
        #expect(try session.lease(requests).map(\.summary) == ["abandoned", "1..<11"])
    }

    @Test("whose transaction a trigger ends is an error, and gives nothing")
    func rolledBack() throws {
        let session = try fixture.open(tag: "orders")
        _ = try session.create("users")
        try fixture.sql(
            """
            CREATE TRIGGER t BEFORE UPDATE ON leaf_alloc WHEN OLD.biz_tag = 'users'
            BEGIN SELECT RAISE(ROLLBACK, 'no'); END
            """)
        let requests = try ["orders", "users"].map {
            LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: nil)
        }
        #expect(throws: StoreError.self) { try session.lease(requests) }
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
    }

    @Test("is known to nobody before its commit succeeded")
    func failedCommit() throws {
        let session = try fixture.open(tag: "orders")
        let observer = CommitObserver { throw DatabaseError(resultCode: .SQLITE_IOERR) }
        session.connection.queue.add(transactionObserver: observer, extent: .databaseLifetime)
        #expect(throws: StoreError.self) { try session.lease("orders") }
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test("sets update_time where the table has it, and does without the columns that Leaf never reads")
    func updateTime() throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leaf_alloc SET update_time = '2001-01-01 00:00:00'")
        #expect(try session.lease("orders").summary == "1..<101")
        #expect(try fixture.value("SELECT update_time > '2020' FROM leaf_alloc") == true.databaseValue)

        try fixture.sql("CREATE TABLE lean (biz_tag TEXT PRIMARY KEY, max_id INTEGER, step INTEGER)")
        let lean = try fixture.store(table: "lean").open(knownStore: nil)
        #expect(try lean.create("orders", description: "left out"))
        #expect(try lean.lease("orders").summary == "1..<101")
        #expect(try lean.listTags().map(\.description) == [nil])
    }

    @Test("reports the default step for a row that has no usable one", arguments: ["0", "-5", "'x'", "1.5"])
    func unusableStep(literal: String) throws {
        let session = try fixture.open(tag: "orders")
        try fixture.sql("UPDATE leaf_alloc SET step = \(literal)")
        guard case .leased(let lease) = try session.lease("orders") else { return #expect(Bool(false)) }
        #expect(lease.tableStep == 1000)
    }
}

/// Runs a closure within each commit.
///
/// @unchecked Sendable: immutable.
final class CommitObserver: TransactionObserver, @unchecked Sendable {
    private let onCommit: () throws -> Void

    init(_ onCommit: @escaping () throws -> Void) { self.onCommit = onCommit }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { try onCommit() }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}
