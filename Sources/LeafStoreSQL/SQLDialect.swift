package import LeafStore

/// What is different from one kind of database to the other.
package protocol SQLDialect: Sendable {
    /// `mysql` or `postgresql`: `SegmentStore.kind`.
    var kind: String { get }

    /// Connects to one host and logs in. Ends within `login.connectTimeout`, or when `interrupt` fires.
    ///
    /// The session is set up before it is returned: UTF-8, READ COMMITTED, autocommit and strict mode, synchronous_commit,
    /// wsrep_sync_wait.
    func connect(_ address: ServerAddress, _ login: ServerLogin, _ interrupt: Interrupt) throws(StoreError)
        -> any SQLConnection

    /// Finds out which server answers, and how far it can be relied on.
    ///
    /// - Parameter hasIdentity: false: `store.identity: none`.
    /// - Throws: `.readOnly` with a lost session from a server that cannot be written to (a replica, read_only), `.unavailable`
    ///   from one that is not ready (a Galera node out of its cluster).
    func examine(_ connection: any SQLConnection, hasIdentity: Bool) throws(StoreError) -> ServerTraits

    /// Looks at a table of the current database; nil if there is none.
    ///
    /// - Throws: `.misconfigured` where it cannot be leased from at all (no such column, a view, not transactional, unlogged,
    ///   max_id no 64-bit integer, a collation that finds other tags than those of the same bytes and cannot be overruled).
    func inspect(_ table: TableName, _ connection: any SQLConnection) throws(StoreError) -> TableShape?

    /// Whether there is such a table (of leafd's own, `leafd_…`) that this user may read. One that is not transactional, or that
    /// the user may read and not write, is `.misconfigured`.
    func hasOwnTable(_ name: String, _ connection: any SQLConnection) throws(StoreError) -> Bool

    /// CREATE TABLE IF NOT EXISTS, for the central table, `leafd_state` and `leafd_agent`, a statement each.
    func schema(_ table: TableName) -> [SQLText]

    /// The same for `leafd_worker`.
    var workerSchema: SQLText { get }

    /// The name of the central table, quoted.
    func quoted(_ table: TableName) -> String
}

/// What a server says of itself at the start of a session.
package struct ServerTraits: Hashable, Sendable {
    /// SQL that evaluates, within any statement, to the text that tells this server from any other (`StoreFacts.server`). Nil:
    /// nothing does, or `identity: none`. It contains no parameter.
    package var identity: String?
    /// What operators should know, for HEALTH: settings that lose commits.
    package var warnings: [String]

    package init(identity: String?, warnings: [String]) {
        self.identity = identity
        self.warnings = warnings
    }
}

/// The central table as it was found.
package struct TableShape: Hashable, Sendable {
    package var hasDescription: Bool
    /// It has an update_time of a type that CURRENT_TIMESTAMP fits.
    package var hasUpdateTime: Bool
    /// It has an auto_clean, an integer or a truth value (goLeaf over GORM), which sets the counters of its tags back every day: these are not leased.
    package var hasAutoClean: Bool
    /// What operators should know, for HEALTH: no unique index on biz_tag.
    package var warnings: [String]

    package init(hasDescription: Bool, hasUpdateTime: Bool, hasAutoClean: Bool = false, warnings: [String] = []) {
        self.hasDescription = hasDescription
        self.hasUpdateTime = hasUpdateTime
        self.hasAutoClean = hasAutoClean
        self.warnings = warnings
    }
}

/// A table's name that needs no quoting beyond the quotes around it.
package struct TableName: Hashable, Sendable {
    package let text: String

    /// Takes letters, digits and underscores, at most 63, and not a name that leafd needs itself.
    package init(_ text: String) throws(StoreError) {
        let isIdentifier = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isIdentifier, (1...63).contains(text.utf8.count), text.first?.isNumber == false else {
            throw StoreError(
                .misconfigured,
                "store.table \"\(text)\": give 1 to 63 letters, digits and underscores, the first of them no digit, without a schema"
            )
        }
        guard !text.lowercased().hasPrefix("leafd_") else {
            throw StoreError(.misconfigured, "store.table \"\(text)\": names from leafd_ on are reserved")
        }
        self.text = text
    }
}
