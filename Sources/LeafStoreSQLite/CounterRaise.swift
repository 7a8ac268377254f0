import GRDB
import LeafCore
import LeafStore

/// Raises every counter of a table to max(counter, floor) + gap, and none lower than it stands.
///
/// A counter that has no room for the gap ends at 2^63 − 1, which is exhausted: below it nobody can tell what has been
/// leased already. A max_id that is no integer is left alone; leases refuse it.
struct CounterRaise {
    private let table: CentralTable
    private let floors: [Tag: Int64]
    private let gap: Int64

    init(_ lift: CounterLift, table: CentralTable) {
        self.table = table
        floors = lift.floors
        gap = lift.gap
    }

    /// What becomes of one counter.
    static func raised(_ counter: Int64, floor: Int64?, by gap: Int64) -> Int64 {
        let (sum, overflow) = max(counter, floor ?? counter).addingReportingOverflow(gap)
        return overflow ? .max : sum
    }

    /// Raises them, within the transaction that counts the lift.
    func run(in db: Database, path: String) throws {
        let floor = try db.makeStatement(
            sql: """
                UPDATE \(table.name.quoted) SET max_id = :floor
                WHERE biz_tag = :tag AND typeof(max_id) = 'integer' AND max_id < :floor
                """)
        for (tag, end) in floors {
            try floor.execute(arguments: ["tag": tag.name, "floor": end])
        }
        let count = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM \(table.name.quoted) WHERE typeof(max_id) = 'integer'")
        // SQLite would turn an overflowing sum into a REAL, which rounds.
        try db.execute(
            sql: """
                UPDATE \(table.name.quoted)
                SET max_id = CASE WHEN max_id > :top THEN :max ELSE max_id + :gap END\
                \(table.hasUpdateTime ? ", update_time = CURRENT_TIMESTAMP" : "")
                WHERE typeof(max_id) = 'integer'
                """,
            arguments: ["top": Int64.max - gap, "max": Int64.max, "gap": gap])
        guard db.changesCount == count else {
            throw StoreError(
                .misconfigured,
                "central store \(path): a trigger of \(table.name.text) keeps counters from being lifted "
                    + "(\(db.changesCount) of \(count ?? 0)); remove it")
        }
    }
}
