/// What the journal keeps of a worker id: everything that a start needs to go on stamping without the database.
///
/// All times are milliseconds since 1970.
package struct WorkerRecord: Hashable, Sendable {
    /// 0 …< the layout's workers.
    package var worker: Int
    /// Of the lease, as `leafd_worker` has it.
    package var generation: Int64
    /// Which of the journal's stocks it belongs to (`JournalHeader.epoch`): one of another epoch has been given up.
    package var epoch: UInt64
    /// `SnowflakeFormat.text` of the IDs made under it.
    package var format: String
    /// The last time that may be stamped, as the database has acknowledged it.
    package var lastTime: Int64
    /// Nothing at or above it has been stamped. After a crash, stamping resumes here.
    package var hi: Int64
    /// The most by which the next commit may raise `hi`. A start that cannot prove that it reads the newest commit resumes at
    /// `hi` + `cap`.
    package var cap: Int64

    package init(
        worker: Int, generation: Int64, epoch: UInt64, format: String, lastTime: Int64, hi: Int64, cap: Int64
    ) {
        self.worker = worker
        self.generation = generation
        self.epoch = epoch
        self.format = format
        self.lastTime = lastTime
        self.hi = hi
        self.cap = cap
    }

    /// What is wrong with the record, or nil.
    package var problem: String? {
        guard (0...65_535).contains(worker) else { return "worker \(worker)" }
        guard generation >= 1, lastTime >= 0, hi >= 0, cap >= 0 else { return "a negative field" }
        guard hi.addingReportingOverflow(cap).overflow == false else { return "cap \(cap) above hi \(hi)" }
        return nil
    }
}
