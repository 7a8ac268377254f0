package import LeafCore
package import LeafStore

extension SQLSession {
    /// The longest description, in characters: the width of Leaf's column.
    private static let descriptionLengthMax = 256

    package func listTags() throws(StoreError) -> [TagDescription] {
        try requireKnownTables()
        var statements = [
            SQLStatement(
                SQLText(
                    "SELECT biz_tag, max_id, step, \(shape.columns.hasDescription ? "description" : "NULL"), \(shape.isCleaned) "
                        + "FROM \(shape.table) ORDER BY biz_tag", returnsRows: true))
        ]
        if shape.hasState { statements.append(StateSQL.withPrefix(shape.names.limitPrefix)) }
        let replies = try connection.runTogether(statements)
        var limits: [String: SQLValue] = [:]
        if shape.hasState {
            for row in replies[1].rows { if let name = row[0].text { limits[name] = row[1] } }
        }
        var tags: [TagDescription] = []
        var skipped: [String] = []
        for row in replies[0].rows {
            do throws(StoreError) {
                tags.append(try describe(row, limits))
            } catch {
                skipped.append(error.message)
            }
        }
        skippedTags = skipped
        return tags
    }

    /// Takes a row for what it says, or throws the line that tells why it cannot be served.
    private func describe(_ row: [SQLValue], _ limits: [String: SQLValue]) throws(StoreError) -> TagDescription {
        let shown = String(row[0].shown.prefix(Tag.maxLength))
        guard let name = row[0].text else { throw conflict("\(shown): biz_tag is no UTF-8 text") }
        let tag: Tag
        do { tag = try Tag(utf8: Array(name.utf8)) } catch { throw conflict("\(shown): \(error)") }
        guard row[4] == .integer(0) else { throw conflict(Self.cleaned(tag.name)) }
        guard let maxID = row[1].integer else {
            throw conflict("\(shown): max_id is no 64-bit integer but \(row[1].shown)")
        }
        let limitName = shape.names.limit(tag)
        return TagDescription(
            tag: tag, maxID: maxID, step: step(row[2]), description: row[3].text,
            limit: try limits[limitName].flatMap { (value) throws(StoreError) in try integer(value, limitName) })
    }

    /// Creates a tag, and remembers its limit. A description is left out where the table has no column for it.
    package func create(
        _ new: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark? = nil
    ) throws(StoreError) -> Bool {
        precondition(gap >= 0)
        try check(new)
        try requireKnownTables()
        do throws(StoreError) {
            return try transaction(agent: agent) { () throws(StoreError) in
                try make(new, ifAbsent: ifAbsent, gap: gap)
            }
        } catch {
            // Another daemon was faster, or the table takes another name for the same.
            guard error.code == .tagExists, !error.isSessionLost else { throw error }
            if ifAbsent { return false }
            throw exists(new.tag)
        }
    }

    package func createAbsent(_ tags: [NewTag], gap: Int64, agent: AgentMark?) throws(StoreError) -> [Tag] {
        precondition(gap >= 0)
        for tag in tags { try check(tag) }
        try requireKnownTables()
        return try transaction(agent: agent) { () throws(StoreError) in
            var made: [Tag] = []
            for tag in tags.sorted(by: { $0.tag < $1.tag }) where try make(tag, ifAbsent: true, gap: gap) {
                made.append(tag.tag)
            }
            return made
        }
    }

    /// Makes one, within a transaction that keeps all others out.
    private func make(_ new: NewTag, ifAbsent: Bool, gap: Int64) throws(StoreError) -> Bool {
        if try !connection.run(leaseSQL.counter(new.tag)).rows.isEmpty {
            if ifAbsent { return false }
            throw exists(new.tag)
        }
        guard let start = try start(of: new, isByItself: ifAbsent, gap: gap) else { return false }
        try insert(new, start: start)
        if shape.hasState { try setLimit(new.tag, new.limit) }
        return true
    }

    private func exists(_ tag: Tag) -> StoreError {
        StoreError(
            .tagExists,
            "tag \(tag) exists already (or one that \(shape.tableName) takes for the same, such as another spelling); ALTER changes its step"
        )
    }

    package func alter(_ tag: Tag, step: Int64) throws(StoreError) {
        guard step >= 1 else { throw conflict("the step of \(tag) must be at least 1, not \(step)") }
        try requireSettled(nil)
        let isMissing = try transaction { () throws(StoreError) in
            guard try !connection.run(leaseSQL.counter(tag)).rows.isEmpty else { return true }
            let text = SQLText(
                "UPDATE \(shape.table) SET step = :step WHERE \(shape.flavor.bytes("biz_tag", are: "tag"))")
            _ = try connection.run(SQLStatement(text, ["step": .integer(step), "tag": .text(tag.name)]))
            return false
        }
        if isMissing { throw noSuchTag(tag) }
    }

