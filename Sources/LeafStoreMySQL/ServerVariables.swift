internal import LeafStore
internal import LeafStoreSQL

/// What a server says of its settings. Pure: what follows from them is decided here, for servers of every kind.
struct ServerVariables: Hashable, Sendable {
    /// SHOW VARIABLES, and SHOW GLOBAL STATUS of Galera; names in lower case.
    private let values: [String: String]

    init(_ values: [String: String]) {
        self.values = Dictionary(values.map { ($0.lowercased(), $1) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter replies: rows of name and value.
    init(_ replies: [RawReply]) {
        var values: [String: String] = [:]
        for row in replies.flatMap(\.rows) where row.count == 2 {
            guard let name = row[0].text else { continue }
            switch row[1] {
            case .text(let text), .other(let text): values[name] = text
            case .integer(let number): values[name] = String(number)
            case .null: break
            }
        }
        self.init(values)
    }

    /// In one round trip. `SHOW` leaves out what a server does not know.
    static let queries = [
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN (" + list(variableNames) + ")",
        "SHOW GLOBAL STATUS WHERE Variable_name IN (" + list(statusNames) + ")",
    ]

    private static let variableNames =
        [
            "version", "version_comment", "server_id", "server_uid", "server_uuid", "group_replication_group_name",
            "wsrep_on", "read_only",
            "super_read_only", "innodb_read_only", "tx_read_only", "transaction_read_only", "offline_mode", "log_bin",
            "binlog_format", "sync_binlog", "innodb_flush_log_at_trx_commit", "max_allowed_packet",
        ] + sessionSettings.map(\.name) + [
            "wsrep_sync_wait", "wsrep_retry_autocommit", "innodb_lock_wait_timeout", "lock_wait_timeout",
        ]

    private static let statusNames = ["wsrep_ready", "wsrep_cluster_status", "wsrep_cluster_state_uuid"]

    private static func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ",") }

    subscript(name: String) -> String? { values[name] }

    func isOn(_ name: String) -> Bool { !["", "OFF", "0", "NO", "NONE"].contains((self[name] ?? "").uppercased()) }

    var isMariaDB: Bool { (self["version"] ?? "").contains("MariaDB") || self["server_uid"] != nil }

    /// A node that is, or should be, in a Galera cluster.
    var isGalera: Bool { isOn("wsrep_on") }

    /// In bytes.
    var packetBytesMax: Int { self["max_allowed_packet"].flatMap { Int($0) } ?? 1 << 20 }

    // MARK: The session

    /// What other values a server, its `init_connect` or its proxy may have given the session that would make a lease go wrong: a
    /// commit that is none or begins another transaction, clamped values, results cut short.
    private static let sessionSettings: [(name: String, value: String)] = [
        ("autocommit", "1"), ("sql_mode", "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"), ("completion_type", "0"),
        ("sql_safe_updates", "0"), ("sql_select_limit", "18446744073709551615"), ("sql_auto_is_null", "0"),
        // In seconds. A lift locks all rows: where this host dies in the middle of one, the others are not to wait for hours.
        ("idle_transaction_timeout", "10"),
    ]

    /// The statements that set a session up.
    ///
    /// - Parameter queryTimeout: a server gives up waiting for locks before leafd gives up waiting for it, where whole seconds
    ///   allow that: else what was abandoned would queue there.
    func setup(queryTimeout: Duration) -> [String] {
        let seconds = String(max(1, queryTimeout.components.seconds))
        var settings = Self.sessionSettings
        settings += [("innodb_lock_wait_timeout", seconds), ("lock_wait_timeout", seconds)]
        if isGalera {
            // Reads and writes wait until this node has applied what the others have acknowledged.
            settings.append(("wsrep_sync_wait", "7"))
            // By default the node runs again what has lost against another node's write. Of a transaction that travels in one
            // text and was rolled back, it then answers the COMMIT with OK: a range that the other node has leased.
            settings.append(("wsrep_retry_autocommit", "0"))
        }
        let known = settings.filter { self[$0.name] != nil }.map { "SESSION \($0.name) = \($0.value)" }
        return [
            "SET NAMES utf8mb4", "SET " + known.joined(separator: ", "),
            "SET SESSION TRANSACTION ISOLATION LEVEL \(isolation)",
        ]
    }

    /// Under READ COMMITTED each statement reads what has been committed by then. InnoDB refuses it with a binary log of
    /// statements (error 1665).
    var isolation: String {
        isOn("log_bin") && self["binlog_format"]?.uppercased() == "STATEMENT" ? "REPEATABLE READ" : "READ COMMITTED"
    }

    // MARK: Fit to be leased from?

    /// Throws where nothing can be leased.
    func requireServing(_ place: MySQLPlace) throws(StoreError) {
        if isGalera {
            if let ready = self["wsrep_ready"], ready.uppercased() != "ON" {
                throw place.error(
                    .unavailable,
                    "this Galera node is not ready (wsrep_ready=\(ready)): mend the cluster, or name its other nodes in store.url"
                )
            }
            if let status = self["wsrep_cluster_status"], status.lowercased() != "primary" {
                throw place.error(
                    .unavailable,
                    "this Galera node is not in the cluster's primary part (wsrep_cluster_status=\(status)): mend the cluster, or name "
                        + "its other nodes in store.url")
            }
        }
        if isOn("offline_mode") { throw place.error(.unavailable, "the server is offline (offline_mode=ON)") }
        // Whoever may write all the same would lease on a replica what the primary leases too.
        for name in ["super_read_only", "read_only", "innodb_read_only", "transaction_read_only", "tx_read_only"]
        where isOn(name) {
            throw place.error(
                .readOnly,
                "the server takes no writes (\(name)=\(self[name] ?? "")): it is a replica, or being moved; name the one that does "
                    + "in store.url")
        }
    }

    /// Throws where the lease statement, which checks the server's identity, would be run anew by replicas: there the identity is
    /// another, the counter stays as it was, and a failover would lease ranges again. A binary log of rows has no such trouble,
    /// and a mixed one takes rows for statements like this. The server says the same by a note at each lease (1592).
    func requireReplicable(_ place: MySQLPlace) throws(StoreError) {
        guard isOn("log_bin"), self["binlog_format"]?.uppercased() == "STATEMENT", identity != nil else { return }
        throw place.error(
            .misconfigured,
            "binlog_format is STATEMENT: replicas would run leases anew, and miss them; set it to ROW or MIXED there, or set "
                + "store.identity: none")
    }

    /// SQL that evaluates to what tells this server from any other; nil where nothing does.
    var identity: String? {
        if isGalera {
            // The same on all nodes. No server variable holds it; the status does.
            guard let id = self["wsrep_cluster_state_uuid"], !id.isEmpty,
                !id.hasPrefix("00000000-0000-0000-0000-000000000000")
            else { return nil }
            let schema = isMariaDB ? "information_schema" : "performance_schema"
            return "CONCAT('galera:', (SELECT VARIABLE_VALUE FROM \(schema).global_status "
                + "WHERE VARIABLE_NAME = 'wsrep_cluster_state_uuid'))"
        }
        if let group = self["group_replication_group_name"], !group.isEmpty {
            return "CONCAT('mysql-group:', @@global.group_replication_group_name)"
        }
        if let id = self["server_uuid"], !id.isEmpty { return "CONCAT('mysql:', @@global.server_uuid)" }
        // A hash of the host's hardware address and the port, which containers share; replicas have other server_ids.
        if let id = self["server_uid"], !id.isEmpty {
            return "CONCAT('mariadb:', @@global.server_uid, ':', @@global.server_id)"
        }
        return nil
    }

    /// For HEALTH.
    func warnings(hasIdentity: Bool) -> [String] {
        var warnings: [String] = []
        // MariaDB's 3 syncs at each commit as well.
        if let flush = self["innodb_flush_log_at_trx_commit"], flush != "1", !(isMariaDB && flush == "3") {
            warnings.append(
                "innodb_flush_log_at_trx_commit is \(flush): a power cut of the server loses leases that it has acknowledged; set it to 1"
            )
        }
        if isOn("log_bin"), let sync = self["sync_binlog"], sync != "1" {
            warnings.append(
                "sync_binlog is \(sync): a power cut of the server loses leases from its binary log, and so on its replicas; set it to 1"
            )
        }
        if hasIdentity, identity == nil {
            warnings.append(
                "nothing tells this server from another (MariaDB before 10.11.9 has no server_uid): a failover to a replica that is "
                    + "behind is noticed only by leafd_agent and the floors of this host; update the server, or set store.identity: none"
            )
        }
        return warnings
    }
}
