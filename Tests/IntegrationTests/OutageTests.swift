import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Without its store")
    struct OutageTests {
        /// Takes IDs until there are no more. Fails if there is no end.
        private func drain(_ leafd: LeafConnection, from first: Int64) throws -> (ids: [Int64], refusal: Reply) {
            var ids = [first]
            while ids.count < 100_000 {
                let reply = try leafd.command("NEXT", "orders")
                guard let id = reply.integer else { return (ids, reply) }
                ids.append(id)
            }
            throw TestProblem("the stock does not end")
        }

        private static let smallStock = [
            "segments.reserve=0s", "segments.wait-timeout=300ms", "store.query-timeout=500ms",
        ]

        /// Goes through an outage: on from stock, degraded, exhausted, recovered.
        private func outlive(_ daemon: LeafDaemon, begin: () throws -> Void, end: () throws -> Void) throws {
            let first = try daemon.next()
            try begin()
            let leafd = try daemon.connect()
            var ids = [first]
            // Past the threshold at which the next segment is fetched, so that the outage is noticed.
            for _ in 0..<30 { ids.append(try leafd.next("orders")) }
            try eventually("HEALTH says DEGRADED") { try daemon.health().hasPrefix("+DEGRADED") }
            let health = try daemon.health()
            #expect(health.contains("stock lasts"), "\(health)")
            let (more, refusal) = try drain(leafd, from: try leafd.next("orders"))
            ids += more
            expectUnique(ids, count: ids.count)
            #expect(ids == ids.sorted())
            figure("\(ids.count) IDs from stock; then \(refusal)")
            #expect(["EXHAUSTED", "TIMEOUT"].contains(refusal.errorPrefix))
            try eventually("-EXHAUSTED") { try leafd.command("NEXT", "orders").errorPrefix == "EXHAUSTED" }
            for _ in 0..<20 {
                var reply: Reply?
                let time = try elapsed { reply = try leafd.command("NEXT", "orders") }
                #expect(["EXHAUSTED", "TIMEOUT"].contains(reply?.errorPrefix))
                // Of which at most the wait-timeout (300 ms) is leafd's, and the rest a busy machine's.
                #expect(time < .seconds(20))
                pauseThread(.milliseconds(20))
            }
            #expect(try daemon.health().hasPrefix("-UNHEALTHY"))
            try end()
            let after = try eventually("an ID after the outage") { try leafd.command("NEXT", "orders").integer }
            #expect(after > ids.max() ?? 0)
            try eventually("HEALTH says OK") { try daemon.health() == "+OK" }
        }

        @Test("moved away: it goes on from stock, says so, refuses in time, and recovers by itself")
        func movedAway() throws {
            let daemon = try LeafDaemon(
                DaemonSetup(tags: ["{name: orders, step: 100}"], settings: OutageTests.smallStock))
            try outlive(daemon, begin: daemon.setup.store.moveAway, end: daemon.setup.store.moveBack)
        }

        @Test("locked by another process: it goes on from stock, says so, refuses in time, and recovers by itself")
        func locked() throws {
            let daemon = try LeafDaemon(
                DaemonSetup(tags: ["{name: orders, step: 100}"], settings: OutageTests.smallStock))
            let locker = try StoreLocker(daemon.setup.store)
            try outlive(daemon, begin: locker.lock, end: locker.release)
        }

        @Test(
            "read-only: it goes on from stock, says so, refuses in time, and recovers by itself",
            .enabled(if: isOrdinaryUserPossible, "root may write to everything, and setpriv is not there"))
        func readOnly() throws {
            let setup = DaemonSetup(tags: ["{name: orders, step: 100}"], settings: OutageTests.smallStock)
            let daemon = try OrdinaryDaemon(setup)
            let first = try daemon.connect().next("orders")
            try daemon.stop()
            try daemon.setStore(writable: false)
            try daemon.start()
            let leafd = try daemon.connect()
            var ids = [first]
            for _ in 0..<30 { ids.append(try leafd.next("orders")) }
            try eventually("HEALTH says DEGRADED") {
                guard case .simple(let text) = try leafd.command("HEALTH") else { return false }
                return text.hasPrefix("DEGRADED")
            }
            let (more, refusal) = try drain(leafd, from: try leafd.next("orders"))
            ids += more
            expectUnique(ids, count: ids.count)
            #expect(refusal.errorPrefix == "EXHAUSTED")
            try daemon.setStore(writable: true)
            try eventually("an ID after the outage") { try leafd.command("NEXT", "orders").integer }
        }

        @Test("away at the first start: existing tags are exhausted, not unknown, and service starts by itself")
        func awayAtFirstStart() throws {
            let folder = TemporaryFolder()
            let first = try LeafDaemon(DaemonSetup(in: folder, name: "first"))
            let used = try first.next()
            try first.stop()
            try first.setup.store.moveAway()
            let daemon = try LeafDaemon(
                DaemonSetup(in: folder, name: "second", settings: ["store.create-schema=false"]))
            let leafd = try daemon.connect()
            for tag in ["orders", "orders", "nobody-knows"] {
                #expect(try leafd.command("NEXT", tag).errorPrefix == "EXHAUSTED")
            }
            #expect(try daemon.health().hasPrefix("-UNHEALTHY"))
            try daemon.setup.store.moveBack()
            let id = try eventually("service starts") { try leafd.command("NEXT", "orders").integer }
            #expect(id > used)
            try eventually("the unknown tag is known to be none") {
                try leafd.command("NEXT", "nobody-knows").errorPrefix == "NOTAG"
            }
        }

        @Test("a tag that the tag list does not have is unknown at once, also while the store is away")
        func unknownTag() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let leafd = try daemon.connect()
            #expect(try leafd.next("orders") == 1)
            #expect(try leafd.command("NEXT", "nobody").errorPrefix == "NOTAG")
            try daemon.setup.store.moveAway()
            for round in 0..<20 {
                // Had it waited for the store, it would be another error.
                #expect(try leafd.command("NEXT", "nobody-\(round)").errorPrefix == "NOTAG")
            }
            #expect(try leafd.next("orders") == 2)
        }

        @Test("stock in the journal is served at a start without the store, before anything else")
        func restartInOutage() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let last = try daemon.connect().next("orders", count: 50).last
            try daemon.stop()
            try daemon.setup.store.moveAway()
            var next: Int64?
            let time = try elapsed {
                try daemon.start()
                next = try daemon.next()
            }
            #expect(next == (last ?? 0) + 1)
            figure("start to first ID, without the store: \(time)")
        }
    }
}
