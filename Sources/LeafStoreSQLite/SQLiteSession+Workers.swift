import GRDB
package import LeafStore

extension SQLiteSession {
    package func claim(_ claim: WorkerClaim) throws(StoreError) -> WorkerClaimResult {
        try write("claiming a worker id") { db in
            try verify(claim.agent, in: db)
            return try attempt(in: db, { try $0.claim(claim) }, otherwise: { .unsupported($0) })
        }
    }

    package func renew(_ renewals: [WorkerRenewal]) throws(StoreError) -> [WorkerRenewalResult] {
        guard !renewals.isEmpty else { return [] }
        return try write("renewing worker ids") { db in
            for agent in Set(renewals.compactMap(\.agent)) { try verify(agent, in: db) }
            return try attempt(
                in: db, { try $0.renew(renewals) },
                otherwise: { absence in renewals.map { _ in .unsupported(absence) } })
        }
    }

    package func listWorkers() throws(StoreError) -> WorkerList {
        try connection.read("listing the worker ids") { db in
            try verifyStore(db)
            return try attempt(in: db, { try $0.list() }, otherwise: { throw StoreError(.conflict, $0) })
        }
    }

    package func releaseWorker(_ worker: Int) throws(StoreError) -> WorkerRow {
        try write("releasing worker id \(worker)") { db in
            try attempt(in: db, { try $0.release(worker) }, otherwise: { throw StoreError(.conflict, $0) })
        }
    }

    /// `leafd_worker`, which may not exist; nil if there is no `leafd_state` for what belongs to it.
    func workers(in db: Database) -> SQLiteWorkers? { state(in: db).map { SQLiteWorkers($0, server: server) } }

    /// Does something with the table of the worker ids; or otherwise, where there is none, something with the text that says so.
    private func attempt<T>(
        in db: Database, _ body: (SQLiteWorkers) throws -> T, otherwise: (String) throws -> T
    ) throws -> T {
        guard let workers = workers(in: db) else {
            return try otherwise(
                "central store \(path): the table leafd_state is missing, without which no worker ids are given out; create it"
            )
        }
        guard try workers.exists() else { return try otherwise(try workers.absence()) }
        return try body(workers)
    }
}
