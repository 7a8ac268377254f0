import LeafClient
import LeafServer
import LeafTestKit
import Testing

/// Connections that share the memory of one loop: everybody gets what is his, whole and in order.
struct SharedMemoryTests {
    /// What a request must be answered with.
    private enum Expected {
        case ids(tag: Int, count: Int)
        case text(String)
        case error(String)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `long pipelines of mixed tags and errors are answered in order on each connection`(seed: UInt64) async throws {
        // A lease has 50 IDs, so that runs park in their middle; replies are cut short at 8 KiB; requests lie across reads.
        let change: (inout TestDaemon.Options) -> Void = { options in
            options.tags = (0..<4).map { "tag\($0)" }
            options.step = 50
            options.limits.outputLimitBytes = 8192
        }
        try await TestDaemon.run(change: change) { daemon in
            var random = SeededNumbers(seed: seed)
            let pipelines = (0..<3).map { number in SharedMemoryTests.pipeline(number, &random) }
            let connections = try pipelines.map { _ in try daemon.connect(timeout: .seconds(60)) }
            for (connection, pipeline) in zip(connections, pipelines) { try connection.send(bytes: pipeline.bytes) }
            var issued: [Int: [Int64]] = [:]
            for (connection, pipeline) in zip(connections, pipelines) {
                var mine: [Int: [Int64]] = [:]
                for expected in pipeline.expected {
                    let reply = try connection.receive()
                    switch expected {
                    case .text(let text): try #require(reply.text == text, "\(reply) instead of \(text)")
                    case .error(let prefix): try #require(reply.errorPrefix == prefix, "\(reply) instead of \(prefix)")
                    case .ids(let tag, 1): mine[tag, default: []].append(try #require(reply.integer, "\(reply)"))
                    case .ids(let tag, let count):
                        let ids = try #require(reply.array, "\(reply)").compactMap(\.integer)
                        try #require(ids.count == count)
                        mine[tag, default: []] += ids
                    }
                }
                for (tag, ids) in mine {
                    #expect(ids == ids.sorted())
                    issued[tag, default: []] += ids
                }
            }
            for ids in issued.values { #expect(Set(ids).count == ids.count) }
        }
    }

    private static func pipeline(
        _ connection: Int, _ random: inout SeededNumbers
    ) -> (bytes: [UInt8], expected: [Expected]) {
        var bytes: [UInt8] = []
        var expected: [Expected] = []
        var tag = 0
        // Several reads of 64 KiB.
        while bytes.count < 200_000 {
            if Int.random(in: 0..<5, using: &random) == 0 { tag = Int.random(in: 0..<4, using: &random) }
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8:
                bytes += array("NEXT", "tag\(tag)")
                expected.append(.ids(tag: tag, count: 1))
            case 8..<13:
                bytes += line("incr tag\(tag)")
                expected.append(.ids(tag: tag, count: 1))
            case 13:
                let count = Int.random(in: 2..<120, using: &random)
                bytes += line("NEXT tag\(tag) \(count)")
                expected.append(.ids(tag: tag, count: count))
            case 14:
                bytes += array("NEXT", "nothing")
                expected.append(.error("NOTAG"))
            case 15:
                bytes += line("NEXT tag\(tag) none")
                expected.append(.error("ERR"))
            default:
                let text = "\(connection).\(expected.count)" + String(repeating: ".", count: bytes.count % 300)
                bytes += array("ECHO", text)
                expected.append(.text(text))
            }
        }
        return (bytes, expected)
    }

    @Test func `two EXECs that are cut short and park get their own replies`() async throws {
        let change: (inout TestDaemon.Options) -> Void = { options in
            options.step = 700
            options.maxStep = 700
            options.limits.outputLimitBytes = 4096
        }
        try await TestDaemon.run(change: change) { daemon in
            let connections = try (0..<2).map { _ in try daemon.connect(timeout: .seconds(60)) }
            for (number, connection) in connections.enumerated() {
                var commands = [["MULTI"]]
                for round in 0..<200 {
                    commands += [["NEXT", "orders"], ["ECHO", "\(number).\(round)"], ["NEXT", "orders", "99"]]
                }
                try connection.send(commands + [["EXEC"], ["PING", "end"]])
            }
            var issued: [Int64] = []
            for (number, connection) in connections.enumerated() {
                #expect(try connection.receive(601).dropFirst().allSatisfy { $0 == .simple("QUEUED") })
                let replies = try #require(try connection.receive().array)
                try #require(replies.count == 600)
                for round in 0..<200 {
                    issued.append(try #require(replies[3 * round].integer))
                    #expect(replies[3 * round + 1].text == "\(number).\(round)")
                    issued += try #require(replies[3 * round + 2].array).compactMap(\.integer)
                }
                #expect(try connection.receive().text == "end")
            }
            #expect(issued.count == 40_000 && Set(issued).count == 40_000)
        }
    }

    @Test(arguments: [line("NEXT orders 1000"), line("HEALTH")])
    func `a client that goes while it is not read from is noticed`(request: [UInt8]) async throws {
        try await TestDaemon.run(change: { $0.limits.outputLimitBytes = 16 << 10 }) { daemon in
            var deaf: DeafClient? = try DeafClient(path: daemon.path)
            _ = deaf?.send(request, upTo: 8 << 20)
            let other = try daemon.connect()
            let clients = { try other.command("INFO").text?.contains("connected_clients:1\r\n") }
            #expect(try clients() == false)
            deaf = nil
            try await eventually("its connection is closed") { try clients() == true }
        }
    }
}
