/// What a claim, a renewal and a release make of the rows that they find: the same in every store.
///
/// Nothing here reads or writes. The store does, in one transaction that keeps all other worker calls of the database out.
package enum WorkerRule {
    package enum Verdict<Answer: Hashable & Sendable>: Hashable, Sendable {
        /// The row to be written; over what was found, or, where nothing was, as a new one.
        case write(WorkerRow, over: WorkerRow?)
        case answer(Answer)
    }

    /// - Parameter entries: of all worker ids of the layout, or of the configured one.
    package static func claim(
        _ claim: WorkerClaim, _ entries: [WorkerEntry], _ standing: WorkerStanding
    ) throws(StoreError) -> Verdict<WorkerClaimResult> {
        if let format = standing.format, format != claim.format { return .answer(.otherFormat(format)) }
        if let until = try standing.heldUntil(), standing.now <= until {
            return .answer(.held(until: until, databaseTime: standing.now))
        }
        switch claim.choice {
        case .leased: return try lease(claim, entries, standing)
        case .configured(let worker, let machine): return try take(worker, machine, claim, entries.first, standing)
        }
    }

    private static func lease(
        _ claim: WorkerClaim, _ entries: [WorkerEntry], _ standing: WorkerStanding
    ) throws(StoreError) -> Verdict<WorkerClaimResult> {
        let known = Set(entries.map(\.worker))
        if let worker = (0..<claim.workers).first(where: { !known.contains($0) }) {
            return .write(try row(worker, claim, machine: "", over: nil, standing), over: nil)
        }
        let rows = entries.compactMap(\.row)
        let free = rows.filter { $0.machine.isEmpty && $0.lastTime < standing.now && $0.generation < .max }
        if let old = free.min(by: { ($0.lastTime, $0.worker) < ($1.lastTime, $1.worker) }) {
            return .write(try row(old.worker, claim, machine: "", over: old, standing), over: old)
        }
        if case .damaged(_, let problem)? = entries.first(where: { $0.row == nil }) {
            throw StoreError(.conflict, problem)
        }
        return .answer(.taken(rows, databaseTime: standing.now))
    }

    private static func take(
        _ worker: Int, _ machine: String, _ claim: WorkerClaim, _ entry: WorkerEntry?, _ standing: WorkerStanding
    ) throws(StoreError) -> Verdict<WorkerClaimResult> {
        guard let old = try entry?.readableRow() else {
            return .write(try row(worker, claim, machine: machine, over: nil, standing), over: nil)
        }
        let isSuccessor =
            claim.succeeding == WorkerHold(worker: worker, holder: old.holder, generation: old.generation)
        let isFree =
            switch old.machine {
            case machine: old.lastTime < standing.now || isSuccessor
            case "": old.lastTime < standing.now
            default: false
            }
        guard isFree else { return .answer(.taken([old], databaseTime: standing.now)) }
        return .write(try row(worker, claim, machine: machine, over: old, standing), over: old)
    }

    private static func row(
        _ worker: Int, _ claim: WorkerClaim, machine: String, over old: WorkerRow?, _ standing: WorkerStanding
    ) throws(StoreError) -> WorkerRow {
        WorkerRow(
            worker: worker, holder: claim.holder, machine: machine, host: claim.host,
            generation: try old.map { (old) throws(StoreError) in try next(old) } ?? 1,
            lastTime: max(old?.lastTime ?? .min, try standing.time(in: claim.ahead)))
    }

    /// Where a new holder's time begins: above what the holder before may have stamped, also one whom the database has lost, and
    /// who was kept from being taken over by the hold.
    package static func above(_ old: WorkerRow?, _ standing: WorkerStanding) throws(StoreError) -> Int64 {
        max(old?.lastTime ?? -1, try standing.heldUntil() ?? -1)
    }

    /// A row of a lower generation is the one that this holder once took over, if the database has lost that; or it belongs
    /// to somebody who has taken it since. It is put right only where nobody can be stamping under it: while a hold keeps
    /// newcomers away, or once its time is over; and only for a holder whose own time is not over. One whose time was over, and
    /// before a hold's end too, may have been taken over by somebody whom the database has lost: it claims anew, and so is
    /// told where to begin.
    package static func renew(
        _ renewal: WorkerRenewal, _ entry: WorkerEntry?, _ standing: WorkerStanding
    ) throws(StoreError) -> Verdict<WorkerRenewalResult> {
        if let format = standing.format, format != renewal.format { return .answer(.otherFormat(format)) }
        if case .damaged(_, let problem)? = entry { return .answer(.unsupported(problem)) }
        let hold = renewal.hold
        let old = entry?.row
        let isOver = renewal.lastTime < standing.now
        if let old {
            let isLoss =
                old.generation < hold.generation && !isOver
                && (old.holder == hold.holder || old.lastTime < standing.now || standing.isHeld)
            let isMine =
                old.holder == hold.holder && old.generation == hold.generation
                && renewal.lastTime >= min(standing.now, standing.holdEnd)
            guard isMine || isLoss else { return .answer(.lost(old)) }
        } else if isOver {
            return .answer(
                .lost(
                    WorkerRow(
                        worker: hold.worker, holder: "", machine: "", host: "", generation: hold.generation,
                        lastTime: renewal.lastTime)))
        }
        // One that was leased and is configured by now becomes this machine's; never the other way round.
        let isOwnRow = old?.generation == hold.generation
        let machine = isOwnRow && old?.machine.isEmpty == false ? old?.machine ?? "" : renewal.machine
        let new = WorkerRow(
            worker: hold.worker, holder: hold.holder, machine: machine, host: renewal.host, generation: hold.generation,
            lastTime: max(old?.lastTime ?? .min, renewal.lastTime, try standing.time(in: renewal.ahead)))
        return .write(new, over: old)
    }

    /// What a renewal lets its holder stamp up to. Not the row's time, which a lift may have raised for the sake of others: a lease
    /// that reached so far at once, and was lost, would outlast the next hold.
    package static func granted(_ renewal: WorkerRenewal, _ standing: WorkerStanding) throws(StoreError) -> Int64 {
        max(renewal.lastTime, try standing.time(in: renewal.ahead))
    }

    /// The last time stays: nobody but a later holder, above it, may stamp under that worker id.
    package static func release(_ entry: WorkerEntry?, worker: Int) throws(StoreError) -> Verdict<WorkerRow> {
        guard let old = try entry?.readableRow() else {
            throw StoreError(.conflict, "worker id \(worker) has no holder: nothing is to be released")
        }
        guard !(old.holder.isEmpty && old.machine.isEmpty) else { return .answer(old) }
        let new = WorkerRow(
            worker: worker, holder: "", machine: "", host: old.host, generation: try next(old), lastTime: old.lastTime)
        return .write(new, over: old)
    }

    private static func next(_ old: WorkerRow) throws(StoreError) -> Int64 {
        guard old.generation < .max else {
            throw StoreError(
                .conflict,
                "worker id \(old.worker): its generation in leafd_worker is 2^63 − 1, which none can follow; put the row right"
            )
        }
        return old.generation + 1
    }
}

