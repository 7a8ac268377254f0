import Foundation
import LeafTestKit

/// A primary and its asynchronous replica that change places, again and again: who was killed comes back as a new replica of
/// the other, made from nothing.
final class ServerTurns {
    let kind: ServerKind
    /// Names both, the first primary first.
    let url: String
    private(set) var primary: any DatabaseServer
    private(set) var replica: any DatabaseServer

    /// Of the first primary, whose server_id is 1 (MariaDB).
    private let firstPort: Int
    private var renewals = 0

    private static let user = "follower"
    private static let password = "s3cret-of-follower"

    /// Starts both, and makes a database on them.
    init(_ kind: ServerKind) throws {
        self.kind = kind
        let pair: any ServerPair =
            switch kind {
            case .mariaDB: try MariaDBPair()
            case .postgreSQL: try PostgreSQLPair()
            }
        (url, primary, replica) = (pair.url, pair.primary, pair.replica)
        firstPort = primary.port
        try primary.makeDatabase()
        if kind == .mariaDB {
            try primary.sql(
                """
                CREATE USER \(Self.user)@'%' IDENTIFIED BY '\(Self.password)';
                GRANT REPLICATION SLAVE ON *.* TO \(Self.user)@'%';
                """)
        }
        try catchUp()
    }

    /// Waits until the replica has all that the primary has now.
    func catchUp() throws {
        switch kind {
        case .mariaDB:
            let position = try primary.sql("SELECT @@gtid_binlog_pos")
            let status = try replica.sql("SELECT MASTER_GTID_WAIT('\(position)', 30)")
            guard status == "0" else { throw TestProblem("the replica does not come to \(position):\n\(replica.log)") }
        case .postgreSQL:
            let position = try primary.sql("SELECT pg_current_wal_lsn()")
            try eventually("the standby comes to \(position)", every: .milliseconds(10)) {
                try replica.sql("SELECT pg_last_wal_replay_lsn() >= '\(position)'") == "t"
            }
        }
    }

    /// Cuts the replica off: all that follows is lost with the primary.
    func holdReplica() throws {
        switch kind {
        case .mariaDB: try replica.sql("STOP SLAVE IO_THREAD")
        case .postgreSQL:
            try replica.sql("ALTER SYSTEM SET primary_conninfo = ''")
            try replica.sql("SELECT pg_reload_conf()")
            try eventually("the standby has let go") {
                try replica.sql("SELECT COUNT(*) FROM pg_stat_wal_receiver") == "0"
            }
        }
    }

    /// Makes the replica the primary. What was the primary is to have ended.
    func promote() throws {
        switch kind {
        case .mariaDB:
            try replica.sql("STOP SLAVE IO_THREAD")
            try eventually("the replica has carried out what it has") {
                try replica.sql(
                    """
                    SELECT COUNT(*) FROM information_schema.processlist
                    WHERE command = 'Slave_SQL' AND state LIKE 'Slave has read all relay log%'
                    """) == "1"
            }
            // Who is promoted again has the name that it had then.
            let name = replica.port == firstPort ? 1 : 2
            try replica.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL server_id = \(name)")
            try replica.sql("SET GLOBAL read_only = 0")
        case .postgreSQL:
            guard try replica.sql("SELECT pg_promote(true, 60)") == "t" else {
                throw TestProblem("the standby cannot be promoted:\n\(replica.log)")
            }
        }
        swap(&primary, &replica)
    }

    /// As operators do it: no writes any more, all of them carried over, then the change.
    func switchOver() throws {
        try primary.setReadOnly(true)
        try catchUp()
        try primary.stop()
        try promote()
    }

    /// Makes a new replica out of the server that was the primary before, in its place, and lets it catch up.
    func renewReplica() throws {
        if replica.isRunning { try replica.stop() }
        let data = URL(fileURLWithPath: replica.socketPath).path
        switch kind {
        case .mariaDB:
            let folder = URL(fileURLWithPath: data).deletingLastPathComponent().path
            try FileManager.default.removeItem(atPath: folder + "/data")
            try run(
                "mariadb-install-db",
                [
                    "--no-defaults", "--datadir=\(folder)/data", "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                ], as: "mysql", in: folder)
            // Under its own name it would leave out what it has written itself in its life before. Under one that another
            // has borne as well, what that has written before it was given its own.
            renewals += 1
            try replica.start(with: ["--read-only=1", "--server-id=\(100 + renewals)"])
            try replica.sql(
                """
                CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=\(primary.port), MASTER_USER='\(Self.user)',
                    MASTER_PASSWORD='\(Self.password)', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1;
                START SLAVE;
                """)
        case .postgreSQL:
            try FileManager.default.removeItem(atPath: data + "/data")
            try run(
                "pg_basebackup",
                [
                    "--pgdata=\(data)/data", "--host=\(primary.socketPath)", "--port=\(primary.port)",
                    "--username=postgres", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf",
                    "--no-sync",
                ], as: "postgres", in: data)
            try replica.start()
        }
        try catchUp()
    }

    /// Runs a program as the servers run: under the system's account for them if the tests are root's.
    private func run(_ program: String, _ arguments: [String], as account: String, in folder: String) throws {
        let result =
            geteuid() == 0
            ? try Tool.run(
                "setpriv", ["--reuid=\(account)", "--regid=\(account)", "--init-groups", program] + arguments,
                environment: ["HOME": folder], folder: folder)
            : try Tool.run(program, arguments, environment: ["HOME": folder], folder: folder)
        guard result.isSuccess else { throw TestProblem("\(program): \(result.output)\(result.errors)") }
    }
}
