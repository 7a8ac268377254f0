import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension FleetSuite {
    /// How fast leases come, and how fast a thousand tags have stock. Figures, and that all come.
    @Suite("The speed of leases", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct LeaseRateTests {
        @Test(
            "a thousand warm tags all have stock, of those that are there and of those that must be made",
            arguments: ServerKind.available)
        func thousandTags(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            let names = (0..<1000).map { "tag-\($0)" }
            let list = names.map { "{name: \($0), step: 100}" }
            let warm = "segments.warm=\(names.joined(separator: ","))"
            for (title, tags) in [("made and warmed", list), ("there, and warmed", [])] {
                let fleet = DaemonFleet(url: server.url(), tags: tags, settings: [warm])
                let daemon = try fleet.add(tags.isEmpty ? "second" : "first")
                let start = ContinuousClock.now
                let leafd = try daemon.connect(timeout: .seconds(60))
                try eventually("all tags have stock", within: .seconds(120), every: .milliseconds(20)) {
                    try stocked(leafd) == names.count
                }
                figure(
                    "\(kind.rawValue): a thousand tags, \(title): stock of all after \(start.duration(to: .now).shown)")
                let replies = try leafd.pipeline(names.map { ["NEXT", $0] })
                #expect(replies.allSatisfy { $0.integer != nil })
                try daemon.stop()
            }
        }

        /// How many tags have stock.
        private func stocked(_ leafd: LeafConnection) throws -> Int {
            guard let text = try leafd.command("STATS", "ALL", "0").text else {
                throw TestProblem("STATS ALL is no text")
            }
            return try JSONDecoder().decode(StatsPage.self, from: Data(text.utf8)).tags.count { $0.stock > 0 }
        }

        /// Every ID is a lease of its own here: what the leases cost is all there is to wait for.
        private static let oneByOne = [
            "segments.default-step=1", "segments.min-step=1", "segments.max-step=1", "segments.reserve=0s",
        ]

        @Test(
            "leases of one daemon and of eight, beside the statements of the server's own tool",
            arguments: ServerKind.available)
        func rates(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            let names = (0..<64).map { "tag-\($0)" }
            let fleet = DaemonFleet(
                url: server.url(), tags: (["orders"] + names).map { "{name: \($0), step: 1}" }, settings: Self.oneByOne)
            try fleet.add(8)
            for number in 0..<8 { try fleet.take(1, of: "tag-63", from: number) }
            for connections in [1, 8] {
                figure(
                    "\(kind.rawValue): \(try server.statementRate(connections: connections)) statements/s from \(connections) connections"
                )
            }
            for (daemons, tags) in [(1, ["orders"]), (1, names), (8, ["orders"]), (8, names)] {
                let load = FleetLoad(fleet.ledger)
                let clients = (0..<daemons).map {
                    FleetClient(of: fleet[$0], $0, number: $0, tags: tags, width: tags.count == 1 ? 16 : tags.count)
                }
                let before = fleet.ledger.count
                let time = try elapsed {
                    try load.run(clients) {
                        try load.waitForMore(Int(200 * soakScale), from: 0..<daemons)
                        pauseThread(.seconds(0.5 * soakScale))
                    }
                }
                let rate = Int(Double(fleet.ledger.count - before) / time.seconds)
                figure(
                    "\(kind.rawValue): \(rate) leases/s of \(daemons) daemon(s) for \(tags.count) tag(s) each; errors \(load.errors)"
                )
                #expect(load.errors == [:])
            }
            fleet.expectNoDuplicates()
        }
    }
}

extension DatabaseServer {
    /// How many bare lease statements on one row the server's own tool gets through in a second.
    func statementRate(connections: Int) throws -> Int {
        let count = Int(1000 * soakScale)
        let update = "UPDATE leaf_alloc SET max_id = max_id + step WHERE biz_tag = 'orders'"
        var result: Tool.Result?
        var time: Duration
        switch kind {
        case .mariaDB:
            time = try elapsed {
                result = try Tool.run(
                    "mariadb-slap",
                    [
                        "--no-defaults", "--user=root", "--socket=\(socketPath)",
                        "--create-schema=\(ServerUser.database)",
                        "--no-drop", "--query=\(update)", "--concurrency=\(connections)",
                        "--number-of-queries=\(count)",
                    ])
            }
            // "Average number of seconds to run all queries: 0.512 seconds", without the start of the tool.
            let words = result?.lines.first { $0.contains("Average number") }?.split(separator: " ") ?? []
            if let seconds = words.compactMap({ Double($0) }).first { time = .seconds(seconds) }
        case .postgreSQL:
            let folder = TemporaryFolder()
            try (update + ";\n").write(toFile: folder.file("lease.sql"), atomically: false, encoding: .utf8)
            time = try elapsed {
                result = try Tool.run(
                    "pgbench",
                    [
                        "-n", "-M", "prepared", "-h", socketPath, "-p", "\(port)", "-U", "postgres", "-c",
                        "\(connections)",
                        "-t", "\(count / connections)", "-f", folder.file("lease.sql"), ServerUser.database,
                    ])
            }
            // "tps = 4821.7 (without initial connection time)"
            let words = result?.lines.first { $0.hasPrefix("tps") }?.split(separator: " ") ?? []
            if let rate = words.compactMap({ Double($0) }).first { return Int(rate) }
        }
        guard let result, result.isSuccess else { throw TestProblem("no rate: \(result?.errors ?? "")") }
        return Int(Double(count) / time.seconds)
    }
}
