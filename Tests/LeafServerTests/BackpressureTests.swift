import Glibc
import LeafClient
import LeafEngine
import LeafServer
import LeafTestKit
import Testing

/// Clients that ask and do not read: they wait, the memory does not grow, nobody else notices.
@Suite(.serialized)
struct BackpressureTests {
    @Test func aClientThatDoesNotReadCostsBoundedMemory() async throws {
        try await TestDaemon.run { daemon in
            // Warm: what the daemon needs anyhow.
            #expect(try daemon.connect().next("orders", count: 100_000).count == 100_000)
            let before = residentBytes()
            let deaf = try daemon.connect()
            // 4 GiB of replies, if they were made.
            try deaf.send(Array(repeating: ["NEXT", "orders", "100000"], count: 2000))
            let other = try daemon.connect()
            for _ in 0..<100 { #expect(try other.command("NEXT", "orders").integer != nil) }
            // ThreadSanitizer keeps a shadow of all memory touched.
            #expect(residentBytes() - before < (isThreadSanitized ? 256 : 64) << 20)
            let issued = try #require(try other.command("NEXT", "orders").integer)
            #expect(issued < 3_000_000, "so many IDs were taken for a client that does not read")
        }
    }

    @Test(arguments: [line("NEXT orders"), line("NEXT orders 100000"), line("HEALTH")])
    func fromAClientThatDoesNotReadTheDaemonDoesNotReadEither(request: [UInt8]) async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.outputLimitBytes = 64 << 10 }) { daemon in
            let deaf = try DeafClient(path: daemon.path)
            let taken = deaf.send(request, upTo: 64 << 20)
            #expect(taken < 8 << 20, "the daemon has taken \(taken) bytes of requests")
            #expect(try daemon.ask("PING") == .simple("PONG"))
        }
    }

    @Test func fromAClientWhoseRequestIsParkedTheDaemonDoesNotRead() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let deaf = try DeafClient(path: daemon.path)
            #expect(deaf.send(line("NEXT orders"), upTo: 64 << 20) < 8 << 20)
            #expect(daemon.engine.parked == 1)
            store.letGo()
        }
    }

    @Test func aClientThatReadsAtLastGetsEveryReply() async throws {
        try await TestDaemon.run(change: { $0.limits.outputLimitBytes = 64 << 10 }) { daemon in
            let slow = try daemon.connect(timeout: .seconds(60))
            try slow.send(Array(repeating: ["NEXT", "orders", "1000"], count: 300) + [["PING", "end"]])
            // It has stopped reading; others are served meanwhile.
            #expect(try daemon.ask("PING") == .simple("PONG"))
            var last: Int64 = 0
            for reply in try slow.receive(300) {
                let ids = try #require(reply.array)
                #expect(ids.count == 1000)
                #expect(ids.first?.integer ?? 0 > last)
                last = ids.last?.integer ?? 0
            }
            #expect(try slow.receive().text == "end")
        }
    }

    @Test func aSilentConnectionIsClosedAfterTheIdleTimeout() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.idleTimeout = .milliseconds(100) }) { daemon in
            store.hold()
            let waiting = try daemon.connect()
            try waiting.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(1)
            let silent = try daemon.connect()
            #expect(try silent.isAtEnd())
            let deaf = try DeafClient(path: daemon.path)
            #expect(deaf.send(array("ECHO", String(repeating: "x", count: 4000)), upTo: 8 << 20) > 0)
            // One that waits for its ID is not silent, one that does not read its replies is.
            try await eventually("the one that does not read has been closed") {
                try openConnections(daemon) == 2
            }
            withExtendedLifetime(deaf) {}
            store.letGo()
            #expect(try waiting.receive() == .integer(1))
        }
    }

    /// How many there are, with the one that asks.
    private func openConnections(_ daemon: TestDaemon) throws -> Int? {
        let info = try daemon.ask("INFO").text ?? ""
        return info.split(separator: "\r\n").first { $0.hasPrefix("connected_clients:") }
            .flatMap { Int($0.dropFirst("connected_clients:".count)) }
    }
}

/// This process's resident memory, from /proc/self/statm.
private func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 256)
    fgets(&text, 256, file)
    let fields = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.split(separator: UInt8(ascii: " "))
    return (Int(String(decoding: fields[1], as: UTF8.self)) ?? 0) * Int(getpagesize())
}
