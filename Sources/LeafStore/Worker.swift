/// A row of `leafd_worker`: who may stamp snowflakes with a worker id, and up to when.
///
/// All times are milliseconds since 1970, by the database's clock.
package struct WorkerRow: Hashable, Sendable {
    package let worker: Int
    /// The agent id of the daemon that holds it; empty: an operator has released it.
    package let holder: String
    /// The machine that a configured worker id belongs to; empty: leased, anybody's once its time is over.
    package let machine: String
    /// The name of the holder's host, for operators.
    package let host: String
    /// From 1; raised by one at each change of holder.
    package let generation: Int64
    /// The last time that the holder may stamp. Never lowered.
    package let lastTime: Int64

    package init(worker: Int, holder: String, machine: String, host: String, generation: Int64, lastTime: Int64) {
        self.worker = worker
        self.holder = holder
        self.machine = machine
        self.host = host
        self.generation = generation
        self.lastTime = lastTime
    }
}

/// Asks for a worker id.
package struct WorkerClaim: Hashable, Sendable {
    package enum Choice: Hashable, Sendable {
        /// Any of 0 …< `workers` that no machine has for itself and whose time is over, or that was never given out.
        case leased
        /// This one, for this machine alone. Refused while its time is not over (unless `succeeding` says who it comes from), and
        /// always if it is another machine's, or leased to somebody whose time is not over.
        case configured(Int, machine: String)
    }

    package let choice: Choice
    /// How many worker ids the layout has.
    package let workers: Int
    /// `SnowflakeFormat.text`: written down with the first claim; afterwards another one is refused.
    package let format: String
    /// The agent id of this daemon.
    package let holder: String
    package let host: String
    /// How far ahead of the database's clock to lease it, in milliseconds.
    package let ahead: Int64
    /// For a configured worker id that this machine's journal still knows, under the agent id of before: that row, as it was
    /// acknowledged. It may be taken over before its time is over if it still is that holder's and generation's, since its
    /// mark is known.
    package let succeeding: WorkerHold?
    /// Checked in the same transaction where `leafd_agent` exists.
    package let agent: AgentMark?

    package init(
        choice: Choice, workers: Int, format: String, holder: String, host: String, ahead: Int64,
        succeeding: WorkerHold?, agent: AgentMark?
    ) {
        precondition(workers >= 1 && ahead >= 0)
        self.choice = choice
        self.workers = workers
        self.format = format
        self.holder = holder
        self.host = host
        self.ahead = ahead
        self.succeeding = succeeding
        self.agent = agent
    }
}

/// A worker id as its holder knows it.
package struct WorkerHold: Hashable, Sendable {
    package let worker: Int
    package let holder: String
    package let generation: Int64

    package init(worker: Int, holder: String, generation: Int64) {
        self.worker = worker
        self.holder = holder
        self.generation = generation
    }
}

/// The outcome of a claim that did not throw.
package enum WorkerClaimResult: Hashable, Sendable {
    /// Acknowledged as committed: the worker id is this daemon's, for times above `above` up to `lastTime`.
    ///
    /// - above: where its holder before may have stamped to; −1: there was none.
    /// - databaseTime: the database's clock within the transaction.
    case claimed(worker: Int, generation: Int64, above: Int64, lastTime: Int64, databaseTime: Int64)
    /// Nobody may take a new worker id before that time: the database went backward, and its holders come first.
    case held(until: Int64, databaseTime: Int64)
    /// There is none: who holds the one that was asked for, or all of them.
    case taken([WorkerRow], databaseTime: Int64)
    /// The store's IDs have another format, which the text names.
    case otherFormat(String)
    /// The database cannot give out worker ids: the text says why (a table is missing) and what to do.
    case unsupported(String)
    /// It has lost what it knew of worker ids, as the text says: they are to be lifted first.
    case wentBackward(String)
}

/// Moves the last time of worker ids that this daemon holds.
package struct WorkerRenewal: Hashable, Sendable {
    package let hold: WorkerHold
    /// The last time acknowledged so far. The row's is never lower afterwards.
    package let lastTime: Int64
    /// The machine that it belongs to; empty: leased.
    package let machine: String
    package let host: String
    package let format: String
    /// How far ahead of the database's clock, in milliseconds.
    package let ahead: Int64
    package let agent: AgentMark?

    package init(
        hold: WorkerHold, lastTime: Int64, machine: String, host: String, format: String, ahead: Int64,
        agent: AgentMark?
    ) {
        self.hold = hold
        self.lastTime = lastTime
        self.machine = machine
        self.host = host
        self.format = format
        self.ahead = ahead
        self.agent = agent
    }
}

package enum WorkerRenewalResult: Hashable, Sendable {
    /// Acknowledged as committed: the holder may stamp up to `lastTime`. A row that the database has lost, or has at an older
    /// generation, has been put right.
    case renewed(lastTime: Int64, databaseTime: Int64)
    /// It is somebody else's by now, or was released.
    case lost(WorkerRow)
    /// The store's IDs have another format, which the text names.
    case otherFormat(String)
    /// The database cannot tell: the text says why (the table is missing, this row holds no integers) and what to do.
    case unsupported(String)
    /// It has lost what it knew of worker ids, as the text says: they are to be lifted first.
    case wentBackward(String)
}

/// All that `leafd_worker` holds, for operators.
package struct WorkerList: Hashable, Sendable {
    /// By worker id.
    package let rows: [WorkerRow]
    /// Rows that are not what they must be: a line each.
    package let skipped: [String]
    package let databaseTime: Int64
    /// `SnowflakeFormat.text`; nil: no worker id was claimed yet.
    package let format: String?
    /// Until then nobody takes a new worker id; nil: nothing holds that up.
    package let heldUntil: Int64?

    package init(rows: [WorkerRow], skipped: [String], databaseTime: Int64, format: String?, heldUntil: Int64?) {
        self.rows = rows
        self.skipped = skipped
        self.databaseTime = databaseTime
        self.format = format
        self.heldUntil = heldUntil
    }
}
