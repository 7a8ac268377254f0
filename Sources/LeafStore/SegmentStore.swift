package import LeafCore

/// A central store: the one place where ranges of IDs are leased from, shared by every leafd (and Leaf server) of a fleet.
///
/// A store is a factory of sessions. Opening one and calling it blocks; whoever does so is a thread that may block
/// (`StorePool`), never an event loop or the shared concurrency pool.
package protocol SegmentStore: Sendable {
    /// `sqlite`, `mysql` or `postgresql`.
    var kind: String { get }

    /// Where the store is, fit for logs and STATS: no password in it.
    var redactedURL: String { get }

    /// How many sessions are of use at once: 1 for SQLite, whose writers exclude each other.
    var maxSessions: Int { get }

    /// Connects, and creates the schema if that is asked for and allowed.
    ///
    /// - Parameter knownStore: the `store_id` that this host's journal knows, if any. A known store is never created
    ///   anew: where its file or tables are missing, that is an outage (`StoreError.Code.missing`), since a new one would
    ///   lease the same ranges again.
    func connect(knownStore: StoreID?) throws(StoreError) -> any StoreSession
}

/// One connection to the central store. Used by one thread at a time.
///
/// After a `StoreError` whose `isSessionLost` is true the session is closed and another must be opened.
package protocol StoreSession: AnyObject {
    /// Which store this is: random, made together with the schema.
    var storeID: StoreID { get }

    /// Leases a segment for each request, in as few round trips as the database allows.
    ///
    /// One result for each request, in the same order. A result is `.leased` only when the database has acknowledged the
    /// commit; anything doubtful is thrown or comes back as `.abandoned`, and is never asked after or used.
    func lease(_ requests: [LeaseRequest]) throws(StoreError) -> [LeaseResult]

    /// Makes this daemon known before its first lease: its row in `leafd_agent`, at the given beat.
    func register(agent: AgentMark, host: String) throws(StoreError)

    /// Every tag of the table, with what the engine needs to know of it.
    func listTags() throws(StoreError) -> [TagDescription]

    /// Creates a tag. A tag that was dropped before continues above its tombstone plus `gap`.
    ///
    /// - Parameter agent: checked as for a lease: a database that went backward may have lost the tag, and must not get it
    ///   back at its first ID.
    /// - Throws: `.missing` if the agent's row is gone or older, `.tagExists` unless `ifAbsent`, `.conflict` for a START below what has been leased before.
    /// - Returns: false if it was there already (`ifAbsent`), or if `ifAbsent` found a tombstone: what was dropped on
    ///   purpose does not come back by itself.
    func create(_ tag: NewTag, ifAbsent: Bool, gap: Int64, agent: AgentMark?) throws(StoreError) -> Bool

    /// Sets the step of a tag. Throws `.noSuchTag`.
    func alter(_ tag: Tag, step: Int64) throws(StoreError)

    /// Removes a tag and leaves a tombstone with its counter. Throws `.noSuchTag`.
    func drop(_ tag: Tag) throws(StoreError)

    /// A cheap round trip that shows the store answers and is still the same one.
    func ping() throws(StoreError)

    func close()
}
