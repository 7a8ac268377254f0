import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

extension SnowflakeSuite {
    @Suite("How fast, and at what cost")
    struct ThroughputTests {
        /// What a reply to SNOWFLAKE 4096 takes, as long as IDs have 19 digits.
        private static let replyBytes = 4096 * 22 + 7

        @Test(arguments: [0, 1])
        func `requests for 4,096 in pipelines`(extraWorkers: Int) throws {
            let daemon = try SnowflakeHost(settings: ["snowflake.extra-workers=\(extraWorkers)"]).start()
            try daemon.snowflakes()
            try eventually("all worker ids are held", within: patience) {
                try daemon.stats().snowflake.workers.count == extraWorkers + 1
            }
            // More do not fit the socket's buffers.
            let count = min(Int(300 * soakScale), 5000)
            let before = try (daemon.usage.processorTime, daemon.stats().snowflake)
            let time = try elapsed {
                _ = try onThreads(2) { _ in
                    let socket = try RawSocket(daemon.setup.socketPath)
                    let request = Array("SNOWFLAKE 4096\r\n".utf8)
                    try socket.exchange(Array((0..<count).map { _ in request }.joined()), count * Self.replyBytes)
                }
            }
            let after = try (daemon.usage.processorTime, daemon.stats().snowflake)
            let ids = after.1.issued - before.1.issued
            #expect(ids == 2 * Int64(count) * 4096)
            let cost = (after.0 - before.0).seconds / Double(ids)
            figure(
                "SNOWFLAKE 4096 in pipelines on 2 connections, \(extraWorkers + 1) worker ids\(isDebugBuild ? " (debug build?)" : ""): \(Int(Double(ids) / time.seconds)) IDs/s of \((extraWorkers + 1) * 4_096_000); CPU \(Int(cost * 1e9)) ns/ID, waits \(after.1.waits - before.1.waits)"
            )
        }

        @Test func `the CPU of a request, beside that of NEXT`() throws {
            var setup = try SnowflakeHost().setup
            setup.tags = ["{name: orders, step: 100000}"]
            let daemon = try LeafDaemon(setup)
            try daemon.snowflakes()
            _ = try daemon.next()
            for width in [1, 16] {
                for words in [["SNOWFLAKE"], ["NEXT", "orders"]] {
                    let leafd = try daemon.connect()
                    let rounds = Int(Double(width == 1 ? 4000 : 1000) * soakScale)
                    let batch = Array(repeating: words, count: width)
                    let before = try daemon.usage.processorTime
                    for _ in 0..<rounds { _ = try leafd.pipeline(batch) }
                    let cost = (try daemon.usage.processorTime - before).seconds / Double(rounds * width)
                    figure("\(words[0]), pipelined \(width): \(Int(cost * 1e9)) ns of CPU a request")
                }
            }
        }
    }
}

/// A connection whose replies nobody looks at.
private struct RawSocket: ~Copyable {
    private let socket: Int32

    init(_ path: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8) + [0]) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw TestProblem("no connection to \(path)") }
    }

    deinit {
        close(socket)
    }

    /// Sends, and reads so many bytes. What is sent must fit the socket's buffers, or the daemon's.
    func exchange(_ bytes: [UInt8], _ expected: Int) throws {
        guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw TestProblem("the requests could not be sent")
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var left = expected
        while left > 0 {
            let count = read(socket, &buffer, min(buffer.count, left))
            guard count > 0 else { throw TestProblem("the connection ended with \(left) bytes to come") }
            if left == expected, buffer[0] != UInt8(ascii: "*") {
                throw TestProblem(String(decoding: buffer[..<count], as: UTF8.self))
            }
            left -= count
        }
    }
}
