import LeafClient
import LeafTestKit
import Testing

extension FleetSuite {
    /// A Leaf server leases the same tags from the same table, by its own SQL, at the same time.
    @Suite("Beside a Leaf server", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct BesideLeafTests {
        /// Turns red where a lease is more than one statement, or reads its value by another one: Leaf comes in between.
        @Test(
            "two daemons and Leaf on one table: no ID twice, and the table stays as it was",
            arguments: ServerKind.available)
        func sideBySide(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            let cases: [(LeafTable, Bool)] = [
                (.meituan, true), (.meituan, false), (.goLeaf, false), (.bare, true), (.gorm, true),
            ]
            for (number, (table, mayCreate)) in cases.enumerated() {
                try share(table, on: server, "ids\(number)", mayCreate: mayCreate)
            }
        }

        private func share(
            _ table: LeafTable, on server: any DatabaseServer, _ database: String, mayCreate: Bool
        ) throws {
            try server.makeDatabase(database)
            try table.create(on: server, database: database)
            // go-leaf's counters begin at 0.
            let tags = ["orders", "users"]
            for tag in tags {
                try table.insert(
                    tag, next: table.name == LeafTable.goLeaf.name ? 0 : 1, step: 100, on: server, database: database)
            }
            if !mayCreate { try server.forbidCreating(in: database, table: table.name) }
            let definition = try server.definition(of: table.name, in: database)
            let fleet = DaemonFleet(
                url: server.url(database: database), tags: [],
                settings: [
                    "store.table=\(table.name)", "store.create-schema=\(mayCreate)", "segments.reserve=0s",
                    "segments.max-step=300", "segments.default-step=100",
                ])
            try fleet.add(2)
            for tag in tags { for number in 0..<2 { try fleet.take(10, of: tag, from: number) } }
            let load = FleetLoad(fleet.ledger)
            let clients = (0..<2).map {
                FleetClient(of: fleet[$0], $0, number: $0, tags: tags, .nextMany(7), width: 8)
            }
            let leaf = LeafServerStandIn(server, table: table.name, database: database)
            var leases = 0
            try load.run(clients) {
                try eventually("both have leased many times") {
                    for tag in tags {
                        // Whatever was leased counts as issued.
                        fleet.ledger.record(try leaf.lease(tag), of: tag, client: 5000)
                        leases += 1
                    }
                    return leases >= Int(40 * soakScale)
                        && (0..<2).allSatisfy { load.count(of: $0) > Int(2000 * soakScale) }
                }
            }
            figure(
                "\(server.kind.rawValue), \(table)\(mayCreate ? "" : ", no CREATE"): \(leases) leases of Leaf's beside "
                    + "\(load.count(of: 0)) and \(load.count(of: 1)) IDs of leafd, errors \(load.errors)")
            #expect(load.errors == [:])
            fleet.expectNoDuplicates()
            #expect(try server.definition(of: table.name, in: database) == definition)
            let health = try fleet[0].health()
            if mayCreate {
                #expect(health == "+OK")
            } else {
                #expect(health.hasPrefix("+DEGRADED") && health.contains("leafd_"), "\(health)")
                #expect(try server.tables(in: database) == [table.name])
            }
        }

        /// Turns red without `TableShape.hasAutoClean`.
        @Test(
            "a tag whose counter goLeaf sets back every day is not leased, and HEALTH names it",
            arguments: ServerKind.available)
        func autoClean(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            try LeafTable.gorm.create(on: server)
            for tag in ["kept", "cleaned"] { try LeafTable.gorm.insert(tag, step: 100, on: server) }
            try server.ids(
                "UPDATE leaf_alloc SET auto_clean = \(kind == .mariaDB ? "1" : "true") WHERE biz_tag = 'cleaned'")
            let fleet = DaemonFleet(url: server.url(), tags: [])
            try fleet.add().waitUntilServing()
            try fleet.take(10, of: "kept", from: 0)
            let reply = try fleet[0].ask("NEXT", "cleaned")
            figure("\(kind.rawValue): a tag with auto_clean: \(reply)")
            #expect(reply.isError)
            #expect(try server.counter("cleaned") == 1)
            try eventually("HEALTH names it") { try fleet[0].health().contains("cleaned") }
        }

        @Test("tags that are added, altered and deleted by SQL are noticed", arguments: ServerKind.available)
        func changedByOthers(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            try LeafTable.meituan.create(on: server)
            for tag in ["orders", "doomed"] { try LeafTable.meituan.insert(tag, step: 1000, on: server) }
            let fleet = DaemonFleet(
                url: server.url(), tags: [], settings: ["segments.reserve=0s", "segments.adjust-ratio=1.01"])
            try fleet.add().waitUntilServing()
            for tag in ["orders", "doomed"] { try fleet.take(10, of: tag, from: 0) }
            let leafd = try fleet[0].connect()
            // Whoever asks for a tag that is not there makes the daemon look.
            #expect(try leafd.command("NEXT", "added").errorPrefix == "NOTAG")
            try LeafTable.meituan.insert("added", step: 1000, on: server)
            try server.ids("UPDATE leaf_alloc SET step = 50000 WHERE biz_tag = 'orders'")
            try server.ids("DELETE FROM leaf_alloc WHERE biz_tag = 'doomed'")
            let noticed = try elapsed {
                try eventually("the new tag is served", within: .seconds(90), every: .milliseconds(50)) {
                    try leafd.command("NEXT", "added").integer
                }
            }
            figure("\(kind.rawValue): a new tag that is asked for is served after \(noticed.shown)")
            // It ends after its stock, and not before.
            var left = 0
            let refusal = try eventually("the deleted tag ends", within: .seconds(90), every: .zero) {
                () throws -> Reply? in
                let reply = try leafd.command("NEXT", "doomed")
                guard let id = reply.integer else { return reply }
                fleet.ledger.record([id], of: "doomed", client: 1000)
                left += 1
                return nil
            }
            figure("\(kind.rawValue): a deleted tag: \(left) IDs from stock, then \(refusal)")
            #expect(refusal.errorPrefix == "NOTAG")
            #expect(left >= 900)
            let counter = try server.counter("orders")
            try fleet.take(5000, from: 0)
            try eventually("a lease of the new step", within: .seconds(90)) {
                try fleet.take(100, from: 0)
                return try server.counter("orders") >= counter + 50_000
            }
            fleet.expectNoDuplicates()
        }
    }
}

extension DatabaseServer {
    /// A table as the server itself describes it.
    func definition(of table: String, in database: String) throws -> String {
        switch kind {
        case .mariaDB: return try sql("SHOW CREATE TABLE \(table)", database: database)
        case .postgreSQL:
            let result = try Tool.run(
                "pg_dump",
                ["-s", "-t", table, "-h", socketPath, "-p", "\(port)", "-U", "postgres", database])
            guard result.isSuccess else { throw TestProblem("pg_dump: \(result.errors)") }
            // Newer versions of it write a random word into each dump.
            return result.lines.filter { !$0.hasPrefix("\\") }.joined(separator: "\n")
        }
    }

    func tables(in database: String) throws -> [String] {
        let schema = kind == .mariaDB ? database : "public"
        let text = "SELECT table_name FROM information_schema.tables WHERE table_schema = '\(schema)' ORDER BY 1"
        return try sql(text, database: database).split(separator: "\n").map(String.init)
    }

    /// Leaves the user leafd what Leaf's own user needs: the rows of one table.
    func forbidCreating(in database: String, table: String) throws {
        switch kind {
        case .mariaDB:
            try sql(
                """
                REVOKE ALL ON \(database).* FROM \(ServerUser.name)@'%';
                GRANT SELECT, INSERT, UPDATE, DELETE ON \(database).\(table) TO \(ServerUser.name)@'%';
                """)
        case .postgreSQL:
            try sql(
                """
                ALTER DATABASE \(database) OWNER TO postgres;
                ALTER TABLE \(table) OWNER TO postgres;
                GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO \(ServerUser.name);
                """, database: database)
        }
    }
}
