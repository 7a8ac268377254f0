/// `leafd_worker` with its part of `leafd_state`, within one transaction that keeps all other worker calls out: what a store
/// does for `WorkerRule`.
package protocol WorkerTable {
    associatedtype Failure: Error

    /// The database's clock, format and hold.
    func standing() throws(Failure) -> WorkerStanding

    /// The rows of these worker ids, in their order.
    func entries(_ workers: ClosedRange<Int>) throws(Failure) -> [WorkerEntry]

    /// Adds a row; or, where it still has holder, generation and last time of `old`, changes it. Throws unless exactly one row
    /// was written.
    func write(_ row: WorkerRow, over old: WorkerRow?) throws(Failure)

    /// Raises the last time of every row by so many milliseconds, at most to 2^63 − 1, and to `least` at least.
    func raiseTimes(by hold: Int64, toAtLeast least: Int64) throws(Failure)

    /// Writes a value of `leafd_state`.
    func put(_ name: String, _ value: String) throws(Failure)

    /// Removes it.
    func remove(_ name: String) throws(Failure)

    func failure(_ error: StoreError) -> Failure
}

extension WorkerTable {
    package func claim(_ claim: WorkerClaim) throws(Failure) -> WorkerClaimResult {
        var standing = try standing()
        switch try verdict(claim, standing) {
        case .answer(let result): return result
        case .write(let row, let old):
            try record(claim.format, ahead: claim.ahead, in: &standing)
            try writeChecked(row, over: old)
            return .claimed(
                worker: row.worker, generation: row.generation,
                above: try ruled { () throws(StoreError) in try WorkerRule.above(old, standing) },
                lastTime: row.lastTime,
                databaseTime: standing.now)
        }
    }

    /// What a claim would be answered with that brings nothing; nil: it may bring something. Only reads: in a fleet of more hosts than
    /// worker ids most claims are in vain, and need not wait for their turn.
    package func refusal(_ claim: WorkerClaim) throws(Failure) -> WorkerClaimResult? {
        guard case .answer(let result) = try verdict(claim, try standing()) else { return nil }
        return result
    }

    private func verdict(
        _ claim: WorkerClaim, _ standing: WorkerStanding
    ) throws(Failure) -> WorkerRule.Verdict<WorkerClaimResult> {
        let workers: ClosedRange<Int>
        switch claim.choice {
        case .leased: workers = 0...claim.workers - 1
        case .configured(let worker, let machine):
            guard (0..<claim.workers).contains(worker) else {
                return .answer(
                    .unsupported(
                        "snowflake.worker \(worker) is not one of the \(claim.workers) of the layout; give 0 to \(claim.workers - 1)"
                    ))
            }
            guard !machine.isEmpty else {
                return .answer(
                    .unsupported(
                        "snowflake.worker \(worker) belongs to one machine, and this one has no machine-id; make one "
                            + "(systemd-machine-id-setup), or set snowflake.worker: auto"))
            }
            workers = worker...worker
        }
        let entries = try checkedEntries(workers)
        if let loss = try loss(standing, entries) { return .answer(.wentBackward(loss)) }
        return try ruled { () throws(StoreError) in try WorkerRule.claim(claim, entries, standing) }
    }

    package func renew(_ renewals: [WorkerRenewal]) throws(Failure) -> [WorkerRenewalResult] {
        var standing = try standing()
        var results: [WorkerRenewalResult] = []
        for renewal in renewals {
            let entry = try checkedEntries(renewal.hold.worker...renewal.hold.worker).first
            if let loss = try loss(standing, entry.map { [$0] } ?? []) {
                results.append(.wentBackward(loss))
                continue
            }
            let verdict = try ruled { () throws(StoreError) in try WorkerRule.renew(renewal, entry, standing) }
            switch verdict {
            case .answer(let result): results.append(result)
            case .write(let row, let old):
                try record(renewal.format, ahead: renewal.ahead, in: &standing)
                try writeChecked(row, over: old)
                let granted = try ruled { () throws(StoreError) in try WorkerRule.granted(renewal, standing) }
                results.append(.renewed(lastTime: granted, databaseTime: standing.now))
            }
        }
        return results
    }

    /// - Parameter entries: those that were read; if there are none, it is looked whether there is any.
    private func loss(_ standing: WorkerStanding, _ entries: [WorkerEntry]) throws(Failure) -> String? {
        var isEmpty = entries.isEmpty
        if isEmpty, standing.format != nil { isEmpty = try self.entries(.min ... .max).isEmpty }
        return standing.loss(isEmpty: isEmpty)
    }

