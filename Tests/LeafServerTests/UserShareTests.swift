import LeafClient
import LeafEngine
import LeafServer
import LeafTestKit
import Testing

@testable import LeafServer

/// One uid's share in a running daemon: memory and waiting requests.
struct UserShareTests {
    /// Each holds on to memory in another way.
    @Test(
        arguments: [
            ("an array without end", Array("*64\r\n".utf8) + (0..<20).flatMap { _ in argument(4000) }),
            ("MULTI without EXEC", line("MULTI") + (0..<20).flatMap { _ in array("ECHO", text(4000)) }),
            ("replies that nobody reads", line("NEXT orders 100000")),
            (
                "requests behind one that waits",
                line("NEXT scarce 1000") + (0..<20).flatMap { _ in array("ECHO", text(4000)) }
            ),
        ] as [(String, [UInt8])])
    func `whoever holds more memory than its share is disconnected, and nobody else`(
        what: String, bytes: [UInt8]
    ) async throws {
        let store = MemoryStore()
        try await TestDaemon.run(
            store,
            {
                $0.tags = ["orders", "scarce"]
                $0.limits.memoryLimitBytes = 1 << 20
                $0.limits.outputLimitBytes = 128 << 10
            }
        ) { daemon in
            let core = daemon.server.core
            let quiet = try daemon.connect()
            #expect(try quiet.ask("PING") == "+PONG")
            if what == "requests behind one that waits" { store.hold() }
            var rude: [DeafClient] = []
            // More than twice of what one uid may hold.
            for _ in 0..<64 where core.connectionsCutOff == 0 {
                let client = try DeafClient(path: daemon.path)
                let isDeaf = what == "replies that nobody reads"
                _ = isDeaf ? client.send(bytes, upTo: 1 << 10) : client.send(once: bytes)
                rude.append(client)
                for _ in 0..<5 { #expect(try quiet.ask("PING") == "+PONG") }
                // Half of it all, and what one connection can add in one turn.
                #expect(core.heldBytes <= 512 << 10 + 256 << 10)
            }
            try await eventually("somebody has been cut off") { core.connectionsCutOff > 0 }
            #expect(try quiet.ask("PING") == "+PONG")
            #expect(core.heldBytes <= 1 << 20)
            rude = []
            store.letGo()
            try await eventually("all is given back") { core.openConnections == 1 && core.heldBytes == 0 }
        }
    }

    @Test func `who sends whole requests and reads the replies holds no memory`() async throws {
        try await TestDaemon.run(change: {
            // Room for one that is slow to read (output-limit), and for nobody who would not give it back.
            $0.limits.memoryLimitBytes = 4 << 20
            $0.step = 1_000_000
        }) { daemon in
            let connection = try daemon.connect(timeout: .seconds(60))
            for _ in 0..<20 {
                let replies = try connection.pipeline(Array(repeating: ["NEXT", "orders", "1000"], count: 100))
                #expect(replies.allSatisfy { $0.array?.count == 1000 })
            }
            #expect(try connection.next("orders", count: 100_000).count == 100_000)
            #expect(daemon.server.core.connectionsCutOff == 0)
            try await eventually("nothing is held") { daemon.server.core.heldBytes == 0 }
        }
    }

    @Test func `one uid cannot take all places of those who wait`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.maxParkedPerUID = 3 }) { daemon in
            store.hold()
            let waiting = try (0..<3).map { _ in try daemon.connect() }
            for connection in waiting { try connection.send([["NEXT", "orders"]]) }
            try await daemon.waitUntilParked(3)
            let refusal =
                "-ERR too many requests of this uid are waiting already (three quarters of segments.max-parked): try again"
            for _ in 0..<3 {
                let another = try daemon.connect()
                #expect(try another.ask("NEXT orders") == refusal)
                #expect(try another.ask("PING") == "+PONG")
                #expect(daemon.engine.parked == 3)
            }
            // One that goes makes room.
            waiting[0].close()
            try await daemon.waitUntilParked(2)
            let late = try daemon.connect()
            try late.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(3)
            store.letGo()
            let ids = try (Array(waiting[1...]) + [late]).map { try $0.receive().integer }
            #expect(Set(ids).count == 3 && !ids.contains(nil))
            // And so do those that have been answered.
            store.hold()
            for connection in [waiting[1], waiting[2], late] { try connection.send([["NEXT", "orders", "5000"]]) }
            try await daemon.waitUntilParked(3)
            store.letGo()
            for connection in [waiting[1], waiting[2], late] { #expect(try connection.receive().array?.count == 5000) }
        }
    }

    @Test func `without a place of its own a whole run is refused, turn by turn`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.maxParkedPerUID = 0 }) { daemon in
            store.hold()
            let connection = try daemon.connect()
            let replies = try connection.pipeline(
                Array(repeating: ["NEXT", "orders"], count: 3000) + [["PING", "end"]])
            #expect(replies.dropLast().allSatisfy { $0.errorPrefix == "ERR" })
            #expect(replies.last?.text == "end")
            store.letGo()
            try await eventually("there is stock") { try connection.command("NEXT", "orders").integer != nil }
        }
    }
}

private func text(_ length: Int) -> String { String(repeating: "x", count: length) }
private func argument(_ length: Int) -> [UInt8] { Array("$\(length)\r\n\(text(length))\r\n".utf8) }
