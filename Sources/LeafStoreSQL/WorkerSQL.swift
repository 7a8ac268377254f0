internal import LeafStore

/// The statements on `leafd_worker`.
struct WorkerSQL: Sendable {
    let standing: SQLText
    let entries: SQLText
    let add: SQLText
    let change: SQLText
    let raise: SQLText
    let raiseToLeast: SQLText

    init(_ flavor: SQLFlavor) {
        standing = SQLText(
            "SELECT \(flavor.clock), \(flavor.state("format")), \(flavor.state("hold")), \(flavor.state("server")), "
                + "\(flavor.state("horizon"))", returnsRows: true)
        entries = SQLText(
            """
            SELECT worker_id, holder, machine, host, generation, ts_hi FROM leafd_worker
            WHERE worker_id >= :first AND worker_id <= :last ORDER BY worker_id
            """, returnsRows: true)
        add = SQLText(
            """
            INSERT INTO leafd_worker (worker_id, holder, machine, host, generation, ts_hi, seen_at)
            VALUES (:worker, :holder, :machine, :host, :generation, :ts_hi, CURRENT_TIMESTAMP)
            """)
        change = SQLText(
            """
            UPDATE leafd_worker SET holder = :holder, machine = :machine, host = :host, generation = :generation, ts_hi = :ts_hi,
                seen_at = CURRENT_TIMESTAMP
            WHERE worker_id = :worker AND holder = :old_holder AND generation = :old_generation AND ts_hi = :old_ts_hi
            """)
        raise = SQLText(
            "UPDATE leafd_worker SET ts_hi = CASE WHEN ts_hi > :top THEN 9223372036854775807 ELSE ts_hi + :hold END")
        raiseToLeast = SQLText("UPDATE leafd_worker SET ts_hi = :least WHERE ts_hi < :least")
    }
}

extension SQLFlavor {
    /// The server's clock as a 64-bit integer: milliseconds since 1970, whatever its and the session's time zone.
    fileprivate var clock: String {
        switch self {
        case .mysql: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000"
        case .postgresql: "floor(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint"
        }
    }
}

/// The table `leafd_worker`, within a transaction that has written its turn.
struct SQLWorkers: WorkerTable {
    static let table = "leafd_worker"

    let session: SQLSession
    private var sql: WorkerSQL { session.workerSQL }

    func standing() throws(StoreError) -> WorkerStanding {
        let statement = SQLStatement(
            sql.standing,
            [
                "format": .text(WorkerStanding.Name.format), "hold": .text(WorkerStanding.Name.hold),
                "server": .text(WorkerStanding.Name.server), "horizon": .text(WorkerStanding.Name.horizon),
            ])
        guard let row = try session.connection.run(statement).rows.first, let now = row[0].integer else {
            throw StoreError(.conflict, "\(session.place): the server does not tell its time")
        }
        return WorkerStanding(
            now: now, format: row[1].text, hold: row[2].text, recordedServer: row[3].text, server: session.server,
            horizon: row[4].text)
    }

    func entries(_ workers: ClosedRange<Int>) throws(StoreError) -> [WorkerEntry] {
        let statement = SQLStatement(
            sql.entries,
            ["first": .integer(Int64(workers.lowerBound)), "last": .integer(Int64(workers.upperBound))])
        var entries: [WorkerEntry] = []
        for row in try session.connection.run(statement).rows { entries.append(try entry(row)) }
        return entries
    }

    private func entry(_ row: [SQLValue]) throws(StoreError) -> WorkerEntry {
        guard let worker = row[0].integer else {
            throw StoreError(
                .conflict,
                "\(session.place): a worker_id in leafd_worker is no integer but \(row[0].shown); declare it INT")
        }
        guard let holder = row[1].text, let machine = row[2].text, let host = row[3].text,
            let generation = row[4].integer, let lastTime = row[5].integer
        else { return .damaged(worker: Int(worker), values: row.dropFirst().map(\.shown)) }
        return .row(
            WorkerRow(
                worker: Int(worker), holder: holder, machine: machine, host: host, generation: generation,
                lastTime: lastTime))
    }

    func write(_ row: WorkerRow, over old: WorkerRow?) throws(StoreError) {
        var values: [String: SQLValue] = [
            "worker": .integer(Int64(row.worker)), "holder": .text(row.holder), "machine": .text(row.machine),
            "host": .text(row.host), "generation": .integer(row.generation), "ts_hi": .integer(row.lastTime),
        ]
        if let old {
            values["old_holder"] = .text(old.holder)
            values["old_generation"] = .integer(old.generation)
            values["old_ts_hi"] = .integer(old.lastTime)
        }
        let affected: Int
        do throws(StoreError) {
            affected = try session.connection.run(SQLStatement(old == nil ? sql.add : sql.change, values)).affectedRows
        } catch {
            guard error.code == .tagExists, !error.isSessionLost else { throw error }
            throw interference(row.worker)
        }
        // MySQL does not count a row that is the same afterwards.
        guard affected == 1 || affected == 0 && old == row else {
            if affected == 0 { throw interference(row.worker) }
            throw StoreError(
                .conflict,
                "\(session.place): \(affected) rows of leafd_worker have worker_id \(row.worker); make it the primary key"
            )
        }
    }

    /// Somebody who waits for no turn: an operator.
    private func interference(_ worker: Int) -> StoreError {
        StoreError(
            .transient,
            "\(session.place): the row of worker id \(worker) in leafd_worker changed at the same moment; leafd tries again"
        )
    }

    func raiseTimes(by hold: Int64, toAtLeast least: Int64) throws(StoreError) {
        _ = try session.connection.run(
            SQLStatement(sql.raise, ["top": .integer(.max - hold), "hold": .integer(hold)]))
        _ = try session.connection.run(SQLStatement(sql.raiseToLeast, ["least": .integer(least)]))
    }

    func put(_ name: String, _ value: String) throws(StoreError) { try session.put(name, value) }

    func remove(_ name: String) throws(StoreError) { try session.remove(name) }

    func failure(_ error: StoreError) -> StoreError { error }
}
