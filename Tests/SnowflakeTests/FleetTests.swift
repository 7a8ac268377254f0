import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("Fleets", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct FleetTests {
        private static let small = """
            snowflake:
                layout: {unit: 1ms, time-bits: 41, worker-bits: 4, sequence-bits: 12}
            """

        /// What befalls a fleet.
        private enum Event: CaseIterable {
            case kill, restart, loseJournal, release, aMinute, aNight, freeze, clockStep, clockStepAndKill
        }

        @Test func `18 daemons for 16 worker ids, killed, frozen, out of step and without journals: no ID twice`()
            throws
        {
            let world = try World()
            let hosts = try (0..<18).map { try world.host("d\($0)", yaml: Self.small) }
            let ledger = SnowflakeLedger(.small)
            let load = SnowflakeLoad(ledger, world: world.clock)
            let clients = hosts.enumerated().map { number, host in
                SnowflakeClient(
                    path: host.setup.socketPath, number: number,
                    requests: number % 3 == 0 ? [["SNOWFLAKE", "500"]] : [["SNOWFLAKE"], ["SNOWFLAKE", "20"]],
                    pause: .milliseconds(15))
            }
            var counts: [String: Int] = [:]
            let daemons = try hosts.map { try $0.start() }
            try load.run(clients) {
                try eventually("nearly all worker ids are taken") { try world.generations().count >= 15 }
                let end = ContinuousClock.now.advanced(by: .seconds(8) * soakScale)
                while ContinuousClock.now < end {
                    let event = Event.allCases.randomElement() ?? .kill
                    counts["\(event)", default: 0] += 1
                    try strike(event, world, hosts, daemons)
                    pauseThread(.milliseconds(.random(in: 0...300)))
                }
                for host in hosts { host.clock?.wall = .zero }
                world.pass(.seconds(86_400))
                try eventually("16 daemons work", within: .seconds(60)) {
                    let before = (0..<18).map { load.count(of: $0) }
                    pauseThread(.milliseconds(500))
                    return (0..<18).count { load.count(of: $0) > before[$0] } >= 16
                }
            }
            let generations = try world.generations()
            figure(
                "fleet: \(ledger.count) IDs, worker ids \(generations.count), changes of holder \(generations.values.reduce(0, +)), \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")); errors \(load.errors)"
            )
            ledger.expectNoFaults()
        }

        private func strike(_ event: Event, _ world: World, _ hosts: [SnowflakeHost], _ daemons: [LeafDaemon]) throws {
            let number = Int.random(in: 0..<hosts.count)
            let (host, daemon) = (hosts[number], daemons[number])
            let steps = [-3_600_000, -30_000, -1500, -300, 0, 300, 1500, 30_000, 3_600_000]
            switch event {
            case .kill:
                daemon.kill()
                try daemon.start()
            case .restart: try daemon.restart()
            case .loseJournal:
                daemon.kill()
                try host.deleteJournal()
                try daemon.start()
            case .release:
                // Refused where nobody has had it yet.
                try? world.release(.random(in: 0..<16), at: daemon)
            case .aMinute: world.pass(.seconds(.random(in: 5...70)))
            case .aNight: world.pass(.seconds(.random(in: 3 * 3600...9 * 3600)))
            case .freeze:
                daemon.pause()
                world.pass(.seconds([1, 61, 7200, 10_000].randomElement() ?? 1))
                pauseThread(.milliseconds(400))
                daemon.resume()
            case .clockStep: host.clock?.wall = .milliseconds(steps.randomElement() ?? 0)
            case .clockStepAndKill:
                daemon.kill()
                host.clock?.wall = .milliseconds(steps.randomElement() ?? 0)
                try daemon.start()
            }
        }

        @Test func `a failover that loses a claim: the holder comes first, a new daemon takes another worker id`()
            throws
        {
            let pair = try MariaDBPair()
            try pair.primary.makeDatabase()
            let settings = ["snowflake.takeover-hold=4s", "store.beat=1s"]
            let hosts = try ["a", "b", "c"].map { try SnowflakeHost($0, url: pair.url, settings: settings) }
            let (first, third) = (try hosts[0].start(), try hosts[2].start())
            _ = (try first.next(), try third.snowflakes())
            try pair.waitUntilCaughtUp()
            try pair.holdReplica()
            let ledger = SnowflakeLedger()
            let load = SnowflakeLoad(ledger)
            let clients = hosts.enumerated().map {
                SnowflakeClient(
                    path: $1.setup.socketPath, number: $0, requests: [["SNOWFLAKE", "4096"]], pause: .milliseconds(2))
            }
            try load.run(clients) {
                // Its claim is on the primary alone.
                try load.waitForMore(5, from: [0])
                try pair.failOver()
                let second = try hosts[1].start()
                try second.refusal(containing: "holders come first")
                try load.waitForMore(4096 * 20, from: 0..<3)
                withExtendedLifetime(second) {}
            }
            withExtendedLifetime((first, third)) {}
            figure(
                "failover: \((0..<3).map { load.count(of: $0) }) IDs, worker ids \(ledger.workers), errors \(load.errors)"
            )
            #expect(ledger.workers.count == 3)
            ledger.expectNoFaults()
        }

        @Test func `the control: with ts_hi lowered by hand IDs do come twice, and this suite sees them`() throws {
            let world = try World()
            let hosts = try (0..<2).map { try world.host("d\($0)", settings: ["store.beat=1h"], yaml: Self.small) }
            let ledger = SnowflakeLedger(.small)
            let load = SnowflakeLoad(ledger, world: world.clock)
            let clients = hosts.enumerated().map {
                SnowflakeClient(
                    path: $1.setup.socketPath, number: $0, requests: [["SNOWFLAKE", "4096"]], pause: .milliseconds(1))
            }
            let first = try hosts[0].start()
            try load.run(clients) {
                try load.waitForMore(5, from: [0])
                try world.server.ids("UPDATE leafd_worker SET ts_hi = 0")
                for worker in 1..<16 {
                    try world.server.ids(
                        "INSERT INTO leafd_worker (worker_id, holder, machine, host, generation, ts_hi, seen_at) VALUES (\(worker), 'x', '', 'x', 1, 9000000000000, UTC_TIMESTAMP())"
                    )
                }
                let second = try hosts[1].start()
                try eventually("IDs come twice") { !ledger.duplicates.isEmpty }
                withExtendedLifetime((first, second)) {}
            }
            #expect(!ledger.faults.isEmpty)
        }
    }
}
