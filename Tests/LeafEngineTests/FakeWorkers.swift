import LeafCore
import LeafStore

@testable import LeafEngine

/// `leafd_worker` and its part of `leafd_state`, in memory.
final class FakeWorkers: WorkerTable {
    struct State: Sendable {
        var rows: [Int: WorkerRow] = [:]
        var values: [String: String] = [:]
        /// The database's clock, in milliseconds since 1970: it stands, an hour ahead of the host's, so that no lease ends while a busy
        /// machine lets a test wait, by neither clock.
        let now = ClockReading.now().wall / 1000 + 3_600_000
        /// What claims and renewals throw.
        var failure: StoreError?
        /// What they answer with.
        var absence: String?
    }

    private(set) var state: State
    private let server: String?

    init(_ state: State, server: String?) {
        self.state = state
        self.server = server
    }

    func standing() throws(StoreError) -> WorkerStanding {
        WorkerStanding(
            now: state.now, format: state.values[WorkerStanding.Name.format],
            hold: state.values[WorkerStanding.Name.hold], recordedServer: state.values[WorkerStanding.Name.server],
            server: server, horizon: state.values[WorkerStanding.Name.horizon])
    }

    func entries(_ workers: ClosedRange<Int>) throws(StoreError) -> [WorkerEntry] {
        state.rows.values.filter { workers.contains($0.worker) }.sorted { $0.worker < $1.worker }.map { .row($0) }
    }

    func write(_ row: WorkerRow, over old: WorkerRow?) throws(StoreError) {
        guard state.rows[row.worker] == old else { throw StoreError(.transient, "another was first") }
        state.rows[row.worker] = row
    }

    func raiseTimes(by hold: Int64, toAtLeast least: Int64) throws(StoreError) {
        for row in state.rows.values {
            state.rows[row.worker] = WorkerRow(
                worker: row.worker, holder: row.holder, machine: row.machine, host: row.host,
                generation: row.generation, lastTime: max(row.lastTime + hold, least))
        }
    }

    func put(_ name: String, _ value: String) throws(StoreError) { state.values[name] = value }
    func remove(_ name: String) throws(StoreError) { state.values[name] = nil }
    func failure(_ error: StoreError) -> StoreError { error }
}
