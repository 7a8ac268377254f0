import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("The database is away", .enabled(if: World.obstacle == nil, "\(World.obstacle ?? "")"))
    struct OutageTests {
        @Test(arguments: World.kinds)
        func `snowflakes go on, over a restart too, until the lease is over, and no further`(kind: StoreKind) throws {
            let world = try World(kind)
            let ledger = SnowflakeLedger()
            let load = SnowflakeLoad(ledger, world: world.clock)
            let host = try world.host("a")
            let daemon = try host.start()
            // It is up, and has no worker id.
            let late = try world.host("late").start()
            #expect(try late.next() > 0)
            try load.run([SnowflakeClient(path: host.setup.socketPath, number: 0)]) {
                try load.waitForMore(20, from: [0])
                try world.letLeaseGrow(of: 0)
                // Who is frozen renews nothing.
                daemon.pause()
                let end = try world.end(of: 0)
                try world.server.stop()
                daemon.resume()
                try load.waitForMore(20, from: [0])
                _ = load.takeLongestStall()
                try load.waitForMore(200, from: [0])
                figure("\(kind), store stopped: longest stall \(load.takeLongestStall().shown)")
                for isKilled in [false, true] {
                    if isKilled { daemon.kill() } else { try daemon.stop() }
                    try load.waitForAllToBreak()
                    ledger.mark()
                    let time = try elapsed {
                        try daemon.start()
                        try load.waitForMore(1, from: [0])
                    }
                    figure(
                        "\(kind), restart during the outage, \(isKilled ? "killed" : "stopped"): IDs after \(time.shown)"
                    )
                }
                var text = ""
                let time = try elapsed { text = try late.refusal(containing: "NOWORKER") }
                figure("\(kind), no worker id, store stopped: after \(time.shown): \(text)")
                // Stamped up to the very end, under load.
                world.pass(.milliseconds(max(0, end - 500 - world.now)))
                let over = try daemon.refusal(containing: "CLOCK")
                let last = try #require(ledger.lastTime(of: 0))
                #expect(last <= end)
                figure("\(kind), lease over, last ID \(end - last) ms before its end: \(over)")
                // More than any lease.
                world.pass(.seconds(2 * 3600 + 60))
                try load.waitForRefusal(of: 0)
                #expect(ledger.lastTime(of: 0) ?? .max <= end)
                _ = load.takeLongestStall()
                try world.startServer()
                let back = try elapsed { try load.waitForMore(5, from: [0]) }
                figure("\(kind), store back: IDs after \(back.shown)")
            }
            #expect(ledger.workers == [0])
            ledger.expectNoFaults()
        }

        @Test(arguments: World.kinds)
        func `a database that does not answer at all keeps nobody waiting for a worker id for ever`(kind: StoreKind)
            throws
        {
            let world = try World(kind)
            let proxy = try FaultProxy(to: world.server.port)
            let host = try world.host("a", url: world.url(proxy))
            let holder = try host.start()
            try holder.snowflakes()
            let other = try world.host("b", url: world.url(proxy)).start()
            #expect(try other.next() > 0)
            proxy.blackhole()
            let leafd = try other.connect(timeout: patience)
            for number in 1...3 {
                var reply = Reply.null
                let time = try elapsed { reply = try leafd.command("SNOWFLAKE") }
                #expect(["NOWORKER", "TIMEOUT"].contains(reply.errorPrefix), "\(reply)")
                figure("\(kind), no worker id, store silent, request \(number): after \(time.shown): \(reply)")
            }
            let time = try elapsed { try holder.snowflakes(["SNOWFLAKE", "10"]) }
            figure("\(kind), worker id held, store silent: IDs after \(time.shown)")
            proxy.restore()
            let back = try elapsed { try other.snowflakes() }
            figure("\(kind), store answers again: IDs after \(back.shown)")
        }

        @Test(.enabled(if: soakScale > 1, "it takes more than a minute: set SOAK_SCALE"))
        func `a lease grows while it is held, on a host that has been asleep before too`() throws {
            let world = try World()
            let host = try world.host()
            host.clock?.slept = .seconds(10 * 3600)
            // The database was awake meanwhile.
            host.clock?.wall = .seconds(-10 * 3600)
            let daemon = try host.start()
            try daemon.snowflakes()
            try eventually("the lease reaches farther than its first minute", within: .seconds(180), every: .seconds(1))
            {
                try daemon.stats().snowflake.horizonSeconds ?? 0 > 65
            }
        }
    }
}
