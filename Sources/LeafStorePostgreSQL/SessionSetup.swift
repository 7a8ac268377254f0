import LeafCore
import LeafStoreSQL

/// What a session, or behind a pooler each transaction, is to keep to.
///
/// - `synchronous_commit`: an acknowledged commit outlives the server. A stricter value than `on` stays.
/// - READ COMMITTED: a lease waits for the one before it and takes the next range. At higher levels it would fail.
/// - Keepalives from the server's side: it is to let go of the locks of a host that has vanished, within 11 s.
/// - Timeouts a little below leafd's own, so that a server does not go on with what nobody waits for any more.
///
/// `default_transaction_read_only` is left as it is: whoever froze a database, such as one that is being moved away, meant it.
struct SessionSetup {
    private let statementTimeout: String
    private let lockTimeout: String
    private let idleTimeout: String

    init(queryTimeout: Duration) {
        let milliseconds = max(1, Int(queryTimeout.inMilliseconds))
        // A lock waited for too long is no reason to lose the session, so that comes first. 0 would be no limit.
        statementTimeout = String(max(1, milliseconds * 95 / 100))
        lockTimeout = String(max(1, milliseconds * 90 / 100))
        idleTimeout = String(max(10_000, 2 * milliseconds))
    }

    /// Sets the session up, in one round trip. Behind a pooler, whose session is lent to others too, it sets nothing for
    /// longer than itself.
    ///
    /// - Parameter backend: the process that the server's greeting named. A pooler (pgbouncer) names one that is not there.
    /// - Returns: a statement with one row: first, whether there is a pooler.
    func statement(backend: Int32) -> SQLStatement {
        SQLStatement(Self.setup, values.merging(["backend": .integer(Int64(backend))]) { $1 })
    }

    /// The first statement of each transaction behind a pooler.
    var prelude: SQLStatement { SQLStatement(Self.prelude, values) }

    private var values: [String: SQLValue] {
        ["statement": .text(statementTimeout), "lock": .text(lockTimeout), "idle": .text(idleTimeout)]
    }

    private static let setup = SQLText(
        """
        SELECT is_pooled, \(common("is_pooled")),
            set_config('default_transaction_isolation', 'read committed', is_pooled),
            set_config('standard_conforming_strings', 'on', is_pooled),
            set_config('tcp_keepalives_idle', '5', is_pooled), set_config('tcp_keepalives_interval', '2', is_pooled),
            set_config('tcp_keepalives_count', '3', is_pooled)
          FROM (SELECT pg_backend_pid() <> :backend AS is_pooled) AS backend
        """, returnsRows: true)

    private static let prelude = SQLText("SELECT \(common("true"))", returnsRows: true)

    /// - Parameter isLocal: whether it ends with the transaction.
    private static func common(_ isLocal: String) -> String {
        """
        set_config('synchronous_commit',
                CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                    ELSE current_setting('synchronous_commit') END, \(isLocal)),
            set_config('statement_timeout', :statement, \(isLocal)),
            set_config('lock_timeout', :lock, \(isLocal)),
            set_config('idle_in_transaction_session_timeout', :idle, \(isLocal))
        """
    }
}
