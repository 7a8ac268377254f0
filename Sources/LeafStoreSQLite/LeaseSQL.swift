import GRDB
import LeafCore
import LeafStore

/// The statements of a lease, and the row as it was before.
struct LeaseSQL {
    private let table: String
    private let update: String
    private let row: String
    private let names: StoreState.Names
    private let hasState: Bool

    init(_ table: CentralTable, hasState: Bool) {
        self.table = table.name.quoted
        names = StoreState.Names(table.name)
        self.hasState = hasState
        // The CASE is the floor: a counter below what this host was leased once has gone backward. `:top` is
        // 2^63 − 1 − step: SQLite would turn an overflowing sum into a REAL, which rounds.
        update = """
            UPDATE \(self.table)
            SET max_id = (CASE WHEN max_id < :floor THEN :jump ELSE max_id END) + :step\
            \(table.hasUpdateTime ? ", update_time = CURRENT_TIMESTAMP" : "")
            WHERE biz_tag = :tag AND (CASE WHEN max_id < :floor THEN :jump ELSE max_id END) <= :top
            RETURNING max_id
            """
        row = """
            SELECT max_id, step, \(hasState ? "(SELECT value FROM leafd_state WHERE name = :limit)" : "NULL") AS top
            FROM \(self.table) WHERE biz_tag = :tag
            """
    }

    /// The name under which `leafd_state` holds the last ID of a tag.
    func limitName(_ tag: Tag) -> String { names.limit(tag) }

    /// A row of the table before a lease: what kind of value each column holds is part of the question.
    struct Counter {
        let maxID: DatabaseValue
        let step: DatabaseValue
        let limit: DatabaseValue
    }

    /// Reads the counter of a tag, in the transaction that will move it.
    func counter(_ tag: Tag, in db: Database) throws -> Counter? {
        var arguments: StatementArguments = ["tag": tag.name]
        if hasState { arguments += ["limit": limitName(tag)] }
        return try Row.fetchOne(db.cachedStatement(sql: row), arguments: arguments).map {
            Counter(maxID: $0["max_id"], step: $0["step"], limit: $0["top"])
        }
    }

    /// Moves the counter of a tag: the one statement that leases.
    ///
    /// - Returns: the new value of each row that was affected, and how many the database says there were.
    func advance(
        _ request: LeaseRequest, by count: Int64, in db: Database
    ) throws -> (values: [DatabaseValue], affected: Int) {
        let arguments: StatementArguments = [
            "floor": request.floor, "jump": request.jump, "step": count, "tag": request.tag.name,
            "top": Int64.max - count,
        ]
        let statement = try db.cachedStatement(sql: update)
        let values = try DatabaseValue.fetchAll(statement, arguments: arguments)
        return (values, db.changesCount)
    }
}
