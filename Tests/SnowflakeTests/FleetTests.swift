import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("Fleets", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct FleetTests {
        /// What befalls a fleet.
        private enum Event: CaseIterable {
            case kill, restart, loseJournal, release, aMinute, aNight, nap, takeover, clockStep, clockStepAndKill
        }

        /// Daemons on one database, more of them than there are worker ids.
        private struct Fleet {
            let world: World
            let workerBits: Int
            let hosts: [SnowflakeHost]
            let daemons: [LeafDaemon]
            let load: SnowflakeLoad

            var workers: Int { 1 << workerBits }

            init(_ world: World, workerBits: Int) throws {
                self.world = world
                self.workerBits = workerBits
                hosts = try (0..<(1 << workerBits) + 2).map {
                    try world.host("d\($0)", yaml: SnowflakeFormat.small(workerBits: workerBits))
                }
                daemons = try hosts.map { try $0.start() }
                load = SnowflakeLoad(
                    SnowflakeLedger(SnowflakeFormat.small(workerBits: workerBits)), world: world.clock)
            }

            var clients: [SnowflakeClient] {
                hosts.enumerated().map { number, host in
                    SnowflakeClient(
                        path: host.setup.socketPath, number: number,
                        requests: number % 3 == 0 ? [["SNOWFLAKE", "500"]] : [["SNOWFLAKE"], ["SNOWFLAKE", "20"]],
                        pause: .milliseconds(15))
                }
            }

            func strike(_ event: Event) throws {
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
                    try? world.release(.random(in: 0..<workers), at: daemon)
                case .aMinute: world.pass(.seconds(.random(in: 5...70)))
                case .aNight: world.pass(.seconds(.random(in: 3 * 3600...9 * 3600)))
                case .nap:
                    daemon.pause()
                    world.pass(.seconds([1, 61, 7200].randomElement() ?? 1))
                    pauseThread(.milliseconds(400))
                    daemon.resume()
                case .takeover: try takeOver()
                case .clockStep: host.clock?.wall = .milliseconds(steps.randomElement() ?? 0)
                case .clockStepAndKill:
                    daemon.kill()
                    host.clock?.wall = .milliseconds(steps.randomElement() ?? 0)
                    try daemon.start()
                }
            }

            /// Freezes one that holds a worker id until it is another's.
            private func takeOver() throws {
                let (daemon, worker, generation) = try eventually("one holds a worker id", within: patience) {
                    () throws -> (LeafDaemon, Int, Int64)? in
                    let daemon = daemons[Int.random(in: 0..<daemons.count)]
                    let stats = try daemon.stats()
                    guard let worker = stats.snowflake.workers.first.map({ Int($0) }) else { return nil }
                    daemon.pause()
                    let row = try world.server.workers(in: world.database)[worker]
                    // It may have lost it, and not have heard yet.
                    if let row, row.holder == stats.agentID { return (daemon, worker, row.generation) }
                    daemon.resume()
                    return nil
                }
                defer { daemon.resume() }
                world.pass(.seconds(10_000))
                do {
                    try eventually("worker id \(worker) changes hands", within: patience, every: .milliseconds(20)) {
                        try world.generations()[worker] ?? 0 > generation
                    }
                } catch {
                    let state = try world.sql("SELECT name, value FROM leafd_state")
                    throw TestProblem(
                        "\(error); at \(world.now): \(try world.server.workers(in: world.database))\n\(state)\n\(load.examples)"
                    )
                }
            }

            /// Waits until IDs come from as many daemons as there are worker ids.
            func waitForAllToWork() throws {
                let before = hosts.indices.map { load.count(of: $0) }
                try eventually("\(workers) daemons work", within: patience) {
                    hosts.indices.count { load.count(of: $0) > before[$0] } >= workers
                }
            }
        }

        @Test(arguments: World.kinds)
        func `more daemons than worker ids, killed, frozen, out of step and without journals: no ID twice`(
            kind: StoreKind
        ) throws {
            let isLarge = kind == World.kinds.first || soakScale > 1
            let world = try World(kind)
            let fleet = try Fleet(world, workerBits: isLarge ? 4 : 2)
            let (load, ledger) = (fleet.load, fleet.load.ledger)
            let rounds = Int((isLarge ? 3 : 2) * soakScale)
            try load.run(fleet.clients) {
                try eventually("all worker ids are taken", within: patience, every: .milliseconds(20)) {
                    try world.generations().count == fleet.workers
                }
                for _ in 0..<rounds {
                    for event in Event.allCases.shuffled() {
                        try fleet.strike(event)
                        pauseThread(.milliseconds(.random(in: 0...300)))
                    }
                }
                for host in fleet.hosts { host.clock?.wall = .zero }
                world.pass(.seconds(86_400))
                try fleet.waitForAllToWork()
            }
            let generations = try world.generations()
            let changes = generations.values.reduce(0) { $0 + $1 - 1 }
            #expect(changes >= rounds)
            figure(
                "fleet, \(kind), \(fleet.hosts.count) daemons: \(ledger.count) IDs, worker ids \(generations.count), changes of holder \(changes), each of \(Event.allCases.count) faults \(rounds) times; errors \(load.errors)"
            )
            ledger.expectNoFaults()
        }

        @Test(arguments: World.kinds)
        func `a failover that loses a claim: the holder comes first, a new daemon takes another worker id`(
            kind: StoreKind
        ) throws {
            let pair = try kind.makePair()
            try pair.primary.makeDatabase()
            let hosts = try ["a", "b", "c"].map {
                try SnowflakeHost($0, url: pair.url, settings: ["store.beat=1s"])
            }
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
            var held: [Int64] = []
            try load.run(clients) {
                try load.waitForMore(5, from: [0])
                held = try first.stats().snowflake.workers
                // Its claim is on the primary alone.
                #expect(try pair.primary.workers().keys.sorted() == [0, 1])
                #expect(try pair.replica.workers().keys.sorted() == [0])
                try pair.failOver()
                let second = try hosts[1].start()
                figure("\(kind), failover: \(try second.refusal(containing: "holders come first"))")
                try eventually("the holder has put its row right", within: patience, every: .milliseconds(20)) {
                    try pair.replica.workers().keys.sorted() == [0, 1]
                }
                // The hold's ten minutes are over.
                try pair.replica.ids(
                    "UPDATE leafd_state SET value = '\(trueTime() - 1)' WHERE name = 'snowflake/hold'")
                try load.waitForMore(4096 * 20, from: 0..<3)
                withExtendedLifetime(second) {}
            }
            #expect(held == [1])
            #expect(try first.stats().snowflake.workers == held)
            figure(
                "\(kind), failover: \((0..<3).map { load.count(of: $0) }) IDs, worker ids \(ledger.workers), errors \(load.errors)"
            )
            withExtendedLifetime((first, third)) {}
            #expect(ledger.workers == [0, 1, 2])
            ledger.expectNoFaults()
        }

        @Test func `the control: with ts_hi lowered by hand IDs do come twice, and this suite sees them`() throws {
            let world = try World()
            let hosts = try (0..<2).map {
                try world.host("d\($0)", settings: ["store.beat=1h"], yaml: SnowflakeFormat.small(workerBits: 4))
            }
            let ledger = SnowflakeLedger(SnowflakeFormat.small(workerBits: 4))
            let load = SnowflakeLoad(ledger, world: world.clock)
            let clients = hosts.enumerated().map {
                SnowflakeClient(
                    path: $1.setup.socketPath, number: $0, requests: [["SNOWFLAKE", "4096"]], pause: .milliseconds(1))
            }
            let daemons = try hosts.map { try $0.start() }
            try load.run([clients[0]]) { try load.waitForMore(5, from: [0]) }
            // All that is left for the second is what the first has.
            for worker in 1..<16 {
                try world.sql(
                    "INSERT INTO leafd_worker (worker_id, holder, machine, host, generation, ts_hi, seen_at) VALUES (\(worker), 'x', '', 'x', 1, 9000000000000, CURRENT_TIMESTAMP)"
                )
            }
            try load.run(clients) {
                // Again and again: a renewal puts it right.
                try eventually("IDs come twice", within: patience, every: .milliseconds(20)) {
                    try world.sql("UPDATE leafd_worker SET ts_hi = 0 WHERE worker_id = 0")
                    return !ledger.duplicates.isEmpty
                }
            }
            withExtendedLifetime(daemons) {}
            #expect(!ledger.faults.isEmpty)
        }
    }
}