/// A row of `leafd_worker` as it was read.
package enum WorkerEntry: Hashable, Sendable {
    case row(WorkerRow)
    /// Its values are not what they must be; the text says which, and what to do. Nobody gets that worker id.
    case damaged(worker: Int, String)

    package var worker: Int {
        switch self {
        case .row(let row): row.worker
        case .damaged(let worker, _): worker
        }
    }

    /// - Parameter values: holder, machine, host, generation and ts_hi, as they are shown.
    package static func damaged(worker: Int, values: [String]) -> WorkerEntry {
        .damaged(
            worker: worker,
            "the row of worker id \(worker) in leafd_worker is no holder, machine, host, generation and ts_hi but "
                + "\(values.joined(separator: ", ")); put it right")
    }

    package var row: WorkerRow? { if case .row(let row) = self { row } else { nil } }

    /// - Throws: `.conflict`, which concerns this worker id and not the store.
    func readableRow() throws(StoreError) -> WorkerRow {
        switch self {
        case .row(let row): return row
        case .damaged(_, let problem): throw StoreError(.conflict, problem)
        }
    }
}

/// What a database says of worker ids beside their rows, within one transaction.
package struct WorkerStanding: Hashable, Sendable {
    /// The names in `leafd_state`: the database's, since `leafd_worker` is shared by all central tables of it.
    package enum Name {
        /// `SnowflakeFormat.text`.
        package static let format = "snowflake/format"
        /// Until when nobody may take a worker id, in milliseconds since 1970.
        package static let hold = "snowflake/hold"
        /// Written by each worker call, so that the others wait.
        package static let turn = "snowflake/turn"
        /// The server that the worker ids were last known good on. The central tables of a database have a record each, and what
        /// one of them notices does not concern the others; but worker ids are all of theirs.
        package static let server = "snowflake/server"
        /// How far ahead any daemon's lease has reached, and no farther than twice that, in milliseconds: hosts may be configured
        /// differently.
        package static let horizon = "snowflake/horizon"
    }

    /// The database's clock, in milliseconds since 1970.
    package let now: Int64
    package var format: String?
    /// As it is written down.
    package let hold: String?
    /// The server that is written down.
    package var recordedServer: String?
    /// The one that answers; nil where nothing tells.
    package let server: String?
    package var horizon: Int64?

    package init(
        now: Int64, format: String?, hold: String?, recordedServer: String? = nil, server: String? = nil,
        horizon: String? = nil
    ) {
        self.now = now
        self.format = format
        self.hold = hold
        self.recordedServer = recordedServer
        self.server = server
        // One that cannot be read is written anew by whoever comes next.
        self.horizon = horizon.flatMap { Int64($0) }
    }

    /// Why what the database says of worker ids is not to be trusted; nil: nothing tells against it.
    ///
    /// - Parameter isEmpty: there is not a single row. None is ever removed, and the first is written together with the format.
    func loss(isEmpty: @autoclosure () -> Bool) -> String? {
        if let recordedServer, let server, recordedServer != server {
            return
                "this server is \(server), but the worker ids were last known good on \(recordedServer): a failover or a "
                + "restored backup"
        }
        guard format != nil, !isHeld, isEmpty() else { return nil }
        return "the table leafd_worker is empty, and worker ids have been given out from it"
    }

    /// - Throws: `.conflict` if it cannot be read: that must stop whoever wants a worker id, not count as none.
    func heldUntil() throws(StoreError) -> Int64? {
        guard let hold else { return nil }
        guard let until = Int64(hold) else {
            throw StoreError(
                .conflict,
                "\(Name.hold) in leafd_state is no integer ('\(hold)'); write a time in milliseconds since 1970 that is long over"
            )
        }
        return until
    }

    /// When the last hold ended, or will; −1: there was none. One that cannot be read never does.
    var holdEnd: Int64 { hold.map { Int64($0) ?? .max } ?? -1 }

    /// Whether newcomers are being kept away.
    var isHeld: Bool { hold.flatMap { Int64($0) }.map { now <= $0 } ?? false }

    func time(in ahead: Int64) throws(StoreError) -> Int64 {
        let (time, overflow) = now.addingReportingOverflow(ahead)
        guard !overflow else {
            throw StoreError(
                .conflict, "\(ahead) ms after the database's clock (\(now)) is no time; lower snowflake.horizon")
        }
        return time
    }
}
