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
        private enum Moment: String, CaseIterable {
            case running
            case restart
        }

        /// One line of the table.
        private struct Fault: CustomStringConvertible {
            let moment: Moment
            /// In milliseconds.
            let step: Int

            static let hour = 3_600_000
            static let year = 365 * 86_400_000

            var description: String {
                let sign = step < 0 ? "−" : "+"
                let size =
                    switch abs(step) {
                    case Self.hour: "1 h"
                    case Self.year: "1 year"
                    default: "\(abs(step)) ms"
                    }
                return "\(sign)\(size) \(moment.rawValue)"
            }

            static let all = faults(soakScale > 1 ? [1, 5, 1000, hour, year] : [5, 1000, hour, year])
            /// Those in which databases could differ.
            static let few = faults([1000, hour]).filter { $0.moment == .running || abs($0.step) == hour }

            private static func faults(_ sizes: [Int]) -> [Fault] {
                Moment.allCases.flatMap { moment in
                    sizes.flatMap { [Fault(moment: moment, step: $0), Fault(moment: moment, step: -$0)] }
                }
            }
        }

        private struct Row: CustomStringConvertible {
            let fault: Fault
            var ids = 0
            var stall = Duration.zero
            var errors: [String: Int] = [:]
            var ahead: Int64 = 0
            var behind: Int64 = 0
            var offset: Double?
            var steps: Int64 = 0
            var back = ""

            var description: String {
                "\(fault) | \(ids) IDs | stall \(stall.shown) | offset \(offset.map { "\(Int($0)) ms" } ?? "–"), steps \(steps) | "
                    + "ahead \(ahead) ms, behind \(behind) ms | \(errors) | back: \(back)"
            }
        }

        @Test func `over SQLite, which has the host's clock: no ID twice`() throws {
            for fault in Fault.all {
                // Each host is alone on its SQLite.
                let ledger = SnowflakeLedger()
                figure("clock, SQLite, \(try row(fault, nil, ledger))")
                ledger.expectNoFaults("\(fault):")
            }
        }

        @Test(arguments: World.kinds)
        func `over a server whose own clock stays right: no ID twice`(kind: StoreKind) throws {
            let world = try World(kind)
            // Of all hosts on one database.
            let ledger = SnowflakeLedger()
            for fault in kind == World.kinds.first || soakScale > 1 ? Fault.all : Fault.few {
                figure("clock, \(kind), \(try row(fault, world, ledger))")
                ledger.expectNoFaults("\(fault):")
            }
        }

        private static let number = TestLock(0)

        /// One host whose clock steps, and steps back: always with two clients at work.
        private func row(_ fault: Fault, _ world: World?, _ ledger: SnowflakeLedger) throws -> Row {
            let beat = ["store.beat=100ms"]
            var host = try world?.host(settings: beat) ?? SnowflakeHost(world: [], settings: beat)
            host.setup.settings.removeAll { $0.hasPrefix("segments.wait-timeout") }
            let clock = try #require(host.clock)
            let number = Self.number.with { number in
                number += 2
                return number
            }
            let load = SnowflakeLoad(ledger, world: world?.clock)
            let clients = [
                SnowflakeClient(path: host.setup.socketPath, number: number),
                SnowflakeClient(
                    path: host.setup.socketPath, number: number + 1, requests: [["SNOWFLAKE", "500"], ["SNOWFLAKE"]],
                    pause: .milliseconds(5)),
            ]
            let numbers = clients.map(\.number)
            var row = Row(fault: fault)
            let daemon = try host.start()
            try load.run(clients) {
                try load.waitForMore(5, from: numbers)
                _ = (load.takeLongestStall(), ledger.takeDistances())
                let before = ledger.count
                try step(clock, fault, daemon, load, ledger)
                if isRefused(fault, world) {
                    for number in numbers { try load.waitForRefusal(of: number) }
                    try eventually("\(fault): -CLOCK", within: patience) { load.errors["CLOCK"] ?? 0 > 0 }
                } else {
                    try load.waitForMore(5, from: numbers)
                }
                pauseThread(.milliseconds(150) * soakScale)
                (row.ids, row.errors) = (ledger.count - before, load.errors)
                (row.ahead, row.behind) = ledger.takeDistances()
                let stats = try daemon.stats().snowflake
                (row.offset, row.steps) = (stats.clockOffsetMilliseconds, stats.clockSteps)
                row.stall = load.takeLongestStall()
                expectFault(row, world)
                clock.wall = .zero
                let since = ContinuousClock.now
                try load.waitForMore(5, from: numbers)
                row.back = "IDs within \(since.duration(to: .now).shown)"
                pauseThread(.milliseconds(50))
                let distances = ledger.takeDistances()
                row.back += ", ahead \(distances.ahead) ms, behind \(distances.behind) ms"
                // And over another restart.
                daemon.kill()
                try load.waitForAllToBreak()
                ledger.mark()
                try daemon.start()
                try load.waitForMore(5, from: numbers)
            }
            return row
        }

        private func step(
            _ clock: ClockShift, _ fault: Fault, _ daemon: LeafDaemon, _ load: SnowflakeLoad, _ ledger: SnowflakeLedger
        ) throws {
            let time = Duration.milliseconds(fault.step)
            switch fault.moment {
            case .running:
                let before = try daemon.stats().snowflake.clockSteps
                clock.wall = time
                try eventually("\(fault): leafd sees it", within: patience) {
                    try daemon.stats().snowflake.clockSteps > before
                }
            case .restart:
                daemon.kill()
                try load.waitForAllToBreak()
                ledger.mark()
                clock.wall = time
                try daemon.start()
            }
        }

        /// Whether the journaled lease is over by the host's clock, and no renewal reaches as far: where the database has a clock
        /// of its own, that must not be believed.
        private func isRefused(_ fault: Fault, _ world: World?) -> Bool {
            fault.moment == .restart && fault.step >= Fault.hour && world != nil
        }

        /// Holds that the daemon lived with the wrong clock. Smaller steps are over as soon as it has caught up.
        private func expectFault(_ row: Row, _ world: World?) {
            let (fault, step) = (row.fault, Double(row.fault.step))
            guard abs(fault.step) >= Fault.hour else { return }
            if fault.moment == .running || fault.step < 0 {
                // Time goes on as before, and the wall clock is seen to be elsewhere.
                #expect(abs((row.offset ?? 0) - step) < abs(step) / 2, "\(row)")
            } else if world == nil {
                #expect(row.ahead > Int64(fault.step / 2), "\(row)")
            }
        }
    }
}
