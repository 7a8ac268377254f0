import Foundation
import LeafClient
import LeafTestKit
import Testing

extension SnowflakeSuite {
    /// Each strikes at one bound of an ID: the lease's end, the successor's beginning, the journal's mark. Without it IDs come
    /// twice here.
    @Suite("One bound at a time", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct CutOffTests {
        private static let many = [["SNOWFLAKE", "4096"]]

        @Test(arguments: World.kinds)
        func `who is cut off from the database stamps nothing that its successor may`(kind: StoreKind) throws {
            let world = try World(kind)
            let proxy = try FaultProxy(to: world.server.port)
            let (a, b) = (
                try world.host("a", url: world.url(proxy), settings: ["snowflake.worker=5"]),
                try world.host("b", settings: ["snowflake.worker=5"])
            )
            let ledger = SnowflakeLedger()
            let load = SnowflakeLoad(ledger, world: world.clock)
            // So many that two at once would hardly ever stamp different units.
            let clients = [a, b].enumerated().map {
                SnowflakeClient(
                    path: $1.setup.socketPath, number: $0, requests: [["SNOWFLAKE", "40000"]], pause: .zero)
            }
            let first = try a.start()
            try first.snowflakes()
            let second = try b.start()
            let turns = Int(3 * soakScale)
            try load.run(clients) {
                for number in 0..<turns {
                    // The two take turns: who holds it is cut off, or frozen.
                    let holder = try eventually("one of the two alone has it", within: patience) {
                        let before = (0..<2).map { load.count(of: $0) }
                        pauseThread(.milliseconds(150))
                        let working = (0..<2).filter { load.count(of: $0) > before[$0] }
                        return working.count == 1 ? working[0] : nil
                    }
                    if holder == 0 { proxy.blackhole() } else { second.pause() }
                    world.pass(.seconds(3 * 3600))
                    try load.waitForMore(40_000 * 6, from: [1 - holder])
                    if holder == 0 { try load.waitForRefusal(of: 0) }
                    proxy.restore()
                    second.resume()
                    // It has heard by now whose the worker id is.
                    try load.waitForRefusal(of: holder)
                    figure(
                        "\(kind), cut off \(number), holder \(holder): \((0..<2).map { load.count(of: $0) }), errors \(load.errors)"
                    )
                }
            }
            withExtendedLifetime(first) {}
            #expect(ledger.workers == [5])
            #expect(try world.generations()[5] ?? 0 > turns)
            ledger.expectNoFaults()
        }

        @Test(arguments: World.kinds)
        func `a successor whose clock is behind begins above its predecessor`(kind: StoreKind) throws {
            let world = try World(kind)
            let ledger = SnowflakeLedger()
            let load = SnowflakeLoad(ledger, world: world.clock)
            let hosts = try (0..<Int(3 * soakScale)).map {
                try world.host("d\($0)", settings: ["snowflake.worker=5"])
            }
            for (number, host) in hosts.enumerated() {
                // Before all that its predecessors have stamped, by its own clock, however long it takes to start.
                host.clock?.wall = .seconds((-3 * 3600 - 60) * number)
                let daemon = try host.start()
                try load.run([
                    SnowflakeClient(path: host.setup.socketPath, number: number, requests: Self.many, pause: .zero)
                ]) {
                    try load.waitForMore(4096 * 100, from: [number])
                }
                daemon.kill()
                ledger.mark()
                world.pass(.seconds(3 * 3600))
            }
            #expect(ledger.workers == [5])
            #expect(try world.generations() == [5: Int64(hosts.count)])
            ledger.expectNoFaults()
        }

        @Test func `killed right after a sleep, and started with its clock behind: it goes on above`() throws {
            let world = try World()
            let host = try world.host()
            let ledger = SnowflakeLedger()
            let clients = (0..<2).map {
                SnowflakeClient(path: host.setup.socketPath, number: $0, requests: Self.many, pause: .zero)
            }
            let load = SnowflakeLoad(ledger, world: world.clock)
            let daemon = try host.start()
            try load.run(clients) {
                for _ in 0..<Int(5 * soakScale) {
                    try load.waitForMore(4096 * 5, from: 0..<2)
                    world.pass(.seconds(5))
                    pauseThread(.milliseconds(.random(in: 0...12)))
                    daemon.kill()
                    try load.waitForAllToBreak()
                    ledger.mark()
                    // By more than the start takes.
                    host.clock?.wall -= .seconds(10)
                    try daemon.start()
                }
                try load.waitForMore(1, from: 0..<2)
            }
            #expect(ledger.workers == [0])
            figure("killed after sleeps: \(ledger.count) IDs, errors \(load.errors)")
            ledger.expectNoFaults()
        }
    }
}
