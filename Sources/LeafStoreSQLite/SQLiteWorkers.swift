import Foundation
import GRDB
import LeafStore

/// The table `leafd_worker`, within a write transaction: nobody else can write before it ends.
struct SQLiteWorkers: WorkerTable {
    static let table = "leafd_worker"

    let db: Database
    let path: String
    let state: StoreState
    /// The database's clock is the host's: read once, within the transaction.
    private let now: Int64
    /// Which file this is; nil where nothing tells.
    private let server: String?

    init(_ state: StoreState, server: String?) {
        self.server = server
        db = state.db
        path = state.path
        self.state = state
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    func exists() throws -> Bool { try CentralTable.exists(Self.table, in: db) }

    /// What to say where it does not.
    func absence() throws -> String {
        try state.text(WorkerStanding.Name.format) == nil
            ? "central store \(path): the table leafd_worker is missing, from which worker ids are given out; make it, or start leafd "
                + "with store.create-schema: true"
            : "central store \(path): the table leafd_worker is gone, and worker ids have been given out from it; restore it from a "
                + "backup, if there is one, then run leafctl bump --all"
    }

    func standing() throws -> WorkerStanding {
        WorkerStanding(
            now: now, format: try state.text(WorkerStanding.Name.format),
            hold: try state.text(WorkerStanding.Name.hold),
            recordedServer: try state.text(WorkerStanding.Name.server), server: server,
            horizon: try state.text(WorkerStanding.Name.horizon))
    }

    func entries(_ workers: ClosedRange<Int>) throws -> [WorkerEntry] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT worker_id, holder, machine, host, generation, ts_hi FROM leafd_worker
                WHERE typeof(worker_id) <> 'integer' OR worker_id BETWEEN ? AND ? ORDER BY worker_id
                """,
            arguments: [workers.lowerBound, workers.upperBound])
        return try rows.map { row in
            let values = (0..<6).map { row[$0] as DatabaseValue }
            guard case .int64(let worker) = values[0].storage else {
                throw StoreError(
                    .conflict,
                    "central store \(path): a worker_id in leafd_worker is no integer but \(values[0]); delete the row")
            }
            guard case .string(let holder) = values[1].storage, case .string(let machine) = values[2].storage,
                case .string(let host) = values[3].storage, case .int64(let generation) = values[4].storage,
                case .int64(let lastTime) = values[5].storage
            else { return .damaged(worker: Int(worker), values: values.dropFirst().map(\.description)) }
            return .row(
                WorkerRow(
                    worker: Int(worker), holder: holder, machine: machine, host: host, generation: generation,
                    lastTime: lastTime))
        }
    }

    func write(_ row: WorkerRow, over old: WorkerRow?) throws {
        let values: StatementArguments = [row.holder, row.machine, row.host, row.generation, row.lastTime]
        if let old {
            try db.execute(
                sql: """
                    UPDATE leafd_worker
                    SET holder = ?, machine = ?, host = ?, generation = ?, ts_hi = ?, seen_at = CURRENT_TIMESTAMP
                    WHERE worker_id = ? AND holder = ? AND generation = ? AND ts_hi = ?
                    """,
                arguments: values + [old.worker, old.holder, old.generation, old.lastTime])
        } else {
            try db.execute(
                sql: """
                    INSERT INTO leafd_worker (holder, machine, host, generation, ts_hi, worker_id, seen_at)
                    VALUES (?, ?, ?, ?, ?, ?, CURRENT_TIMESTAMP)
                    """,
                arguments: values + [row.worker])
        }
        guard db.changesCount == 1 else {
            throw StoreError(
                .conflict,
                "central store \(path): \(db.changesCount) rows of leafd_worker were written for worker id \(row.worker) instead "
                    + "of one; make worker_id the primary key")
        }
    }

    func raiseTimes(by hold: Int64, toAtLeast least: Int64) throws {
        // SQLite would turn an overflowing sum into a REAL, which rounds.
        try db.execute(
            sql: """
                UPDATE leafd_worker SET ts_hi = CASE WHEN ts_hi > :top THEN :max ELSE ts_hi + :hold END
                WHERE typeof(ts_hi) = 'integer'
                """,
            arguments: ["top": Int64.max - hold, "max": Int64.max, "hold": hold])
        try db.execute(
            sql: "UPDATE leafd_worker SET ts_hi = :least WHERE typeof(ts_hi) = 'integer' AND ts_hi < :least",
            arguments: ["least": least])
    }

    func put(_ name: String, _ value: String) throws { try state.set(name, to: value) }

    func remove(_ name: String) throws { try state.remove(name) }

    func failure(_ error: StoreError) -> any Error { error }
}