    /// Writes down what holds for all worker ids, unless it is. How far leases reach by doublings, so that it is seldom written.
    private func record(_ format: String, ahead: Int64, in standing: inout WorkerStanding) throws(Failure) {
        if ahead > standing.horizon ?? 0 {
            let doubled = max(60_000, min(ahead, .max / 4) * 2)
            try put(WorkerStanding.Name.horizon, String(doubled))
            standing.horizon = doubled
        }
        if standing.format == nil { try put(WorkerStanding.Name.format, format) }
        standing.format = format
        guard standing.recordedServer == nil, let server = standing.server else { return }
        try put(WorkerStanding.Name.server, server)
        standing.recordedServer = server
    }

    package func list() throws(Failure) -> WorkerList {
        let standing = try standing()
        let entries = try checkedEntries(.min ... .max)
        return WorkerList(
            rows: entries.compactMap(\.row),
            skipped: entries.compactMap { if case .damaged(_, let problem) = $0 { problem } else { nil } },
            databaseTime: standing.now, format: standing.format,
            heldUntil: standing.isHeld ? standing.hold.flatMap { Int64($0) } : nil)
    }

    package func release(_ worker: Int) throws(Failure) -> WorkerRow {
        let entry = try checkedEntries(worker...worker).first
        switch try ruled({ () throws(StoreError) in try WorkerRule.release(entry, worker: worker) }) {
        case .answer(let row): return row
        case .write(let row, let old):
            try writeChecked(row, over: old)
            return row
        }
    }

    /// What a lift does for worker ids. A hold that lasts longer, or cannot be read, goes on.
    ///
    /// Where there is no row there is nothing to raise, and the leases that were lost may be of any age: then the hold outlasts
    /// them all, and the database is as it was before its first worker id.
    ///
    /// - Parameters:
    ///   - isLossOfAnyAge: not what a failover takes with it, but a backup: the hold outlasts all leases then, too.
    ///   - hasTable: whether there is a `leafd_worker`. Where there is none the hold is for the one that may come.
    package func lift(
        by hold: Int64, horizon: Int64, isLossOfAnyAge: Bool, hasTable: Bool
    ) throws(Failure) {
        let standing = try standing()
        let before = hasTable ? try entries(.min ... .max) : []
        let horizon = max(horizon, standing.horizon ?? 0)
        let isAnyAge = isLossOfAnyAge || before.isEmpty && standing.format != nil
        let (sum, overflow) = standing.now.addingReportingOverflow(isAnyAge ? max(hold, horizon) : hold)
        let until = overflow ? .max : sum
        if standing.hold.map({ Int64($0) ?? .max < until }) ?? true {
            try put(WorkerStanding.Name.hold, String(until))
        }
        if let server = standing.server { try put(WorkerStanding.Name.server, server) }
        guard !before.isEmpty else {
            if standing.format != nil { try remove(WorkerStanding.Name.format) }
            return
        }
        let (reach, isBeyond) = standing.now.addingReportingOverflow(horizon)
        let least: Int64 = horizon == 0 ? .min : isBeyond ? .max : reach
        try raiseTimes(by: hold, toAtLeast: least)
        let after = try entries(.min ... .max).compactMap(\.row)
        let isRaised = before.compactMap(\.row).elementsEqual(after) { old, new in
            let (sum, overflow) = old.lastTime.addingReportingOverflow(hold)
            return old.worker == new.worker && new.lastTime >= max(overflow ? .max : sum, least)
        }
        guard isRaised else {
            throw failure(
                StoreError(
                    .misconfigured, "a trigger or rule of leafd_worker keeps ts_hi from being raised; remove it"))
        }
    }

    private func ruled<T>(_ body: () throws(StoreError) -> T) throws(Failure) -> T {
        do throws(StoreError) { return try body() } catch { throw failure(error) }
    }

    /// A worker id that has two rows is nobody's.
    private func checkedEntries(_ workers: ClosedRange<Int>) throws(Failure) -> [WorkerEntry] {
        var checked: [WorkerEntry] = []
        for entry in try entries(workers) {
            guard checked.last?.worker == entry.worker else {
                checked.append(entry)
                continue
            }
            checked[checked.count - 1] = .damaged(
                worker: entry.worker,
                "worker id \(entry.worker) has two rows in leafd_worker; delete the one with the lower generation, and make "
                    + "worker_id the primary key")
        }
        return checked
    }

    /// What a statement wrote is not always what is there afterwards: a trigger, a column of another type.
    private func writeChecked(_ row: WorkerRow, over old: WorkerRow?) throws(Failure) {
        try write(row, over: old)
        guard try entries(row.worker...row.worker) == [.row(row)] else {
            throw failure(
                StoreError(
                    .conflict,
                    "the row of worker id \(row.worker) in leafd_worker does not stay as it was written; remove the trigger "
                        + "that changes it"))
        }
    }
}
