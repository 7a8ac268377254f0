import LeafClient
import LeafTestKit
import Testing

extension StoreFaults {
    /// Meant to be red without: the examination of the server's settings at each connection; `SET synchronous_commit = on`.
    @Suite("A server that may forget what it has acknowledged", .serialized)
    struct DurabilityTests {
        /// A daemon on the server, as soon as it has leased.
        private func daemon(_ server: any DatabaseServer, _ database: String) throws -> LeafDaemon {
            var setup = DaemonSetup()
            setup.settings += ["store.url=" + server.url(database: database), "store.create-schema=true"]
            setup.environment["LEAFD_STORE_PASSWORD"] = ServerUser.password
            let daemon = try LeafDaemon(setup)
            try eventually("an ID") { try daemon.ask("NEXT", "orders").integer }
            return daemon
        }

        /// HEALTH of a daemon that connects while the setting holds.
        private func expectWarning(
            _ server: any DatabaseServer, _ setting: String, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let database = Database.newName()
            try server.makeDatabase(database)
            let daemon = try daemon(server, database)
            let health = try daemon.health()
            figure("\(setting): HEALTH says: \(health)")
            #expect(
                health.hasPrefix("+DEGRADED") && health.contains(setting), "\(health)", sourceLocation: sourceLocation)
            #expect(
                daemon.log.split(separator: "\n").count { $0.contains(setting) } == 1, sourceLocation: sourceLocation)
        }

        @Test("MariaDB: HEALTH warns of what is not synced", .enabled(if: MariaDBServer.isAvailable, "no MariaDB"))
        func mariaDB() throws {
            let server = try StoreKind.mariaDB.server
            try server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
            try expectWarning(server, "innodb_flush_log_at_trx_commit")
            try server.restart(with: ["--log-bin", "--sync-binlog=0"])
            try expectWarning(server, "sync_binlog")
            try server.restart(with: ["--log-bin", "--sync-binlog=1"])
            let database = Database.newName()
            try server.makeDatabase(database)
            #expect(try daemon(server, database).health() == "+OK")
            try server.restart()
        }

        @Test("PostgreSQL: HEALTH warns of fsync=off", .enabled(if: PostgreSQLServer.isAvailable, "no PostgreSQL"))
        func postgreSQL() throws {
            let server = try StoreKind.postgreSQL.server
            for setting in ["fsync", "full_page_writes"] {
                try server.sql("ALTER SYSTEM SET \(setting) = off")
                try server.restart()
                defer {
                    _ = try? server.sql("ALTER SYSTEM RESET \(setting)")
                    try? server.restart()
                }
                try expectWarning(server, setting)
            }
        }

        @Test(
            "PostgreSQL: a role's synchronous_commit=off does not hold for a lease",
            .enabled(if: PostgreSQLServer.isAvailable, "no PostgreSQL"))
        func synchronousCommit() throws {
            let server = try StoreKind.postgreSQL.server
            let database = Database.newName()
            try server.makeDatabase(database)
            try server.sql("ALTER ROLE \(ServerUser.name) SET synchronous_commit = off")
            defer { _ = try? server.sql("ALTER ROLE \(ServerUser.name) RESET synchronous_commit") }
            let daemon = try daemon(server, database)
            // What holds in the lease's own transaction is written down by a trigger.
            try server.sql(
                """
                CREATE TABLE seen (setting text);
                GRANT INSERT ON seen TO \(ServerUser.name);
                CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
                CREATE TRIGGER look AFTER UPDATE ON leaf_alloc FOR EACH ROW EXECUTE FUNCTION look();
                """, database: database)
            _ = try daemon.connect().next("orders", count: 5000)
            try eventually("a lease") { try !server.sql("SELECT 1 FROM seen LIMIT 1", database: database).isEmpty }
            #expect(try server.sql("SELECT DISTINCT setting FROM seen", database: database) == "on")
            #expect(try daemon.health() == "+OK")
        }
    }
}
