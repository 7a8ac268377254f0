internal import LeafCore
internal import LeafStore

/// Raises every counter of a table to max(counter, floor) + gap, and none lower than it stands; and the tombstones.
///
/// A counter that has no room for the gap ends at 2^63 − 1, which is exhausted: below it nobody can tell what has been leased
/// already. A max_id that is no 64-bit integer is left alone; leases refuse it.
struct CounterRaise {
    private let lift: CounterLift
    private let session: SQLSession

    init(_ lift: CounterLift, _ session: SQLSession) {
        self.lift = lift
        self.session = session
    }

    /// What becomes of one counter.
    static func raised(_ counter: Int64, floor: Int64?, by gap: Int64) -> Int64 {
        let (sum, overflow) = max(counter, floor ?? counter).addingReportingOverflow(gap)
        return overflow ? .max : sum
    }

    /// Raises them, within the transaction that counts the lift.
    func run() throws(StoreError) {
        let table = session.shape.table
        // Locks every row, so that none moves between this and the next statement.
        let rows = try session.connection.run(
            SQLStatement(
                SQLText("SELECT biz_tag, max_id FROM \(table) ORDER BY biz_tag FOR UPDATE", returnsRows: true))
        ).rows
        try raiseToFloors(rows)
        let changed = try session.connection.run(
            SQLStatement(
                SQLText(
                    "UPDATE \(table) SET max_id = CASE WHEN max_id > :top THEN 9223372036854775807 ELSE max_id + :gap END"
                        + (session.shape.columns.hasUpdateTime ? ", update_time = CURRENT_TIMESTAMP" : "")
                        + " WHERE max_id < 9223372036854775807"),
                ["top": .integer(.max - lift.gap), "gap": .integer(lift.gap)])
        ).affectedRows
        let expected = lift.gap == 0 ? 0 : rows.count { $0[1].integer ?? .max < .max }
        guard changed >= expected else {
            throw StoreError(
                .misconfigured,
                "\(session.place): a trigger or rule of \(session.shape.tableName) keeps counters from being lifted "
                    + "(\(changed) of \(expected)); remove it")
        }
        if session.shape.hasState { try raiseTombstones() }
    }

    private func raiseToFloors(_ rows: [[SQLValue]]) throws(StoreError) {
        let flavor = session.shape.flavor
        let text = SQLText(
            "UPDATE \(session.shape.table) SET max_id = :floor "
                + "WHERE \(flavor.bytes("biz_tag", are: "tag")) AND max_id < :floor")
        for row in rows {
            guard let name = row[0].text, let tag = try? Tag(utf8: Array(name.utf8)), let floor = lift.floors[tag],
                let counter = row[1].integer, counter < floor
            else { continue }
            _ = try session.connection.run(SQLStatement(text, ["tag": .text(name), "floor": .integer(floor)]))
        }
    }

    /// By twice the gap: with the last commits a CREATE may have been lost, which starts one gap above the tombstone, and leases
    /// after it. A tombstone that cannot be read is left as it is, and goes on stopping its tag.
    private func raiseTombstones() throws(StoreError) {
        let prefix = session.shape.names.tombstonePrefix
        for row in try session.connection.run(StateSQL.withPrefix(prefix)).rows {
            guard let name = row[0].text, name.hasPrefix(prefix),
                let tag = try? Tag(utf8: Array(name.utf8.dropFirst(prefix.utf8.count))),
                let counter = row[1].text.flatMap({ Int64($0) })
            else { continue }
            let once = Self.raised(counter, floor: lift.floors[tag], by: lift.gap)
            try session.put(name, String(Self.raised(once, floor: nil, by: lift.gap)))
        }
    }
}
