import GRDB
import LeafCore
package import LeafStore

extension SQLiteSession {
    package func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult] {
        guard !requests.isEmpty else { return [] }
        // In tag order, as in every store: two daemons that lease the same tags must not wait for each other crosswise.
        let order = requests.indices.sorted { requests[$0].tag < requests[$1].tag }
        // The results leave this closure only after COMMIT.
        let results = try write("leasing") { db in
            // Nobody else can write before the commit: once for all of them is as good as in each statement.
            for agent in Set(requests.compactMap(\.agent)) { try verify(agent, in: db) }
            return try order.map { (index: $0, result: try lease(requests[$0], in: db)) }
        }
        return results.sorted { $0.index < $1.index }.map(\.result)
    }

    private func lease(_ request: LeaseRequest, in db: Database) throws -> LeaseResult {
        do {
            return try advance(request, in: db)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT && db.isInsideTransaction {
            // Only this statement was undone. One such row must not keep the other tags from their leases.
            return .abandoned(
                "\(request.tag): a constraint or trigger of \(table.name.text) refused the lease (\(error))")
        } catch let error as StoreError where error.code == .conflict {
            return .abandoned(error.message)
        }
    }

    /// Moves one counter, and believes the outcome only where everything about it is as it must be.
    private func advance(_ request: LeaseRequest, in db: Database) throws -> LeaseResult {
        guard let counter = try leaseSQL.counter(request.tag, in: db) else { return .noSuchTag }
        guard case .int64(let before) = counter.maxID.storage else {
            return .abandoned("\(request.tag): max_id is no integer but \(counter.maxID); put the row right")
        }
        let lifted = before < request.floor
        let start = lifted ? request.jump : before
        var count = request.count
        let limit = try StoreState.integer(counter.limit, name: leaseSQL.limitName(request.tag), path: path)
        if let limit, start >= 1 {
            guard start <= limit else { return .overflow(maxID: before) }
            count = min(count, limit - start + 1)
        }

        let (values, affected) = try leaseSQL.advance(request, by: count, in: db)
        if affected == 0, values.isEmpty, start > Int64.max - count { return .overflow(maxID: before) }
        let end: Int64? = if values.count == 1, case .int64(let end) = values[0].storage { end } else { nil }
        // Acknowledged: what this closure returns is known to nobody before COMMIT succeeded.
        let reply = LeaseReply(affectedRows: affected, maxID: end, isAcknowledged: true)
        switch reply.verdict(count: count, floor: request.floor) {
        case .abandoned(let problem): return .abandoned("\(request.tag): the lease is abandoned: \(problem)")
        case .leased(let segment):
            // RETURNING tells what the statement wrote, not what an AFTER trigger made of it.
            guard try leaseSQL.counter(request.tag, in: db)?.maxID == segment.end.databaseValue else {
                return .abandoned(
                    "\(request.tag): max_id does not stay at \(segment.end) after a lease; "
                        + "remove the trigger that changes it")
            }
            return .leased(Lease(segment: segment, tableStep: step(counter.step), lifted: lifted))
        }
    }

    /// Throws, and so undoes the whole transaction, if the agent's row is gone or older than its mark.
    func verify(_ agent: AgentMark?, in db: Database) throws {
        guard hasAgents, let agent else { return }
        try Agents(db: db, path: path).verify(agent)
    }

    /// The step of a row; the default where it is none.
    func step(_ value: DatabaseValue) -> Int64 {
        if case .int64(let step) = value.storage, step >= 1 { step } else { defaultStep }
    }
}
