import Foundation
import GRDB
package import LeafCore
package import LeafStore

extension SQLiteSession {
    /// The longest description, in bytes of UTF-8: the width of Leaf's column.
    private static let descriptionLengthMax = 256

    package func listTags() throws(StoreError) -> [TagDescription] {
        let (tags, skipped) = try connection.read("listing the tags") { db in
            let limit = hasState ? "(SELECT value FROM leafd_state WHERE name = :prefix || biz_tag)" : "NULL"
            // As bytes, since GRDB would repair what is no UTF-8, and that would be another tag. Row by row: a hundred thousand
            // at once would leave forty megabytes of holes in the heap.
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT CAST(biz_tag AS BLOB) AS tag, max_id, step,
                        \(table.hasDescription ? "description" : "NULL") AS description, \(limit) AS top
                    FROM \(table.name.quoted) ORDER BY biz_tag
                    """,
                arguments: hasState ? ["prefix": StoreState.Names(table.name).limitPrefix] : [])
            var (tags, skipped): ([TagDescription], [String]) = ([], [])
            while let row = try rows.next() {
                do {
                    tags.append(try describe(row))
                } catch {
                    skipped.append(String(describing: error))
                }
            }
            return (tags, skipped)
        }
        skippedTags = skipped
        return tags
    }

    /// Creates a tag, and remembers its limit.
    ///
    /// A description is left out where the table has no column for it.
    package func create(
        _ new: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark? = nil
    ) throws(StoreError) -> Bool {
        precondition(gap >= 0)
        try check(new)
        return try write("creating \(new.tag)") { db in
            try verify(agent, in: db)
            let state = state(in: db)
            if try leaseSQL.counter(new.tag, in: db) != nil {
                if ifAbsent { return false }
                throw StoreError(.tagExists, "tag \(new.tag) exists already; ALTER changes its step")
            }
            guard let start = try start(of: new, isByItself: ifAbsent, gap: gap, state: state) else { return false }
            try insert(new, start: start, in: db)
            try state?.setLimit(new.tag, new.limit)
            return true
        }
    }

    package func alter(_ tag: Tag, step: Int64) throws(StoreError) {
        guard step >= 1 else { throw conflict("the step of \(tag) must be at least 1, not \(step)") }
        try write("altering \(tag)") { db in
            try db.execute(
                sql: "UPDATE \(table.name.quoted) SET step = ? WHERE biz_tag = ?", arguments: [step, tag.name])
            guard db.changesCount > 0 else { throw StoreError(.noSuchTag, "there is no tag \(tag)") }
        }
    }

    package func drop(_ tag: Tag) throws(StoreError) {
        guard hasState else {
            throw conflict("\(tag) cannot be dropped: without the table leafd_state its counter would be forgotten")
        }
        try write("dropping \(tag)") { db in
            guard let counter = try leaseSQL.counter(tag, in: db) else {
                throw StoreError(.noSuchTag, "there is no tag \(tag)")
            }
            guard case .int64(let maxID) = counter.maxID.storage else {
                throw conflict("\(tag) has a max_id that is no integer (\(counter.maxID)); put it right before DROP")
            }
            try state(in: db)?.bury(tag, counter: maxID)
            try state(in: db)?.setLimit(tag, nil)
            try db.execute(sql: "DELETE FROM \(table.name.quoted) WHERE biz_tag = ?", arguments: [tag.name])
        }
    }

    package func bump(_ tag: Tag, to counter: Int64) throws(StoreError) -> Int64 {
        guard counter >= 1 else { throw conflict("the counter of \(tag) can be raised to 1 and more, not \(counter)") }
        return try write("raising \(tag)") { db in
            guard let row = try leaseSQL.counter(tag, in: db) else {
                throw StoreError(.noSuchTag, "there is no tag \(tag)")
            }
            guard case .int64(let before) = row.maxID.storage else {
                throw conflict("\(tag) has a max_id that is no integer (\(row.maxID)); put it right before BUMP")
            }
            if let limit = try StoreState.integer(row.limit, name: leaseSQL.limitName(tag), path: path),
                counter - 1 > limit
            {
                throw conflict("\(tag) ends at MAX \(limit): its counter cannot be raised to \(counter)")
            }
            guard before < counter else { return before }
            try db.execute(
                sql: "UPDATE \(table.name.quoted) SET max_id = ? WHERE biz_tag = ?", arguments: [counter, tag.name])
            guard try leaseSQL.counter(tag, in: db)?.maxID == counter.databaseValue else {
                throw conflict("the counter of \(tag) does not stay at \(counter); remove the trigger that changes it")
            }
            return counter
        }
    }

    package func forget(_ tag: Tag) throws(StoreError) {
        try write("forgetting \(tag)") { db in
            try state(in: db)?.exhume(tag)
        }
    }

    private func conflict(_ text: String) -> StoreError {
        StoreError(.conflict, text)
    }

    /// Refuses what no store could hold, before any lock is taken.
    private func check(_ new: NewTag) throws(StoreError) {
        guard new.step >= 1 else { throw conflict("STEP of \(new.tag) must be at least 1, not \(new.step)") }
        guard new.start ?? 1 >= 1 else {
            throw conflict("START of \(new.tag) must be at least 1, not \(new.start ?? 1)")
        }
        let length = new.description?.utf8.count ?? 0
        guard length <= Self.descriptionLengthMax else {
            throw conflict("DESCRIPTION of \(new.tag) has \(length) bytes; at most \(Self.descriptionLengthMax)")
        }
        guard new.limit == nil || hasState else {
            throw conflict("\(new.tag) cannot have a MAX: the table leafd_state, which would hold it, is missing")
        }
    }

    /// The first ID of a new tag: above everything that may have been leased under its name. Nil: it is not to come back
    /// by itself.
    private func start(of new: NewTag, isByItself: Bool, gap: Int64, state: StoreState?) throws -> Int64? {
        let tombstone = try state?.tombstone(new.tag)
        let lifts = try state?.lift() ?? 0
        let start = try FirstID.decide(
            start: new.start, tombstone: tombstone, lifts: lifts, gap: gap, isByItself: isByItself
        ).resolve(new, tombstone: tombstone, lifts: lifts, gap: gap)
        guard let start else { return nil }
        guard start <= new.limit ?? .max else {
            throw conflict("MAX \(new.limit ?? .max) of \(new.tag) is below its first ID, \(start)")
        }
        return start
    }

    private func insert(_ new: NewTag, start: Int64, in db: Database) throws {
        var columns = "biz_tag, max_id, step"
        var values = "?, ?, ?"
        var arguments: StatementArguments = [new.tag.name, start, new.step]
        if table.hasDescription {
            columns += ", description"
            values += ", ?"
            arguments += [new.description]
        }
        if table.hasUpdateTime {
            columns += ", update_time"
            values += ", CURRENT_TIMESTAMP"
        }
        try db.execute(
            sql: "INSERT INTO \(table.name.quoted) (\(columns)) VALUES (\(values))", arguments: arguments)
    }

    /// Takes a row for what it says, or throws the line that tells why it cannot be served.
    private func describe(_ row: Row) throws -> TagDescription {
        let bytes: Data = row["tag"] ?? Data()
        let shown = String(decoding: bytes.prefix(Tag.maxLength), as: UTF8.self).debugDescription
        let tag: Tag
        do { tag = try Tag(utf8: bytes) } catch { throw conflict("\(shown): \(error)") }
        let maxID: DatabaseValue = row["max_id"]
        guard case .int64(let maxID) = maxID.storage else {
            throw conflict("\(shown): max_id is no integer but \(maxID)")
        }
        return TagDescription(
            tag: tag, maxID: maxID, step: step(row["step"]), description: String.fromDatabaseValue(row["description"]),
            limit: try StoreState.integer(row["top"], name: leaseSQL.limitName(tag), path: path))
    }
}
