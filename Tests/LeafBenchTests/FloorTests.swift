import LeafClient
import LeafTestKit
import Testing

@testable import leaf_bench

@Suite
struct FloorTests {
    @Test
    func `The C floor counts requests of either form, pipelined and cut anywhere`() throws {
        let folder = try WorkFolder()
        let socket = folder.file("socket")
        let floor = try Program(try Tool.product("leaf-floor"), [socket], errors: folder.file("log"))
        try Readiness.wait(for: floor, log: folder.file("log")) { (try? LeafConnection(path: socket)) != nil }
        let connection = try LeafConnection(path: socket, timeout: .seconds(30))
        #expect(try connection.command("INCR", "orders") == .integer(1))
        #expect(
            try connection.pipeline(Array(repeating: ["INCR", "orders"], count: 3)) == [2, 3, 4].map(Reply.integer))
        // A value may contain what looks like the end of a line.
        let bytes = Array("*2\r\n$4\r\nINCR\r\n$6\r\na\r\n$1b\r\nINCR orders\r\n".utf8)
        let other = try LeafConnection(path: socket, timeout: .seconds(30))
        for cut in 1..<bytes.count {
            try connection.send(bytes: Array(bytes[..<cut]))
            // One thread serves in the order of arrival: with this answer it has read the part before.
            guard case .integer(let count) = try other.command("PING") else { break }
            try connection.send(bytes: Array(bytes[cut...]))
            #expect(try connection.receive().integer ?? 0 >= count - 1)
            #expect(try connection.receive().integer ?? 0 >= count)
        }
        #expect(
            try other.command("PING") == .integer(Int64(4 + 3 * (bytes.count - 1) + 1)), "nothing was counted twice")
        let figures = try ProcessFigures(of: floor.pid)
        #expect(figures.threads == 1)
        #expect(figures.processorTime > .zero)
        #expect(figures.residentBytes > 100_000)
        #expect(floor.stop() == .signal(15))
    }
}