    package func drop(_ tag: Tag) throws(StoreError) {
        guard shape.hasState else {
            throw conflict("\(tag) cannot be dropped: without the table leafd_state its counter would be forgotten")
        }
        try transaction { () throws(StoreError) in
            // Locked, so that no lease comes between its being read and its end.
            guard let row = try lockedCounter(tag) else { throw noSuchTag(tag) }
            guard let counter = row[0].integer else {
                throw conflict(
                    "\(tag) has a max_id that is no 64-bit integer (\(row[0].shown)); put it right before DROP")
            }
            let tombstone = shape.names.tombstone(tag)
            try put(tombstone, String(max(counter, integer(tombstone) ?? counter)))
            try remove(shape.names.limit(tag))
            let text = SQLText("DELETE FROM \(shape.table) WHERE \(shape.flavor.bytes("biz_tag", are: "tag"))")
            _ = try connection.run(SQLStatement(text, ["tag": .text(tag.name)]))
        }
    }

    package func bump(_ tag: Tag, to counter: Int64) throws(StoreError) -> Int64 {
        guard counter >= 1 else { throw conflict("the counter of \(tag) can be raised to 1 and more, not \(counter)") }
        return try transaction { () throws(StoreError) in
            guard let row = try lockedCounter(tag) else { throw noSuchTag(tag) }
            guard let before = row[0].integer else {
                throw conflict(
                    "\(tag) has a max_id that is no 64-bit integer (\(row[0].shown)); put it right before BUMP")
            }
            if let limit = try integer(row[2], shape.names.limit(tag)), counter - 1 > limit {
                throw conflict("\(tag) ends at MAX \(limit): its counter cannot be raised to \(counter)")
            }
            guard before < counter else { return before }
            let text = SQLText(
                "UPDATE \(shape.table) SET max_id = :counter WHERE \(shape.flavor.bytes("biz_tag", are: "tag"))")
            _ = try connection.run(SQLStatement(text, ["counter": .integer(counter), "tag": .text(tag.name)]))
            guard try connection.run(leaseSQL.counter(tag)).rows.first?[0] == .integer(counter) else {
                throw conflict("the counter of \(tag) does not stay at \(counter); remove the trigger that changes it")
            }
            return counter
        }
    }

    package func forget(_ tag: Tag) throws(StoreError) {
        guard shape.hasState else { return try requireSettled(nil) }
        try transaction { () throws(StoreError) in try remove(shape.names.tombstone(tag)) }
    }

    /// max_id, step and limit of a row that is locked until the transaction ends; nil if there is none.
    private func lockedCounter(_ tag: Tag) throws(StoreError) -> [SQLValue]? {
        try connection.run(
            SQLStatement(leaseSQL.lockedCounter, ["tag": .text(tag.name), "limit": .text(shape.names.limit(tag))])
        ).rows.first
    }

    private func setLimit(_ tag: Tag, _ limit: Int64?) throws(StoreError) {
        if let limit { return try put(shape.names.limit(tag), String(limit)) }
        try remove(shape.names.limit(tag))
    }

    private func conflict(_ text: String) -> StoreError { StoreError(.conflict, text) }

    private func noSuchTag(_ tag: Tag) -> StoreError { StoreError(.noSuchTag, "there is no tag \(tag)") }

    /// Refuses what no store could hold, before any lock is taken.
    private func check(_ new: NewTag) throws(StoreError) {
        guard new.step >= 1, new.step <= Int64(Int32.max) else {
            throw conflict("STEP of \(new.tag) must be 1 to 2147483647, not \(new.step)")
        }
        guard new.start ?? 1 >= 1 else {
            throw conflict("START of \(new.tag) must be at least 1, not \(new.start ?? 1)")
        }
        let length = new.description?.unicodeScalars.count ?? 0
        guard length <= Self.descriptionLengthMax else {
            throw conflict("DESCRIPTION of \(new.tag) has \(length) characters; at most \(Self.descriptionLengthMax)")
        }
        guard new.limit == nil || shape.hasState else {
            throw conflict("\(new.tag) cannot have a MAX: the table leafd_state, which would hold it, is missing")
        }
    }

    /// The first ID of a new tag: above everything that may have been leased under its name. Nil: it is not to come back
    /// by itself.
    private func start(of new: NewTag, isByItself: Bool, gap: Int64) throws(StoreError) -> Int64? {
        let tombstone = shape.hasState ? try integer(shape.names.tombstone(new.tag)) : nil
        let lifts = shape.hasState ? try integer(shape.names.lift) ?? 0 : 0
        let start = try FirstID.decide(
            start: new.start, tombstone: tombstone, lifts: lifts, gap: gap, isByItself: isByItself
        ).resolve(new, tombstone: tombstone, lifts: lifts, gap: gap)
        guard start ?? 1 <= new.limit ?? .max else {
            throw conflict("MAX \(new.limit ?? .max) of \(new.tag) is below its first ID, \(start ?? 1)")
        }
        return start
    }

    private func insert(_ new: NewTag, start: Int64) throws(StoreError) {
        _ = try connection.run(
            SQLStatement(
                leaseSQL.insert,
                [
                    "tag": .text(new.tag.name), "start": .integer(start), "step": .integer(new.step),
                    "description": new.description.map { .text($0) } ?? .null,
                ]))
    }
}
