import Foundation
import LeafClient
import LeafTestKit
import Testing

extension FleetSuite {
    /// A primary is killed, and an asynchronous replica that lacks its last commits takes its place.
    ///
    /// Turns red without `DuplicateGuard.identity` (`Settlement.step`, `SettledSQL.conditions`): the daemon that starts with an
    /// empty journal leases what others were leased before. `ControlTests` show that.
    @Suite("Through failovers", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct FailoverTests {
        static let gap: Int64 = 50_000_000

        /// Some of a fleet, by what they do and so by what they know.
        private enum Role {
            /// They lease many times a second, so that their floors are the newest.
            static let eager = [0, 1]
            /// They live on what they were leased long ago.
            static let quiet = [2, 3]
            /// Frozen during the failover: one that is eager would look at the new server with the old one's eyes.
            static let frozen = 1
            /// Started just before it.
            static let new = 4
            /// Holds a tag that nobody else has.
            static let sole = 5
            /// Stopped before it, and started after it.
            static let stopped = 6
            /// Killed during it, and started after it.
            static let killed = 7

            static let all = 0..<8
        }

        private static let settings = [
            "store.failover-gap=\(gap)", "store.beat=300ms", "segments.default-step=100", "segments.min-step=100",
            "segments.max-step=1000", "segments.reserve=0s",
        ]
        /// Stock for the whole test out of one lease.
        private static let quietly = [
            "segments.max-step=200000", "segments.default-step=200000", "segments.min-step=200000",
        ]

        private static let tags = [
            "{name: orders, step: 100}", "{name: users, step: 100}", "{name: sole, step: 100}",
            "{name: idle, step: 100}", "{name: gone, step: 100}",
        ]

        @Test(
            "three failovers there and back, a switchover, a restored dump, counters set back: no ID twice, one lift each",
            arguments: ServerKind.available)
        func thereAndBack(_ kind: ServerKind) throws {
            let servers = try ServerTurns(kind)
            let fleet = DaemonFleet(url: servers.url, tags: Self.tags, settings: Self.settings)
            for number in Role.all {
                let daemon = try fleet.add(nil, Role.quiet.contains(number) ? Self.quietly : [])
                if number == 0 { try daemon.waitUntilServing() }
                if number != Role.new { try fleet.take(10, from: number) }
            }
            try fleet.take(10, of: "sole", from: Role.sole)
            for number in [1, Role.sole] { try fleet.take(10, of: "gone", from: number) }
            try servers.catchUp()

            let load = FleetLoad(fleet.ledger)
            try load.run(clients(fleet)) {
                try load.waitForMore(300, from: [0, 1, 2, 3, 5, 6, 7])
                try failOver(servers, fleet, load)
                for _ in 0..<Int(soakScale) {
                    try servers.renewReplica()
                    try failBack(servers, fleet, load)
                }
                try servers.renewReplica()
                try switchOver(servers, fleet, load)
                try restore(servers.primary, fleet, load)
            }
            try setBack(servers.primary, fleet)
            figure("\(kind.rawValue): \(fleet.ledger.count) IDs, errors met: \(load.errors)")
            let harmless: Set = ["EXHAUSTED", "TIMEOUT", "NOTAG", "closed", "notRunning", "noSocket"]
            #expect(load.errors.filter { !harmless.contains($0.key) } == [:])
            fleet.expectNoDuplicates()
        }

        private func clients(_ fleet: DaemonFleet) -> [FleetClient] {
            Role.eager.map {
                FleetClient(
                    of: fleet[$0], $0, number: $0, tags: ["orders", "users"], .nextMany(10), width: 10,
                    every: .milliseconds(5))
            }
                + (Role.quiet + [Role.sole, Role.stopped, Role.killed]).map {
                    FleetClient(
                        of: fleet[$0], $0, number: $0, tags: $0 == Role.sole ? ["sole"] : ["orders"],
                        every: .milliseconds(2))
                }
        }

        /// Everything at once: leases, beats, a CREATE and a DROP are lost, some daemons are away meanwhile.
        private func failOver(_ servers: ServerTurns, _ fleet: DaemonFleet, _ load: FleetLoad) throws {
            try servers.holdReplica()
            try loseLeases(servers, fleet)
            #expect(try fleet[0].ask("CREATE", "late", "STEP", "100") == .simple("OK"))
            for number in [0, Role.sole] { try fleet.take(50, of: "late", from: number) }
            #expect(try fleet[1].ask("DROP", "gone") == .simple("OK"))
            try fleet[Role.stopped].stop()
            try fleet.take(10, from: Role.new)
            let before = Highest(fleet, ["orders", "users", "sole", "late", "gone"])
            fleet[Role.frozen].pause()
            servers.primary.kill()
            fleet[Role.killed].kill()
            // From stock, with no server at all.
            for number in Role.all { _ = load.takeLongestWait(of: number) }
            try load.waitForMore(200, from: [2])
            figure("without a server, the longest wait for stock: \(load.takeLongestWait(of: 2).shown)")
            let start = ContinuousClock.now
            try servers.promote()
            // With an empty journal, and no floor: it may be the first that asks.
            try fleet.add("empty")
            try fleet.take(1000, from: fleet.daemons.count - 1)
            figure(
                "\(servers.kind.rawValue): promotion to the first lease of an empty daemon: \(start.duration(to: .now).shown)"
            )
            try fleet[Role.stopped].start()
            try fleet[Role.killed].start()
            fleet[Role.frozen].resume()
            for number in fleet.daemons.indices where !Role.quiet.contains(number) {
                try fleet.takeBeyond(before["orders"], from: number)
            }
            figure("\(servers.kind.rawValue): promotion to new leases of all: \(start.duration(to: .now).shown)")
            try load.waitForMore(300, from: [0, 1, 2, 3, 5, 6, 7])
            try fleet.takeBeyond(before["sole"], of: "sole", from: Role.sole)
            try expectLifts(1, servers, fleet, since: before)
            // The DROP was lost: the tag is back, above all that was issued of it.
            try fleet.takeBeyond(before["gone"], of: "gone", from: 1)
            // The CREATE was lost: whoever makes the tag anew gets none of its first IDs.
            try eventually("the tag can be created anew") {
                try fleet[Role.new].ask("CREATE", "late", "STEP", "100") == .simple("OK")
            }
            try fleet.takeBeyond(before["late"], of: "late", from: Role.new)
            for number in [0, Role.sole] { try fleet.takeBeyond(before["late"], of: "late", from: number) }
            #expect(try servers.primary.counter("late") > before["late"])
        }

        /// Back to the server that was the primary before, which has the same name as then.
        private func failBack(_ servers: ServerTurns, _ fleet: DaemonFleet, _ load: FleetLoad) throws {
            let lifts = try servers.primary.lifts()
            try servers.holdReplica()
            try loseLeases(servers, fleet)
            let before = Highest(fleet, ["orders", "users"])
            servers.primary.kill()
            try servers.promote()
            for number in [0, 1, Role.new, Role.stopped, Role.killed] {
                try fleet.takeBeyond(before["orders"], from: number)
            }
            try expectLifts(lifts + 1, servers, fleet, since: before)
        }

        /// Nothing is lost, and nothing is repeated. The price is a lift.
        private func switchOver(_ servers: ServerTurns, _ fleet: DaemonFleet, _ load: FleetLoad) throws {
            let lifts = try servers.primary.lifts()
            let before = Highest(fleet, ["orders", "users"])
            try servers.switchOver()
            for number in [0, 1, Role.new] { try fleet.takeBeyond(before["orders"], from: number) }
            try load.waitForMore(300, from: [0, 1, 2, 3, 5, 6, 7])
            try expectLifts(lifts + 1, servers, fleet, since: before)
        }

        /// The same server with a dump of some seconds ago: nothing tells it from before but the daemons' own beats.
        ///
        /// Turns red without `DuplicateGuard.ownTraces` (the condition on `leafd_agent` in each lease).
        private func restore(_ server: any DatabaseServer, _ fleet: DaemonFleet, _ load: FleetLoad) throws {
            let lifts = try server.lifts()
            let dump = try server.dump()
            let beats = try server.beats()
            try eventually("every daemon has sent a beat since the dump") {
                let now = try server.beats()
                return beats.allSatisfy { now[$0.key] ?? 0 > $0.value }
            }
            // Last, an eager one's: all that follows is to be leased again.
            for number in [0, 1] { try fleet.take(20_000, from: number) }
            try server.lockUser()
            let before = Highest(fleet, ["orders", "users", "sole"])
            try server.restore(dump)
            #expect(try server.counter("orders") < before["orders"])
            try server.unlockUser()
            for number in [Role.new, 0, 1, Role.killed] { try fleet.takeBeyond(before["orders"], from: number) }
            try fleet.takeBeyond(before["sole"], of: "sole", from: Role.sole)
            #expect(try server.lifts() == lifts + 1)
            try load.waitForMore(300, from: [0, 1, 2, 3, 5, 6, 7])
        }

        /// Some counters are set back under daemons which know better, every one of them.
        ///
        /// Turns red without `DuplicateGuard.floor` (CASE in the lease statement).
        private func setBack(_ server: any DatabaseServer, _ fleet: DaemonFleet) throws {
            let highest = fleet.ledger["orders"].highest
            let eager = fleet.daemons.indices.filter { !Role.quiet.contains($0) }
            for number in eager { try fleet.takeBeyond(highest, from: number) }
            let before = try server.counter("orders")
            try server.ids("UPDATE leaf_alloc SET max_id = max_id - 1000000 WHERE biz_tag IN ('orders', 'sole')")
            for number in eager.reversed() { try fleet.takeBeyond(before, from: number) }
            #expect(try server.counter("orders") > before + Self.gap)
        }

        // MARK: What is lost

        /// Lets every daemon beat, and the eager ones lease, as only the primary knows.
        private func loseLeases(_ servers: ServerTurns, _ fleet: DaemonFleet) throws {
            let beats = try servers.primary.beats()
            let counter = try servers.primary.counter("orders")
            try eventually("leases and beats are made that will be lost") {
                let now = try servers.primary.beats()
                return try beats.allSatisfy { now[$0.key] ?? 0 > $0.value }
                    && servers.primary.counter("orders") > counter + 5000
            }
            // The last of all, by one that serves nobody else.
            try fleet.take(2000, from: Role.new)
            let lost = try servers.primary.counter("orders") - servers.replica.counter("orders")
            figure("\(servers.kind.rawValue): \(lost) IDs of orders are leased that the replica does not know")
            #expect(lost > 5000)
            #expect(lost < Self.gap)
        }

        /// The highest ID of each tag so far.
        private struct Highest {
            private let ids: [String: Int64]

            init(_ fleet: DaemonFleet, _ tags: [String]) {
                ids = Dictionary(uniqueKeysWithValues: tags.map { ($0, fleet.ledger[$0].highest) })
            }

            subscript(_ tag: String) -> Int64 { ids[tag] ?? 0 }
            var tags: [String] { Array(ids.keys) }
        }

        /// Each counter has been lifted, once.
        private func expectLifts(_ lifts: Int, _ servers: ServerTurns, _ fleet: DaemonFleet, since before: Highest)
            throws
        {
            #expect(try servers.primary.lifts() == lifts)
            // Nobody leases of it: it tells how far and how often exactly.
            #expect(try servers.primary.counter("idle") == 1 + Int64(lifts) * Self.gap)
            for tag in before.tags where !["late", "gone"].contains(tag) {
                #expect(try servers.primary.counter(tag) > before[tag])
            }
            // Of those whose STATS have not begun anew since.
            if lifts == 1 { #expect(try fleet.lifts() == 1) }
        }
    }
}
