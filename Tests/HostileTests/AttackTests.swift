import LeafClient
import LeafTestKit
import Testing

extension Hostile {
    /// A whole daemon under each attack: it stays alive and right, and its memory within the formula of Docs/ThreatModel.md.
    @Suite("Attacks", .serialized)
    struct AttackTests {
        struct Case: CustomTestStringConvertible, Sendable {
            let name: String
            /// As many as a short test can make.
            let connections: Int
            var settings: [String] = []
            /// What some of its replies must begin with.
            var error: String?

            var testDescription: String { name }
        }

        static let memoryLimit = 16 << 20

        static let cases = [
            Case(name: "idle", connections: 2000), Case(name: "storm", connections: 64),
            Case(name: "slow", connections: 200), Case(name: "deaf", connections: 200),
            Case(name: "half-closed", connections: 300),
            Case(name: "unknown", connections: 1, error: "ERR unknown command"),
            Case(name: "no tag", connections: 1, error: "NOTAG"), Case(name: "NEXT", connections: 1),
            Case(name: "PING", connections: 1), Case(name: "SNOWFLAKE", connections: 1),
            Case(name: "mixed", connections: 1),
            Case(name: "100 × NEXT", connections: 20), Case(name: "NEXT 100000", connections: 16),
            Case(name: "LEASE", connections: 16), Case(name: "MULTI", connections: 4),
            Case(name: "no EXEC", connections: 50), Case(name: "long lines", connections: 2000),
            Case(name: "long arrays", connections: 500),
            Case(name: "parked", connections: 300, settings: ["segments.max-parked=100"]),
            Case(name: "reports", connections: 20), Case(name: "names", connections: 200),
            Case(name: "admin", connections: 1, error: Account.canBecomeOthers ? "NOPERM" : nil),
            Case(name: "HELLO", connections: 1), Case(name: "half read", connections: 16),
        ]

        @Test(arguments: cases)
        func `leafd stays alive, right and small`(attack: Case) throws {
            let daemon = try HostileDaemon(settings: ["server.memory-limit=16MiB"] + attack.settings)
            let neighbour = try daemon.connect()
            var last = try neighbour.next("watched")
            let rest = try daemon.residentBytes
            let running = try daemon.attack(attack.name, connections: attack.connections)
            var peak = 0
            let end = ContinuousClock.now.advanced(by: .seconds(1.5))
            while ContinuousClock.now < end {
                let next = try neighbour.next("watched")
                #expect(next > last)
                last = next
                peak = max(peak, try daemon.residentBytes)
                pauseThread(.milliseconds(5))
            }
            let outcome = try running.end()
            #expect(outcome.connected > 0)
            if let error = attack.error {
                #expect(outcome.errors.keys.contains { $0.hasPrefix(error) }, "\(outcome.errors)")
            }
            // Of the formula: for each connection, for what all hold, and for the loops' own.
            let bound = rest + attack.connections * 8 << 10 + AttackTests.memoryLimit * 3 / 2 + 24 << 20
            #expect(peak < bound, "\(peak >> 20) MiB, \(rest >> 20) MiB before")
            #expect(try neighbour.next("watched") > last)
            try daemon.stop()
        }
    }
}
