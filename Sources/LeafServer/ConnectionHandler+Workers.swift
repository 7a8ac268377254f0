internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafStore
internal import LeafThreads

/// WORKERS: who holds which worker id, for administrators.
extension ConnectionHandler {
    /// `WORKERS`, `WORKERS RELEASE id`
    func workers(_ arguments: borrowing Arguments, _ bytes: UnsafeRawBufferPointer) {
        switch arguments.count {
        case 1: listWorkers()
        case 3 where isWord(arguments.bytes(1, of: bytes), "release"):
            let argument = arguments.bytes(2, of: bytes)
            let workers = engine.snowflake.settings.format.layout.workers
            guard let number = parseInteger(argument), number >= 0, number < workers else {
                return fail("ERR the worker id '\(quoted(argument))' is not one of 0 to \(workers - 1)")
            }
            submit(.releaseWorker(Int(number)))
        default: fail("ERR syntax error: WORKERS, or WORKERS RELEASE id")
        }
    }

    private func listWorkers() {
        let list = Lock<WorkerList?>(nil)
        ask(carryOut(.listWorkers { found in list.with { $0 = found } })) { [self] error in
            if let error { return fail(error) }
            guard let found = list.with({ $0 }) else { return replies.arrayHead(0) }
            let mine = Set(engine.snowflake.workers.map(\.worker))
            replies.arrayHead(found.rows.count)
            for row in found.rows {
                listing(row, found.databaseTime, isMine: mine.contains(row.worker)).write(to: replies)
            }
        }
    }

    private func listing(_ row: WorkerRow, _ now: Int64, isMine: Bool) -> WorkerListing {
        let state: WorkerListing.State =
            if row.holder.isEmpty {
                .released
            } else if isMine, row.holder == engine.agentID {
                .mine
            } else {
                row.lastTime < now ? .over : .held
            }
        return WorkerListing(
            worker: Int64(row.worker), generation: row.generation, holder: row.holder, machine: row.machine,
            host: row.host, lastTime: row.lastTime, state: state)
    }
}
