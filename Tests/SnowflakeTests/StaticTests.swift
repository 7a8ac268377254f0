import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("Who gets a worker id", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct StaticTests {
        @Test(arguments: World.kinds)
        func `a static worker id is one daemon's: the second hears whose, a restart goes on, a new journal waits`(
            kind: StoreKind
        ) throws {
            let world = try World(kind)
            let ledger = SnowflakeLedger()
            let (a, b) = (
                try world.host("a", settings: ["snowflake.worker=5"]),
                try world.host("b", settings: ["snowflake.worker=5"])
            )
            let first = try a.start()
            ledger.record(try first.snowflakes(["SNOWFLAKE", "1000"]), client: 0)
            let agent = try #require(try first.stats().agentID)
            let second = try b.start()
            let refusal = try second.refusal(containing: "worker id 5 is")
            #expect(
                refusal.contains("NOWORKER") && refusal.contains(agent) && refusal.contains("leafctl"), "\(refusal)")
            figure("\(kind), static, second daemon: \(refusal)")
            for isKilled in [false, true] {
                if isKilled { first.kill() } else { try first.stop() }
                ledger.mark()
                try first.start()
                ledger.record(try first.snowflakes(["SNOWFLAKE", "1000"]), client: 0)
                #expect(try first.stats().snowflake.generations == [1])
            }
            second.kill()
            try world.letLeaseGrow(of: 5)
            first.kill()
            try a.deleteJournal()
            ledger.mark()
            try first.start()
            let waiting = try first.refusal(containing: "may stamp for")
            figure("\(kind), static, journal deleted: \(waiting)")
            world.pass(.seconds(3 * 3600))
            ledger.record(try first.snowflakes(["SNOWFLAKE", "1000"]), client: 0)
            #expect(try first.stats().snowflake.generations == [2])
            #expect(ledger.workers == [5])
            ledger.expectNoFaults()
        }

        @Test(arguments: World.kinds)
        func `a released worker id is stamped with by nobody else before its time is over`(kind: StoreKind) throws {
            let world = try World(kind)
            let ledger = SnowflakeLedger()
            let hosts = try ["a", "b"].map { try world.host($0, settings: ["snowflake.worker=5"]) }
            let daemons = try hosts.map { try $0.start() }
            let load = SnowflakeLoad(ledger, world: world.clock)
            // So many that two at once would hardly ever stamp different units.
            let clients = hosts.enumerated().map {
                SnowflakeClient(
                    path: $1.setup.socketPath, number: $0, requests: [["SNOWFLAKE", "4096"]], pause: .zero)
            }
            let rounds = Int(3 * soakScale)
            try load.run(clients) {
                try eventually("one of the two has it", within: patience) { load.count(of: 0) + load.count(of: 1) > 0 }
                for _ in 0..<rounds {
                    try world.release(5, at: daemons[0])
                    let end = try world.end(of: 5)
                    // Its holder hears of it, and nobody has it.
                    for daemon in daemons { try daemon.refusal(containing: "may stamp for") }
                    let before = load.count(of: 0) + load.count(of: 1)
                    world.pass(.seconds(3 * 3600))
                    // What the holder had stamped before may be counted late; and whoever has asked in vain a few times asks seldom.
                    try eventually("somebody has it again", within: patience * 3, every: .milliseconds(20)) {
                        try world.server.workers(in: world.database)[5]?.lastTime ?? 0 > end
                            && load.count(of: 0) + load.count(of: 1) > before
                    }
                }
            }
            let generation = try world.generations()[5] ?? 0
            // Released, and claimed again.
            #expect(generation >= 1 + 2 * rounds)
            figure(
                "\(kind), released \(rounds) times: \(load.count(of: 0)) and \(load.count(of: 1)) IDs, generation \(generation), errors \(load.errors)"
            )
            withExtendedLifetime(daemons) {}
            ledger.expectNoFaults()
        }

        @Test(arguments: World.kinds, ["snowflake.layout=js53", "snowflake.epoch=1600000000000"])
        func `another layout or epoch gets no worker id, and is told both`(kind: StoreKind, setting: String) throws {
            let world = try World(kind)
            let first = try world.host("a").start()
            try first.snowflakes()
            let other = try world.host("b", settings: [setting]).start()
            let refusal = try other.refusal(containing: "NOWORKER")
            let format = try #require(try other.stats().snowflake.format)
            #expect(refusal.contains(SnowflakeFormat.leafs.text) && refusal.contains(format), "\(refusal)")
            figure("\(kind), other format: \(refusal)")
            #expect(try other.next() > 0)
        }

        @Test(arguments: World.kinds)
        func `without the table, or the right to make it, tags go on and the text says why`(kind: StoreKind) throws {
            let world = try World(kind)
            let maker = try world.host("maker").start()
            #expect(try maker.next() > 0)
            maker.kill()
            try world.sql("DROP TABLE leafd_worker")
            try world.server.sql(kind.forbidTables(in: world.database))
            for setting in ["true", "false"] {
                let daemon = try world.host("d-\(setting)", settings: ["store.create-schema=\(setting)"]).start()
                do {
                    #expect(try daemon.next() > 0)
                    let refusal = try daemon.refusal(containing: "leafd_worker")
                    #expect(refusal.contains("NOWORKER"), "\(refusal)")
                    figure("\(kind), no table, create-schema \(setting): \(refusal)")
                    #expect(try daemon.next() > 0)
                } catch { Issue.record("create-schema \(setting): \(error)") }
            }
        }
    }
}
