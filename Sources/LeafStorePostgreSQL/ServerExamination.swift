import LeafStore
import LeafStoreSQL

/// Finds out which server answers, and how far its commits can be relied on.
struct ServerExamination {
    private let connection: PostgreSQLConnection
    private var peer: Peer { connection.peer }

    init(_ connection: PostgreSQLConnection) {
        self.connection = connection
    }

    func traits(hasIdentity: Bool) throws(StoreError) -> ServerTraits {
        guard connection.serverVersion >= 12_00_00 else {
            let version = connection.serverVersion / 10_000
            throw connection.refusal(.misconfigured, "PostgreSQL \(version) is too old; leafd needs 12 or later")
        }
        let row = try connection.run(SQLStatement(Self.question)).rows.first ?? []
        guard row.count == 5 else {
            throw connection.refusal(
                .misconfigured, "the server does not answer as PostgreSQL does: it cannot be the store")
        }
        guard row[0] == .integer(0) else {
            throw connection.refusal(
                .readOnly, "the server is a standby (pg_is_in_recovery); name the primary in store.url")
        }
        guard row[1] == .text("off") else {
            throw connection.refusal(
                .readOnly,
                "default_transaction_read_only is on for the user \"\(peer.user)\", the database or the server; where "
                    + "nobody froze it on purpose, ALTER ROLE, DATABASE or SYSTEM … SET default_transaction_read_only = off"
            )
        }
        var warnings: [String] = []
        if row[2] == .text("off") {
            warnings.append(
                "fsync is off at \(peer): a crash of that host loses commits or the database; set fsync = on")
        }
        if row[3] == .text("off") {
            warnings.append(
                "full_page_writes is off at \(peer): a crash of that host may damage pages; set full_page_writes = on")
        }
        if row[4] == .text("off") {
            warnings.append(
                "synchronous_commit is off at \(peer) and cannot be switched on for leafd's sessions: a crash of the server "
                    + "loses the last leases; ALTER ROLE \"\(peer.user)\" SET synchronous_commit = on")
        }
        guard hasIdentity else { return ServerTraits(identity: nil, warnings: warnings) }
        if let problem = try identityProblem() {
            warnings.append(problem)
            return ServerTraits(identity: nil, warnings: warnings)
        }
        return ServerTraits(identity: Self.identity, warnings: warnings)
    }

    /// Tries the identity. Some hosted servers lack its functions, or do not permit them.
    private func identityProblem() throws(StoreError) -> String? {
        let without =
            "so a failover to a server that is behind shows only in the floors and beats of leafd; "
        switch try connection.attempt(SQLStatement(SQLText("SELECT " + Self.identity, returnsRows: true))) {
        case .success(let reply):
            if case .text(let text) = reply.rows.first?.first, !text.isEmpty { return nil }
            return "nothing tells the server at \(peer) from another, \(without)set store.identity: none to accept that"
        case .failure(let error):
            let reason = peer.error(from: error, "asking which server it is")
            // Not permitted, not there: that is what it is. A server that stops, or became a standby, is another matter.
            guard reason.code == .misconfigured else { throw connection.refusal(reason.code, reason.message) }
            return
                "which server answers at \(peer) cannot be asked (\(error.shown)), \(without)GRANT EXECUTE ON FUNCTION "
                + "pg_control_system(), pg_current_wal_lsn(), pg_walfile_name(pg_lsn) TO \"\(peer.user)\", or set "
                + "store.identity: none to accept that"
        }
    }

    /// The cluster, and the timeline, which changes with each promotion. The latter out of a WAL file's name, since the
    /// control file's lags behind a promotion.
    private static let identity =
        "('postgresql:' || (SELECT system_identifier FROM pg_control_system()) || ':' "
        + "|| substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))"

    private static let question = SQLText(
        """
        SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit')
        """, returnsRows: true)
}
