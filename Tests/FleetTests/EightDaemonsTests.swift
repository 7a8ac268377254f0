import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension FleetSuite {
    /// Eight daemons on one server, with hot, warm and cold tags.
    ///
    /// Turns red where leases are not taken in one order (`SQLSession.lease`): the server breaks deadlocks, and clients are
    /// refused while the store backs off.
    @Suite("Eight daemons on one server", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct EightDaemonsTests {
        private static let hot = ["hot-0", "hot-1"]
        private static let warm = (0..<20).map { "warm-\($0)" }
        private static let cold = (0..<200).map { "cold-\($0)" }

        @Test(
            "with 2 hot, 20 warm and 200 cold tags each, and two of them killed: no ID twice, no refusal",
            arguments: ServerKind.available)
        func together(_ kind: ServerKind) throws {
            let server = try kind.makeServer()
            let fleet = DaemonFleet(
                url: server.url(), tags: (Self.hot + Self.warm + Self.cold).map { "{name: \($0), step: 100}" },
                settings: [
                    "segments.max-step=2000", "segments.reserve=1s", "store.beat=1s",
                    // This is not about a disk that hangs for some seconds.
                    "store.query-timeout=20s", "store.connect-timeout=20s",
                ])
            let start = ContinuousClock.now
            try fleet.add(8)
            for daemon in fleet.daemons {
                try eventually("the last tag can be leased") { try daemon.ask("NEXT", "cold-199", "1").array != nil }
            }
            figure("\(kind.rawValue): eight daemons and 222 tags are there after \(start.duration(to: .now).shown)")
            let load = FleetLoad(fleet.ledger)
            try load.run(clients(fleet)) {
                try load.waitForMore(500, from: 0..<8)
                let before = try Usage(server, fleet, load)
                for victim in 0..<Int(2 * soakScale) {
                    pauseThread(.seconds(1.2))
                    fleet[victim % 2].kill()
                    try fleet[victim % 2].start()
                    try load.waitForMore(500, from: 0..<8)
                }
                try Usage(server, fleet, load).show(since: before, kind)
            }
            let latencies = try fleet.stats().map(\.store.leaseMilliseconds)
            let shown = { (field: (StatsPercentiles) -> Double?) in latencies.compactMap(field).max() ?? 0 }
            figure(
                "\(kind.rawValue): a lease takes \(shown(\.p50)) / \(shown(\.p99)) / \(shown(\.max)) ms at the worst daemon "
                    + "(p50 / p99 / max); longest pipeline, cold tags among them, \((0..<8).map { load.takeLongestWait(of: $0).shown })"
            )
            // Those of a killed daemon meet its end, and nobody meets anything else.
            let harmless: Set = ["closed", "notRunning", "noSocket"]
            #expect(load.errors.filter { !harmless.contains($0.key) } == [:])
            #expect(try fleet.lifts() == 0)
            fleet.expectNoDuplicates()
        }

        private func clients(_ fleet: DaemonFleet) -> [FleetClient] {
            fleet.daemons.enumerated().flatMap { index, daemon in
                [
                    FleetClient(of: daemon, index, number: 3 * index, tags: Self.hot, .nextMany(20), width: 16),
                    FleetClient(
                        of: daemon, index, number: 3 * index + 1, tags: Self.warm, width: 20, every: .milliseconds(20)),
                    FleetClient(
                        of: daemon, index, number: 3 * index + 2, tags: Self.cold, width: 10, every: .milliseconds(50)),
                ]
            }
        }

        /// What has been used so far.
        private struct Usage {
            private let at = ContinuousClock.now
            private let ids: Int
            private let rows: Int
            private let server: Duration
            /// Of those that are not killed meanwhile.
            private let daemons: Duration
            private let deadlocks: Int
            private let connections: Int

            init(_ server: any DatabaseServer, _ fleet: DaemonFleet, _ load: FleetLoad) throws {
                ids = fleet.ledger.count
                rows = try server.updatedRows()
                self.server = try server.processorTime()
                daemons = try fleet.daemons[2...].map { try $0.usage.processorTime }.reduce(.zero, +)
                deadlocks = try server.deadlockCount()
                connections = try server.connectionCount()
            }

            func show(since before: Usage, _ kind: ServerKind) {
                let time = before.at.duration(to: at).seconds
                let share = { (used: Duration) in "\(Int(used.seconds / time * 100)) %" }
                figure(
                    "\(kind.rawValue), 8 daemons for \(Int(time * 1000)) ms: \(perSecond(ids - before.ids, time)) IDs/s, "
                        + "\(perSecond(rows - before.rows, time)) leases/s, \(connections) connections, "
                        + "\(deadlocks - before.deadlocks) deadlocks; CPU: server \(share(server - before.server)), "
                        + "six of the daemons \(share(daemons - before.daemons))")
            }

            private func perSecond(_ count: Int, _ time: Double) -> Int { Int(Double(count) / time) }
        }
    }
}

extension DatabaseServer {
    /// How many rows have been updated, nearly all of them by leases.
    func updatedRows() throws -> Int {
        switch kind {
        case .mariaDB:
            let text =
                "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Handler_update'"
            return Int(try sql(text)) ?? 0
        case .postgreSQL:
            // A session tells of its updates only once in a while: this may lack those of the last second.
            return Int(try ids("SELECT COALESCE(SUM(n_tup_upd), 0) FROM pg_stat_user_tables")) ?? 0
        }
    }
}
