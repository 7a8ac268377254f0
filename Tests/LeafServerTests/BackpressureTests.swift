import Glibc
import LeafClient
import LeafServer
import Testing

/// Clients that ask and do not read: they wait, the memory does not grow, nobody else notices.
@Suite(.serialized)
struct BackpressureTests {
    @Test func aClientThatDoesNotReadCostsBoundedMemory() async throws {
        try await TestDaemon.run { daemon in
            // Warm: what the daemon needs anyhow.
            #expect(try daemon.connect().next("orders", count: 100_000).count == 100_000)
            let before = residentBytes()
            let deaf = try daemon.connect(timeout: .milliseconds(500))
            // 4 GiB of replies, if they were made.
            var sent = 0
            for _ in 0..<2000 {
                // A daemon that does not read lets the send run into its timeout.
                guard (try? deaf.send([["NEXT", "orders", "100000"]])) != nil else { break }
                sent += 1
            }
            let other = try daemon.connect()
            for _ in 0..<100 { #expect(try other.command("NEXT", "orders").integer != nil) }
            #expect(residentBytes() - before < 64 << 20)
            let issued = try #require(try other.command("NEXT", "orders").integer)
            #expect(issued < 3_000_000, "so many IDs were taken for a client that does not read")
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
            try daemon.waitUntilParked(1)
            let silent = try daemon.connect()
            #expect(try silent.isAtEnd())
            let deaf = try daemon.connect()
            try deaf.send(Array(repeating: ["ECHO", String(repeating: "x", count: 4000)], count: 600))
            // One that waits for its ID is not silent, one that does not read its replies is.
            try eventually("the one that does not read has been closed") {
                try openConnections(daemon) == 2
            }
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
