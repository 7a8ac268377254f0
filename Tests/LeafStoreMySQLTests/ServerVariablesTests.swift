import LeafStore
import LeafStoreSQL
import Testing

@testable import LeafStoreMySQL

@Suite("What a server's settings mean")
struct ServerVariablesTests {
    static let mariaDB = [
        "version": "10.11.19-MariaDB-log", "server_uid": "Xy+1", "server_id": "7", "wsrep_on": "OFF",
        "read_only": "OFF",
        "innodb_read_only": "OFF", "tx_read_only": "OFF", "log_bin": "ON", "binlog_format": "MIXED", "sync_binlog": "1",
        "innodb_flush_log_at_trx_commit": "1", "autocommit": "ON", "sql_mode": "", "completion_type": "NO_CHAIN",
        "innodb_lock_wait_timeout": "50", "lock_wait_timeout": "86400", "wsrep_sync_wait": "0",
        "wsrep_retry_autocommit": "1",
        "max_allowed_packet": "16777216",
    ]
    static let mySQL = [
        "version": "8.0.36", "server_uuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562", "server_id": "1",
        "read_only": "OFF",
        "super_read_only": "OFF", "innodb_read_only": "OFF", "transaction_read_only": "OFF", "offline_mode": "OFF",
        "log_bin": "ON", "binlog_format": "ROW", "sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1",
        "autocommit": "ON",
        "sql_mode": "ONLY_FULL_GROUP_BY", "innodb_lock_wait_timeout": "50", "lock_wait_timeout": "31536000",
    ]
    static let galera = mariaDB.merging([
        "wsrep_on": "ON", "wsrep_ready": "ON", "wsrep_cluster_status": "Primary",
        "wsrep_cluster_state_uuid": "8ae0c2f2-c662-11f0-a2ab-1f0e4e0b5d2c",
    ]) { $1 }

    private func variables(_ base: [String: String], _ changes: [String: String] = [:], without: [String] = [])
        -> ServerVariables
    {
        ServerVariables(base.merging(changes) { $1 }.filter { !without.contains($0.key) })
    }

    @Test func `MariaDB is told by its uid and id`() {
        #expect(variables(Self.mariaDB).identity == "CONCAT('mariadb:', @@global.server_uid, ':', @@global.server_id)")
        #expect(variables(Self.mariaDB, without: ["server_uid"]).identity == nil)
        #expect(variables(Self.mariaDB, ["server_uid": ""]).identity == nil)
    }

