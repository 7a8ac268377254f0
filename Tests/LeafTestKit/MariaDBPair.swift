/// Two MariaDB servers, one of which replicates the other by global transaction ids.
package final class MariaDBPair: ServerPair {
    package let primary: MariaDBServer
    package let replica: MariaDBServer

    private static let user = "replicator"
    private static let password = "s3cret-of-replicator"

    /// Starts both, and waits until the replica follows.
    ///
    /// - Parameter options: more options of mariadbd, for both.
    package init(_ options: [String] = []) throws {
        let common = ["--log-bin=bin", "--sync-binlog=1", "--log-slave-updates", "--slave-net-timeout=5"] + options
        primary = try MariaDBServer(common + ["--server-id=1"])
        replica = try MariaDBServer(common + ["--server-id=2", "--read-only=1"])
        try primary.sql(
            """
            CREATE USER \(MariaDBPair.user)@'%' IDENTIFIED BY '\(MariaDBPair.password)';
            GRANT REPLICATION SLAVE ON *.* TO \(MariaDBPair.user)@'%';
            """)
        try replica.sql(
            """
            CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=\(primary.port), MASTER_USER='\(MariaDBPair.user)',
                MASTER_PASSWORD='\(MariaDBPair.password)', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1;
            START SLAVE;
            """)
        try waitUntilCaughtUp()
    }

    package func waitUntilCaughtUp() throws {
        let position = try primary.sql("SELECT @@gtid_binlog_pos")
        let status = try replica.sql("SELECT MASTER_GTID_WAIT('\(position)', 30)")
        guard status == "0" else { throw TestProblem("the replica does not come to \(position):\n\(replica.log)") }
    }

    package func holdReplica() throws {
        try replica.sql("STOP SLAVE IO_THREAD")
    }

    package func releaseReplica() throws {
        try replica.sql("START SLAVE IO_THREAD")
    }

    package func promoteReplica() throws {
        try replica.sql("STOP SLAVE IO_THREAD")
        // What has come is carried out first, as a failover tool does it.
        try eventually("the replica has carried out what it has") {
            try replica.sql(
                """
                SELECT COUNT(*) FROM information_schema.processlist
                WHERE command = 'Slave_SQL' AND state LIKE 'Slave has read all relay log%'
                """) == "1"
        }
        // A restart makes it read-only again: `restart(with: ["--read-only=0"])`.
        try replica.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")
    }
}
