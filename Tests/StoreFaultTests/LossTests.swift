import LeafClient
import LeafTestKit
import Testing

extension StoreFaults {
    /// Meant to be red without: the lift at a table restored from a backup, the floor in the lease, `BUMP ALL`.
    @Suite("Counters that were lost", .serialized)
    struct LossTests {
        private static let tags = ["{name: hot}", "{name: cold}", "{name: tiny}"]
        private static let settings = [
            "segments.reserve=0s", "segments.min-step=200", "segments.default-step=200", "segments.max-step=1000",
            "segments.wait-timeout=300ms",
        ]

        @Test(
            "a table restored from an old backup and lifted by leafctl bump gives no ID twice, with clients all the while",
            arguments: StoreKind.available, [true, false])
        func restored(_ kind: StoreKind, isBumped: Bool) throws {
            let bench = try FaultBench(kind, tags: LossTests.tags, settings: LossTests.settings)
            let clients = bench.daemons.map { _ in Clients(bench) }
            try bench.run(clients) {
                try bench.serveMore(500)
                try backUp(bench)
                // Many leases that the backup does not know of.
                try bench.serveMore(3000)
                try bench.sql("DROP TABLE leaf_alloc")
                for daemon in bench.daemons {
                    try eventually("HEALTH names the table") { try daemon.health().contains("leaf_alloc") }
                }
                try bench.sql("ALTER TABLE backup RENAME TO leaf_alloc")
                if isBumped { try bump(bench.daemons[0]) }
                try bench.serveMore(3000)
            }
            try bench.expectUnique("\(kind)")
            let errors = clients.flatMap { [$0.singles.errors, $0.batches.errors, $0.poor.errors] }
            for errors in errors { #expect(errors.filter { !["EXHAUSTED", "TIMEOUT"].contains($0.key) } == [:]) }
            let lifts = try bench.daemons.map { try Stats($0).store.lifts }
            figure(
                "\(kind): restored, \(isBumped ? "bumped" : "not bumped"): lifts \(lifts), \(bench.issued) IDs, errors \(errors)"
            )
        }

        private func backUp(_ bench: FaultBench) throws {
            switch bench.kind {
            case .mariaDB: try bench.sql("CREATE TABLE backup LIKE leaf_alloc")
            case .postgreSQL:
                try bench.sql(
                    "CREATE TABLE backup (LIKE leaf_alloc INCLUDING ALL); ALTER TABLE backup OWNER TO \(ServerUser.name)"
                )
            }
            try bench.sql("INSERT INTO backup SELECT * FROM leaf_alloc")
        }

        /// As an operator does, who asks again if he came too early.
        private func bump(_ daemon: LeafDaemon) throws {
            try eventually("leafctl bump --all works", every: .milliseconds(50)) {
                try Tool.run(try Tool.product("leafctl"), ["--socket", daemon.setup.socketPath, "bump", "--all"])
                    .isSuccess
            }
        }

        @Test(
            "a table made anew without its tags: the stock is used up, then there is no such tag",
            arguments: StoreKind.available)
        func emptied(_ kind: StoreKind) throws {
            let bench = try FaultBench(kind, daemons: 1, tags: LossTests.tags, settings: LossTests.settings)
            let daemon = bench.daemons[0]
            let leafd = try daemon.connect()
            try eventually("there is stock") {
                if let id = try leafd.command("NEXT", "hot").integer { bench.ids("hot").record([id], thread: 0) }
                return try Stats(daemon).tag("hot").stock > 100
            }
            try backUp(bench)
            try bench.sql("DROP TABLE leaf_alloc; DELETE FROM backup; ALTER TABLE backup RENAME TO leaf_alloc")
            var refusal: Reply?
            for _ in 0..<100_000 {
                let reply = try leafd.command("NEXT", "hot")
                if let id = reply.integer { bench.ids("hot").record([id], thread: 0) }
                if reply.errorPrefix == "NOTAG" {
                    refusal = reply
                    break
                }
            }
            figure("\(kind): \(bench.ids("hot").count) IDs, then \(refusal.map { "\($0)" } ?? "no end")")
            #expect(refusal?.errorPrefix == "NOTAG")
            #expect(bench.ids("hot").faults == [])
            #expect(
                try bench.sql("SELECT COUNT(*) FROM leaf_alloc WHERE biz_tag = 'hot'") == "0",
                "nobody creates it by himself")
        }
    }
}
