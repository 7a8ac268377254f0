/// Two PostgreSQL servers, one of which is a hot standby of the other by streaming replication.
package final class PostgreSQLPair: ServerPair {
    package let primary: PostgreSQLServer
    package let replica: PostgreSQLServer

    /// Starts both, and waits until the standby follows.
    ///
    /// - Parameter options: more settings, for both.
    package init(_ options: [String] = []) throws {
        let common = ["wal_keep_size=64MB", "hot_standby=on"] + options
        let primary = try PostgreSQLServer(common)
        self.primary = primary
        replica = try PostgreSQLServer(common, certificates: nil) { process, path in
            try process.account.run(
                [
                    PostgreSQLServer.program("pg_basebackup"), "--pgdata=\(path)", "--host=\(primary.socketPath)",
                    "--port=\(primary.port)", "--username=postgres", "--checkpoint=fast", "--wal-method=stream",
                    "--write-recovery-conf", "--no-sync",
                ], in: process.folder)
        }
        try replica.start()
        try waitUntilCaughtUp()
    }

    package func waitUntilCaughtUp() throws {
        let position = try primary.sql("SELECT pg_current_wal_lsn()")
        try eventually("the standby comes to \(position)", every: .milliseconds(10)) {
            try replica.sql("SELECT pg_last_wal_replay_lsn() >= '\(position)'") == "t"
        }
    }

    package func holdReplica() throws {
        try follow("")
        try eventually("the standby has let go") {
            try replica.sql("SELECT COUNT(*) FROM pg_stat_wal_receiver") == "0"
        }
    }

    package func releaseReplica() throws {
        try follow("host=\(primary.socketPath) port=\(primary.port) user=postgres")
    }

    private func follow(_ connection: String) throws {
        try replica.sql("ALTER SYSTEM SET primary_conninfo = '\(connection)'")
        try replica.reload()
    }

    /// It starts a new timeline.
    package func promoteReplica() throws {
        guard try replica.sql("SELECT pg_promote(true, 60)") == "t" else {
            throw TestProblem("the standby cannot be promoted:\n\(replica.log)")
        }
        try eventually("the standby is a primary") { try replica.sql("SELECT pg_is_in_recovery()") == "f" }
    }
}
