import LeafClient
import LeafTestKit
import Testing

extension FleetSuite {
    /// The same losses with the guards switched off by what is configured and what tables there are: design 3.5 promises nothing
    /// then, and IDs come twice. If they did not, the tests with the guards could not fail either.
    @Suite(
        "The control: what the guards are for", .enabled(if: !ServerKind.available.isEmpty, "\(ServerKind.obstacle)"))
    struct ControlTests {
        @Test(
            "after a failover, a daemon with an empty journal issues lost IDs again, unless the server's identity guards",
            arguments: ServerKind.available, [false, true])
        func failover(_ kind: ServerKind, isGuarded: Bool) throws {
            let servers = try ServerTurns(kind)
            let fleet = try self.fleet(url: servers.url, on: servers.primary, isGuarded: isGuarded)
            try fleet.add()
            try fleet.take(10, from: 0)
            try servers.catchUp()
            try servers.holdReplica()
            let lost = Set(try fleet.take(5000, from: 0))
            servers.primary.kill()
            try servers.promote()
            try fleet.add()
            let repeated = try take(1000, from: fleet[1]).count { lost.contains($0) }
            figure("\(kind.rawValue), a failover, guarded \(isGuarded): \(repeated) of 1000 IDs were issued twice")
            #expect(isGuarded ? repeated == 0 : repeated > 0)
        }

        @Test(
            "after a restored dump, a daemon with a low floor issues lost IDs again, unless the beats guard",
            arguments: ServerKind.available, [false, true])
        func restored(_ kind: ServerKind, isGuarded: Bool) throws {
            let server = try kind.makeServer()
            let fleet = try self.fleet(url: server.url(), on: server, isGuarded: isGuarded)
            for number in 0..<2 {
                try fleet.add()
                try fleet.take(10, from: number)
            }
            let dump = try server.dump()
            let beats = isGuarded ? try server.beats() : [:]
            var lost = Set(try fleet.take(5000, from: 0))
            try eventually("both have sent a beat since the dump") {
                let now = isGuarded ? try server.beats() : [:]
                // The third is of the one that made the tables.
                return !isGuarded || beats.count { now[$0.key] ?? 0 > $0.value } == 2
            }
            try server.lockUser()
            try server.restore(dump)
            try server.unlockUser()
            // Its floor is from before the dump.
            let other = try take(1000, from: fleet[1])
            let repeated = other.count { lost.contains($0) }
            figure("\(kind.rawValue), a restored dump, guarded \(isGuarded): \(repeated) of 1000 IDs were issued twice")
            #expect(isGuarded ? repeated == 0 : repeated > 0)
            // Whoever was leased them has a floor above them, which guards without anything else.
            lost.formUnion(other)
            #expect(try take(1000, from: fleet[0]).allSatisfy { !lost.contains($0) })
        }

        /// A fleet on tables of its own making, which lease in small steps.
        ///
        /// - Parameter isGuarded: false: without identity, and without rows of agents.
        private func fleet(url: String, on server: any DatabaseServer, isGuarded: Bool) throws -> DaemonFleet {
            let maker = DaemonFleet(url: url)
            try maker.add().waitUntilServing()
            try eventually("the tag is there") { try maker[0].ask("NEXT", "orders").integer != nil }
            try maker[0].stop()
            if !isGuarded { try server.ids("DROP TABLE leafd_agent") }
            return DaemonFleet(
                url: url,
                settings: [
                    "store.create-schema=false", "segments.reserve=0s", "segments.max-step=100", "store.beat=300ms",
                    "segments.default-step=100", "store.identity=\(isGuarded ? "auto" : "none")",
                ])
        }

        /// IDs that are not entered: here they may come twice.
        private func take(_ count: Int, from daemon: LeafDaemon) throws -> [Int64] {
            let leafd = try daemon.connect(timeout: .seconds(60))
            return try eventually("\(count) IDs", within: .seconds(60)) { try? leafd.next("orders", count: count) }
        }
    }
}
