/// `leafd_worker`, with what `leafd_state` has of snowflakes: what a session's statements make of it. Times are milliseconds
/// since 1970, by the database's clock.
struct SimulatedWorkerTable {
    struct Row: Hashable {
        var holder: String
        /// Empty: leased.
        var machine: String
        var generation: Int64
        var lastTime: Int64
    }

    enum ClaimReply {
        case claimed(worker: Int, generation: Int64, above: Int64, lastTime: Int64, database: Int64)
        case held
        case taken
        case otherFormat
    }

    enum RenewalReply {
        case renewed(lastTime: Int64, database: Int64)
        case lost
        case otherFormat
    }

    private(set) var rows: [Int: Row] = [:]
    /// Nobody takes a worker id before.
    private(set) var hold: Int64 = -1
    private(set) var format: String?

    struct Claim {
        let configured: Int?
        let machine: String
        let workers: Int
        let format: String
        let holder: String
        let ahead: Int64
        let succeeding: SnowflakeRoster.Predecessor?
    }

    mutating func claim(_ claim: Claim, now: Int64) -> ClaimReply {
        guard DuplicateGuard.takeoverHold.holds(now > hold) else { return .held }
        guard DuplicateGuard.format.holds(format == nil || format == claim.format) else { return .otherFormat }
        guard let worker = claim.configured.map({ isFree($0, claim, now) ? $0 : nil }) ?? choose(claim, now) else {
            return .taken
        }
        // Whoever held it by a claim that the database has lost stamped no later than the hold.
        let above = max(
            rows[worker]?.lastTime ?? -1,
            DuplicateGuard.aboveTheHold.isOn && DuplicateGuard.takeoverHold.isOn ? hold : -1)
        let row = Row(
            holder: claim.holder, machine: claim.configured == nil ? "" : claim.machine,
            generation: (rows[worker]?.generation ?? 0) + 1, lastTime: max(above, now + claim.ahead))
        rows[worker] = row
        format = claim.format
        return .claimed(
            worker: worker, generation: row.generation, above: above, lastTime: row.lastTime, database: now)
    }

    private func isFree(_ worker: Int, _ claim: Claim, _ now: Int64) -> Bool {
        guard let row = rows[worker] else { return true }
        guard row.machine == claim.machine || row.machine.isEmpty else { return false }
        guard row.machine == claim.machine, let before = claim.succeeding, before.worker == worker else {
            return row.lastTime < now
        }
        let isIts = before.agentID == row.holder && before.generation == row.generation
        return DuplicateGuard.succession.holds(isIts) || row.lastTime < now
    }

    private func choose(_ claim: Claim, _ now: Int64) -> Int? {
        (0..<claim.workers).first { rows[$0] == nil }
            ?? (0..<claim.workers).filter {
                rows[$0]!.machine.isEmpty && rows[$0]!.lastTime < now
            }.min { (rows[$0]!.lastTime, $0) < (rows[$1]!.lastTime, $1) }
    }

    struct Renewal {
        let worker: Int
        let generation: Int64
        let lastTime: Int64
        let machine: String
        let format: String
        let holder: String
        let ahead: Int64
    }

    mutating func renew(_ renewal: Renewal, now: Int64) -> RenewalReply {
        guard DuplicateGuard.format.holds(format == nil || format == renewal.format) else { return .otherFormat }
        let row = rows[renewal.worker]
        let isSame = row.map { $0.holder == renewal.holder && $0.generation == renewal.generation } ?? false
        if DuplicateGuard.generation.isOn {
            if isSame {
                // Over before the hold was: somebody may have taken it over whom the database has lost. A claim is told where
                // to begin.
                guard DuplicateGuard.lateRenewal.holds(renewal.lastTime >= min(now, hold)) else { return .lost }
            } else {
                guard row.map({ $0.generation < renewal.generation }) ?? true else { return .lost }
                guard DuplicateGuard.reassertion.holds(renewal.lastTime >= now) else { return .lost }
            }
        }
        // What a lift has added is not the holder's: a renewal that is lost may not have granted more than its age.
        let lastTime = max(renewal.lastTime, now + renewal.ahead)
        rows[renewal.worker] = Row(
            holder: renewal.holder, machine: isSame ? row!.machine : renewal.machine, generation: renewal.generation,
            lastTime: max(row?.lastTime ?? 0, lastTime))
        format = renewal.format
        return .renewed(lastTime: lastTime, database: now)
    }

    /// An operator takes it away.
    mutating func release(_ worker: Int) {
        guard let row = rows[worker] else { return }
        rows[worker] = Row(holder: "", machine: "", generation: row.generation + 1, lastTime: row.lastTime)
    }

    /// The database may have gone backward.
    mutating func lift(now: Int64, hold: Int64, horizon: Int64) {
        if DuplicateGuard.liftedLeases.isOn {
            for worker in rows.keys {
                let ahead = DuplicateGuard.liftedHorizon.isOn ? now + horizon : 0
                rows[worker]!.lastTime = max(rows[worker]!.lastTime + hold, ahead)
            }
        }
        self.hold = max(self.hold, now + hold)
    }
}
