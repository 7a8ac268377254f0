import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("Basics, over SQLite")
    struct BasicTests {
        @Test func `IDs ascend, and tell the time and the worker id`() throws {
            let daemon = try SnowflakeHost().start()
            let leafd = try daemon.connect()
            let before = trueTime()
            let ids = try (0..<100).map { _ in try #require(try leafd.command("SNOWFLAKE").integer) }
            let after = trueTime()
            let held = try daemon.stats().snowflake.workers
            #expect(held == [0])
            for (id, next) in zip(ids, ids.dropFirst()) { #expect(id < next) }
            for id in ids {
                let parts = try #require(SnowflakeFormat.leafs.parts(of: id))
                #expect(parts.worker == 0)
                #expect((before - 1000...after + 1000).contains(parts.time))
                let decoded = try #require(try leafd.command("DECODE", "\(id)").array)
                #expect(decoded[1].integer == parts.time && decoded[5].integer == 0)
                #expect(decoded[7].integer == parts.sequence)
            }
            let tool = try Tool.run(
                try Tool.product("leafctl"),
                ["decode", "--epoch", "1288834974657", "--layout", "leaf", "--json", "\(ids[0])"])
            #expect(tool.isSuccess && tool.output.contains("\"worker\":0"), "\(tool)")
        }

        @Test func `counts, STRING and WORKER give what they say`() throws {
            let daemon = try SnowflakeHost().start()
            let leafd = try daemon.connect()
            let ledger = SnowflakeLedger()
            func take(_ words: String...) throws -> [Int64] {
                let ids = SnowflakeReply.ids(try leafd.command(words))
                ledger.record(ids, client: 0)
                return ids
            }
            #expect(try take("SNOWFLAKE", "10").count == 10)
            #expect(try take("SNOWFLAKE", "10", "WORKER", "0").count == 10)
            #expect(try take("SNOWFLAKE", "WORKER", "0").count == 1)
            #expect(try leafd.command("SNOWFLAKE", "STRING").text.flatMap { Int64($0) } != nil)
            let strings = try leafd.command("SNOWFLAKE", "3", "WORKER", "0", "STRING").array?.compactMap(\.text)
            #expect(strings?.compactMap { Int64($0) }.count == 3)
            #expect(try leafd.command("SNOWFLAKE", "WORKER", "7").errorPrefix == "NOWORKER")
            for bad in ["WORKER 1024", "0", "-1", "5 STRING WORKER 0", "100001", "x"] {
                let words = ["SNOWFLAKE"] + bad.split(separator: " ").map(String.init)
                #expect(try leafd.command(words).errorPrefix == "ERR", "\(bad)")
            }
            for count in [100_000, 4096, 4097, 1] { #expect(try take("SNOWFLAKE", "\(count)").count == count) }
            ledger.expectNoFaults()
        }

        @Test func `a pipeline of 50,000 on one connection, and on four at once: all different, none lost`() throws {
            let daemon = try SnowflakeHost().start()
            let ledger = SnowflakeLedger()
            try daemon.snowflakes()
            for clients in [1, 4] {
                let before = ledger.count
                let time = try elapsed {
                    _ = try onThreads(clients) { number in
                        let leafd = try LeafConnection(path: daemon.setup.socketPath, timeout: patience)
                        let replies = try leafd.pipeline(Array(repeating: ["SNOWFLAKE"], count: 50_000))
                        ledger.record(replies.compactMap(\.integer), client: clients * 10 + number)
                    }
                }
                #expect(ledger.count - before == clients * 50_000)
                figure("pipeline of 50,000 × \(clients): \(Int(Double(clients * 50_000) / time.seconds)) IDs/s")
            }
            ledger.expectNoFaults()
        }

        @Test func `stops, kills and starts under load: no ID twice, ascending, and close to true time`() throws {
            let host = try SnowflakeHost()
            let ledger = SnowflakeLedger()
            let load = SnowflakeLoad(ledger)
            let mixes: [[[String]]] = [
                [["SNOWFLAKE"]], Array(repeating: ["SNOWFLAKE"], count: 32),
                [["SNOWFLAKE", "1000"], ["SNOWFLAKE"], ["SNOWFLAKE", "7", "STRING"]], [["SNOWFLAKE", "20000"]],
            ]
            let clients = (0..<4).map {
                SnowflakeClient(path: host.setup.socketPath, number: $0, requests: mixes[$0], pause: .milliseconds(2))
            }
            var ahead: [Int64] = []
            let rounds = Int(6 * soakScale)
            try load.run(clients) {
                let daemon = try host.start()
                for round in 0..<rounds {
                    try load.waitForMore(20, from: 0..<4)
                    pauseThread(.milliseconds(.random(in: 0...80)))
                    if round % 3 == 0 { try daemon.stop() } else { daemon.kill() }
                    try load.waitForAllToBreak()
                    ledger.mark()
                    try daemon.start()
                    try load.waitForMore(1, from: 0..<4)
                    let first = try #require(ledger.firstSinceMark.flatMap { ledger.format.parts(of: $0) })
                    ahead.append(first.time - trueTime())
                }
            }
            ledger.expectNoFaults()
            #expect(ledger.workers == [0])
            // Behind by as much as the test was late to look; ahead by a journal window, or what a large request had taken.
            #expect(ahead.allSatisfy { $0 < 2000 })
            figure(
                "\(rounds) restarts: \(ledger.count) IDs; first ID less true time \(ahead.sorted()) ms; errors \(load.errors); longest stall \(load.takeLongestStall().shown)"
            )
        }
    }
}