    @Test func `MySQL is told by its uuid, or by that of its replication group`() {
        #expect(variables(Self.mySQL).identity == "CONCAT('mysql:', @@global.server_uuid)")
        let group = ["group_replication_group_name": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"]
        #expect(
            variables(Self.mySQL, group).identity == "CONCAT('mysql-group:', @@global.group_replication_group_name)")
        #expect(
            variables(Self.mySQL, ["group_replication_group_name": ""]).identity
                == "CONCAT('mysql:', @@global.server_uuid)")
    }

    @Test func `a Galera node is told by its cluster`() throws {
        let identity = try #require(variables(Self.galera).identity)
        #expect(identity.hasPrefix("CONCAT('galera:', (SELECT VARIABLE_VALUE FROM information_schema.global_status"))
        let percona = variables(Self.galera, ["version": "8.0.36-28.1"], without: ["server_uid"])
        #expect(percona.identity?.contains("FROM performance_schema.global_status") == true)
        for none in ["", "00000000-0000-0000-0000-000000000000"] {
            #expect(variables(Self.galera, ["wsrep_cluster_state_uuid": none]).identity == nil)
        }
        // Debian's MariaDB knows wsrep variables without being in a cluster.
        #expect(variables(Self.galera, ["wsrep_on": "OFF"]).identity?.contains("mariadb:") == true)
    }

    @Test func `an identity contains no parameter, whatever the server answers`() {
        for base in [Self.mariaDB, Self.mySQL, Self.galera] {
            let identity = variables(base, ["server_uid": "a':b", "server_uuid": "x':y"]).identity ?? ""
            #expect(SQLText("SELECT \(identity)").names.isEmpty)
        }
    }

    static let place = MySQLPlace(.tcp(host: "db1", port: 3306), user: "leaf", database: "ids")

    @Test(arguments: ["super_read_only", "read_only", "innodb_read_only", "transaction_read_only", "tx_read_only"])
    func `a server that is read-only in any way is refused`(name: String) throws {
        for base in [Self.mariaDB, Self.mySQL] {
            try variables(base).requireServing(Self.place)
            for value in ["ON", "1", "NO_LOCK"] {
                let error = try storeError(.readOnly) { try variables(base, [name: value]).requireServing(Self.place) }
                #expect(
                    error.isSessionLost && error.message.contains("\(name)=\(value)")
                        && error.message.contains("db1:3306"))
            }
        }
    }

    @Test(arguments: [
        ["wsrep_ready": "OFF"], ["wsrep_cluster_status": "non-Primary"], ["wsrep_cluster_status": "Disconnected"],
    ])
    func `a Galera node out of its cluster is refused`(change: [String: String]) throws {
        try variables(Self.galera).requireServing(Self.place)
        let error = try storeError(.unavailable) { try variables(Self.galera, change).requireServing(Self.place) }
        #expect(error.isSessionLost && error.message.contains("cluster"))
    }

    @Test func `settings that lose commits are warned about, with value and remedy`() {
        for base in [Self.mariaDB, Self.mySQL, Self.galera] {
            #expect(variables(base).warnings(hasIdentity: true) == [])
        }
        let loose = variables(Self.mySQL, ["innodb_flush_log_at_trx_commit": "2", "sync_binlog": "0"]).warnings(
            hasIdentity: true)
        #expect(loose.count == 2)
        #expect(loose[0].contains("innodb_flush_log_at_trx_commit is 2") && loose[0].contains("set it to 1"))
        #expect(loose[1].contains("sync_binlog is 0") && loose[1].contains("set it to 1"))
        #expect(variables(Self.mySQL, ["sync_binlog": "0", "log_bin": "OFF"]).warnings(hasIdentity: true) == [])
        #expect(variables(Self.mariaDB, ["innodb_flush_log_at_trx_commit": "3"]).warnings(hasIdentity: true) == [])
        let nameless = variables(Self.mariaDB, without: ["server_uid"])
        #expect(nameless.warnings(hasIdentity: true).count == 1 && nameless.warnings(hasIdentity: false) == [])
    }

    @Test func `a session is set up with what the server knows, and nothing else`() {
        let mySQL = variables(Self.mySQL).setup(queryTimeout: .seconds(2)).joined(separator: ";")
        #expect(!mySQL.contains("wsrep") && !mySQL.contains("completion_type"))
        #expect(mySQL.contains("SESSION autocommit = 1") && mySQL.contains("STRICT_ALL_TABLES"))
        #expect(mySQL.contains("innodb_lock_wait_timeout = 2") && mySQL.contains("READ COMMITTED"))
        let galera = variables(Self.galera).setup(queryTimeout: .seconds(2)).joined()
        #expect(galera.contains("wsrep_sync_wait = 7") && galera.contains("wsrep_retry_autocommit = 0"))
        #expect(!variables(Self.mariaDB).setup(queryTimeout: .seconds(2)).joined().contains("wsrep"))
    }

    @Test func `a server gives up on a lock no later than leafd on the server, but for a second`() {
        for (timeout, seconds) in [
            (Duration.milliseconds(300), 1), (.milliseconds(1999), 1), (.milliseconds(2000), 2), (.seconds(61), 61),
        ] {
            let setup = variables(Self.mySQL).setup(queryTimeout: timeout).joined()
            #expect(
                setup.contains("innodb_lock_wait_timeout = \(seconds),")
                    && setup.contains("lock_wait_timeout = \(seconds)"))
        }
    }

    @Test func `a binary log of statements asks for another isolation`() {
        #expect(variables(Self.mariaDB, ["binlog_format": "STATEMENT"]).isolation == "REPEATABLE READ")
        #expect(
            variables(Self.mariaDB, ["binlog_format": "STATEMENT", "log_bin": "OFF"]).isolation == "READ COMMITTED")
        #expect(variables(Self.mariaDB).isolation == "READ COMMITTED")
    }

    @Test func `literals are the same under every character set and sql_mode`() {
        #expect(SQLValue.text("a'b\\").literal == "_utf8mb4 X'6127625c'" && SQLValue.text("").literal == "_utf8mb4 ''")
        #expect(SQLValue.text("\u{1}ü").literal == "_utf8mb4 X'01c3bc'" && SQLValue.null.literal == "NULL")
        #expect(SQLValue.integer(.max).literal == "9223372036854775807" && SQLValue.integer(-5).literal == "-5")
        #expect(SQLValue.integer(.min).literal == "(-9223372036854775807 - 1)")
        let text = SQLText("SELECT :a, ':a', :b, :a", returnsRows: true)
        let statement = SQLStatement(text, ["a": .integer(1), "b": .text("x;y")])
        #expect(statement.literalText == "SELECT 1, ':a', _utf8mb4 X'783b79', 1")
    }
}
