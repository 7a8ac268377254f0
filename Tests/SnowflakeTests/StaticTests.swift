import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("Who gets a worker id", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct StaticTests {
        @Test
        func `a static worker id is one daemon's: the second hears whose, a restart goes on, a new journal waits`()
            throws
        {
            let world = try World()
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
            figure("static, second daemon: \(refusal)")
            for isKilled in [false, true] {
                if isKilled { first.kill() } else { try first.stop() }
                ledger.mark()
                try first.start()
                ledger.record(try first.snowflakes(["SNOWFLAKE", "1000"]), client: 0)
                #expect(try first.stats().snowflake.generations == [1])
            }
            second.kill()
            first.kill()
            try a.deleteJournal()
            ledger.mark()
            try first.start()
            let waiting = try first.refusal(containing: "may stamp for")
            figure("static, journal deleted: \(waiting)")
            world.pass(.seconds(3 * 3600))
            ledger.record(try first.snowflakes(["SNOWFLAKE", "1000"]), client: 0)
            #expect(try first.stats().snowflake.generations == [2])
            #expect(ledger.workers == [5])
            ledger.expectNoFaults()
        }

        @Test func `a released worker id is stamped with by nobody else before its time is over`() throws {
            let world = try World()
            let ledger = SnowflakeLedger()
            let (a, b) = (
                try world.host("a", settings: ["snowflake.worker=5"]),
                try world.host("b", settings: ["snowflake.worker=5"])
            )
            let (first, second) = (try a.start(), try b.start())
            let load = SnowflakeLoad(ledger, world: world.clock)
            let clients = [a, b].enumerated().map { SnowflakeClient(path: $1.setup.socketPath, number: $0) }
            try load.run(clients) {
                try eventually("one of the two has it") { load.count(of: 0) + load.count(of: 1) > 10 }
                let rounds = Int(3 * soakScale)
                for _ in 0..<rounds {
                    let before = load.count(of: 0) + load.count(of: 1)
                    try world.release(5, at: first)
                    world.pass(.seconds(3 * 3600))
                    try eventually("somebody has it again") { load.count(of: 0) + load.count(of: 1) > before + 100 }
                }
                figure(
                    "released \(rounds) times: \(load.count(of: 0)) and \(load.count(of: 1)) IDs, generation \(try world.generations()[5] ?? 0), errors \(load.errors)"
                )
            }
            withExtendedLifetime(second) {}
            ledger.expectNoFaults()
        }

        @Test(arguments: ["snowflake.layout=js53", "snowflake.epoch=1600000000000"])
        func `another layout or epoch gets no worker id, and is told both`(setting: String) throws {
            let world = try World()
            let first = try world.host("a").start()
            try first.snowflakes()
            let other = try world.host("b", settings: [setting]).start()
            let refusal = try other.refusal(containing: "NOWORKER")
            let format = try #require(try other.stats().snowflake.format)
            #expect(refusal.contains(SnowflakeFormat.leafs.text) && refusal.contains(format), "\(refusal)")
            figure("other format: \(refusal)")
            #expect(try other.next() > 0)
        }

        @Test func `without the table, or the right to make it, tags go on and the text says why`() throws {
            let world = try World()
            let maker = try world.host("maker").start()
            #expect(try maker.next() > 0)
            maker.kill()
            try world.server.ids("DROP TABLE IF EXISTS leafd_worker")
            try world.server.sql(
                """
                REVOKE ALL PRIVILEGES ON \(ServerUser.database).* FROM \(ServerUser.name)@'%';
                GRANT SELECT, INSERT, UPDATE, DELETE ON \(ServerUser.database).* TO \(ServerUser.name)@'%';
                """)
            for setting in ["true", "false"] {
                let daemon = try world.host("d-\(setting)", settings: ["store.create-schema=\(setting)"]).start()
                do {
                    #expect(try daemon.next() > 0)
                    let refusal = try daemon.refusal(containing: "leafd_worker")
                    #expect(refusal.contains("NOWORKER"), "\(refusal)")
                    figure("no table, create-schema \(setting): \(refusal)")
                    #expect(try daemon.next() > 0)
                } catch { Issue.record("create-schema \(setting): \(error)") }
            }
        }
    }
}
