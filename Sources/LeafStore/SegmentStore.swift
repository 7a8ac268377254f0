package import LeafCore

/// A central store: the one place where ranges of IDs are leased from, shared by every leafd (and Leaf server) of a fleet.
///
/// A store is a factory of sessions. Opening one and calling it blocks; whoever does so is a thread that may block
/// (`StoreDriver`), never an event loop or the shared concurrency pool.
package protocol SegmentStore: Sendable {
    /// `sqlite`, `mysql` or `postgresql`.
    var kind: String { get }

    /// Where the store is, fit for logs and STATS: no password in it.
    var redactedURL: String { get }

    /// How many sessions are of use at once: 1 for SQLite, whose writers exclude each other.
    var maxSessions: Int { get }

    /// Connects, and creates the schema if that is asked for and allowed. A store's identity is made together with the record
    /// of which server it is on, so that a database which has lost one has lost both.
    ///
    /// - Parameters:
    ///   - knownStore: the `store_id` that this host's journal knows, if any. A known store is never created anew: where its
    ///     file or tables are missing, that is an outage (`StoreError.Code.missing`), since a new one would lease the same
    ///     ranges again.
    ///   - mayCreate: this host has never had a store at this place. False also where it had one and cannot tell which: its
    ///     journal was damaged.
    func connect(knownStore: StoreID?, mayCreate: Bool) throws(StoreError) -> any StoreSession

    /// Ends calls in progress with an error, and refuses all later ones; from any thread. Called once, when the daemon stops:
    /// that must not wait for a server that does not answer.
    func interrupt()
}

extension SegmentStore {
    /// For stores whose calls end soon by themselves.
    package func interrupt() {}
}

/// One connection to the central store. Used by one thread at a time.
///
/// After a `StoreError` whose `isSessionLost` is true the session is closed and another must be opened. Every call that
/// writes checks in its own transaction that this still is the store and the server of `facts`, and throws
/// `.wentBackward` (the server, or this daemon's row), `.missing` or `.foreignStore` if not: then nothing was changed.
package protocol StoreSession: AnyObject {
    /// Which store this is: random, made together with the schema.
    var storeID: StoreID { get }

    /// Leases a segment for each request, in as few round trips as the database allows.
    ///
    /// One result for each request, in the same order. A result is `.leased` only when the database has acknowledged the
    /// commit; anything doubtful is thrown or comes back as `.abandoned`, and is never asked after or used. Throws
    /// `.wentBackward` if an agent's row is gone or older than its mark.
    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult]

    /// What a session finds out before its first lease, all in one transaction.
    ///
    /// - Parameter agentID: whose row to read.
    func facts(agentID: String) throws(StoreError) -> StoreFacts

    /// Moves this daemon's row in `leafd_agent`, if it still is what `beat.seen` says.
    ///
    /// - Returns: whether it did, and how often counters have been lifted. A store without `leafd_agent` says that it did.
    func beat(_ beat: AgentBeat) throws(StoreError) -> BeatReply

    /// Marks the row of an agent as contested: whoever else goes by that id finds it at the next beat.
    func contest(agentID: String) throws(StoreError)

    /// Lifts every counter of the table, as one transaction, and counts that as a lift.
    ///
    /// - Returns: false if another daemon was first (`CounterLift.expected`): nothing has been changed.
    func lift(_ lift: CounterLift) throws(StoreError) -> Bool

    /// Raises the counter of one tag, never lowers it. Throws `.noSuchTag`.
    ///
    /// - Returns: the counter afterwards.
    func bump(_ tag: Tag, to counter: Int64) throws(StoreError) -> Int64

    /// Removes the tombstone of a tag, so that it can be created at any START.
    func forget(_ tag: Tag) throws(StoreError)

    /// Leafd's own tables that this database lacks, and what is not guarded against without them: a line each, for HEALTH.
    var missingGuards: [String] { get }

    /// What the last `listTags` left out, and why: a line a row, for HEALTH.
    var skippedTags: [String] { get }

    /// Every tag of the table, with what the engine needs to know of it.
    func listTags() throws(StoreError) -> [TagDescription]

    /// Creates a tag. A tag that was dropped before continues above its tombstone plus `gap`.
    ///
    /// - Parameter agent: checked as for a lease: a database that went backward may have lost the tag, and must not get it
    ///   back at its first ID.
    /// - Throws: `.wentBackward` if the agent's row is gone or older, `.tagExists` unless `ifAbsent`, `.conflict` for a START below what has been leased before.
    /// - Returns: false if it was there already (`ifAbsent`), or if `ifAbsent` found a tombstone: what was dropped on
    ///   purpose does not come back by itself.
    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool

    /// Creates those of these tags that are not there, as `create` with `ifAbsent` does, in as few transactions as the database
    /// allows. After an error it is unknown which.
    ///
    /// - Returns: those that it has made.
    func createAbsent(_ tags: [NewTag], gap: Int64, agent: AgentMark?) throws(StoreError) -> [Tag]

    /// Sets the step of a tag. Throws `.noSuchTag`.
    func alter(_ tag: Tag, step: Int64) throws(StoreError)

    /// Removes a tag and leaves a tombstone with its counter. Throws `.noSuchTag`.
    func drop(_ tag: Tag) throws(StoreError)

    /// Takes a worker id for this daemon, as `WorkerRule` decides, with the checks of every write. An error leaves open whether
    /// it was taken; nothing is stamped with it then.
    func claim(_ claim: WorkerClaim) throws(StoreError) -> WorkerClaimResult

    /// Moves the last time of worker ids that this daemon holds, in one transaction.
    ///
    /// - Returns: one result for each, in the same order.
    func renew(_ renewals: [WorkerRenewal]) throws(StoreError) -> [WorkerRenewalResult]

    /// Every row of `leafd_worker`. Throws `.conflict` where there is no such table.
    func listWorkers() throws(StoreError) -> WorkerList

    /// Takes a worker id from its holder, for an operator. The holder stamps on until its next renewal tells it, or up to its
    /// last time; after that time anybody can claim it.
    ///
    /// - Returns: the row as it is afterwards. One that was released already stays as it is.
    /// - Throws: `.conflict` where there is no such row, or no such table.
    func releaseWorker(_ worker: Int) throws(StoreError) -> WorkerRow

    /// A cheap round trip that shows the store answers and is still the same one.
    func ping() throws(StoreError)

    func close()
}

extension StoreSession {
    /// For stores without round trips.
    package func createAbsent(_ tags: [NewTag], gap: Int64, agent: AgentMark?) throws(StoreError) -> [Tag] {
        var made: [Tag] = []
        for tag in tags where try create(tag, ifAbsent: true, gap: gap, agent: agent) { made.append(tag.tag) }
        return made
    }
}

extension StoreSession {
    private static var noWorkers: String { "this store gives out no worker ids" }

    /// For stores that hold segments alone.
    package func claim(_ claim: WorkerClaim) throws(StoreError) -> WorkerClaimResult { .unsupported(Self.noWorkers) }

    package func renew(_ renewals: [WorkerRenewal]) throws(StoreError) -> [WorkerRenewalResult] {
        renewals.map { _ in .unsupported(Self.noWorkers) }
    }

    package func listWorkers() throws(StoreError) -> WorkerList { throw StoreError(.conflict, Self.noWorkers) }

    package func releaseWorker(_ worker: Int) throws(StoreError) -> WorkerRow {
        throw StoreError(.conflict, Self.noWorkers)
    }
}
