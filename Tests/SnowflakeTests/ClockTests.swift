import Foundation
import LeafClient
import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite(
        "The host's clock steps", .enabled(if: ClockShift.obstacle == nil, "\(ClockShift.obstacle ?? "")"))
    struct ClockTests {
        /// The steps, in milliseconds.
        private static let steps: [(name: String, milliseconds: Int)] =
            (soakScale > 1 ? [1, 5, 1000, 3_600_000, 365 * 86_400_000] : [5, 1000, 3_600_000, 365 * 86_400_000])
            .flatMap { [$0, -$0] }.map { (name($0), $0) }

        private static func name(_ step: Int) -> String {
            let sign = step < 0 ? "−" : "+"
            return switch abs(step) {
            case 3_600_000: "\(sign)1 h"
            case 365 * 86_400_000: "\(sign)1 year"
            default: "\(sign)\(abs(step)) ms"
            }
        }

        private enum Moment: String, CaseIterable {
            case running
            case restart
        }

        private struct Row: CustomStringConvertible {
            var name = ""
            var ids = 0
            var stall = Duration.zero
            var errors: [String: Int] = [:]
            var ahead: Int64 = 0
            var behind: Int64 = 0
            var offset: Double?
            var steps: Int64 = 0
            var back = ""

            var description: String {
                "\(name) | \(ids) IDs | stall \(stall.shown) | offset \(offset.map { "\(Int($0)) ms" } ?? "–"), steps \(steps) | "
                    + "ahead \(ahead) ms, behind \(behind) ms | \(errors) | back: \(back)"
            }
        }

        @Test func `over SQLite, which has the host's clock: no ID twice`() throws {
            try tryAll(nil)
        }

        @Test(.enabled(if: MariaDBServer.isAvailable, "\(MariaDBServer.obstacle ?? "")"))
        func `over MariaDB, whose own clock stays right: no ID twice`() throws {
            let server = try MariaDBServer()
            try server.makeDatabase()
            try tryAll(server)
        }

        private func tryAll(_ server: MariaDBServer?) throws {
            // Of all hosts on one database; each host alone on its SQLite.
            let shared = SnowflakeLedger()
            for moment in Moment.allCases {
                for step in Self.steps {
                    let ledger = server == nil ? SnowflakeLedger() : shared
                    let row = try row(step, moment, server, ledger)
                    figure("clock, \(server == nil ? "SQLite" : "MariaDB"), \(row)")
                    ledger.expectNoFaults("\(step.name) \(moment):")
                }
            }
        }

        private static let number = TestLock(0)

        /// One host whose clock steps, and steps back: always with two clients at work.
        private func row(
            _ step: (name: String, milliseconds: Int), _ moment: Moment, _ server: MariaDBServer?,
            _ ledger: SnowflakeLedger
        ) throws -> Row {
            var host = try SnowflakeHost(url: server?.url(), world: [], settings: ["store.beat=100ms"])
            host.setup.settings.removeAll { $0.hasPrefix("segments.wait-timeout") }
            let clock = try #require(host.clock)
            let number = Self.number.with { number in
                number += 2
                return number
            }
            let load = SnowflakeLoad(ledger)
            let clients = [
                SnowflakeClient(path: host.setup.socketPath, number: number),
                SnowflakeClient(
                    path: host.setup.socketPath, number: number + 1, requests: [["SNOWFLAKE", "500"], ["SNOWFLAKE"]],
                    pause: .milliseconds(5)),
            ]
            var row = Row(name: "\(step.name) \(moment.rawValue)")
            let daemon = try host.start()
            try load.run(clients) {
                try load.waitForMore(5, from: clients.map(\.number))
                _ = (load.takeLongestStall(), ledger.takeDistances())
                let before = ledger.count
                if moment == .restart {
                    daemon.kill()
                    try load.waitForAllToBreak()
                    ledger.mark()
                }
                clock.wall = .milliseconds(step.milliseconds)
                if moment == .restart { try daemon.start() }
                pauseThread(.milliseconds(150) * soakScale)
                (row.ids, row.errors) = (ledger.count - before, load.errors)
                (row.ahead, row.behind) = ledger.takeDistances()
                let stats = try daemon.stats().snowflake
                (row.offset, row.steps) = (stats.clockOffsetMilliseconds, stats.clockSteps)
                row.stall = load.takeLongestStall()
                clock.wall = .zero
                let since = ContinuousClock.now
                do {
                    try load.waitForMore(5, from: clients.map(\.number), within: .seconds(5))
                    row.back = "IDs within \(since.duration(to: .now).shown)"
                } catch {
                    row.back = "no IDs within 5 s: \(load.examples)"
                }
                pauseThread(.milliseconds(50))
                let distances = ledger.takeDistances()
                row.back += ", ahead \(distances.ahead) ms, behind \(distances.behind) ms"
                daemon.kill()
                try load.waitForAllToBreak()
                ledger.mark()
                try daemon.start()
                _ = try? load.waitForMore(5, from: clients.map(\.number), within: .seconds(1))
            }
            return row
        }
    }
}
