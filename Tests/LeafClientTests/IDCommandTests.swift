import LeafClient
import LeafCore
import Testing

@Suite("IDs by name")
struct IDCommandTests {
    /// Connects to a server that expects one request and gives one reply.
    private func connection(_ request: String, _ reply: String) throws -> (LeafConnection, ScriptedServer) {
        let server = try ScriptedServer { peer in
            try peer.expect(request)
            try peer.send(reply)
        }
        return (try server.connect(), server)
    }

    private static let next = "*2\r\n$4\r\nNEXT\r\n$6\r\norders\r\n"
    private static let nextThree = "*3\r\n$4\r\nNEXT\r\n$6\r\norders\r\n$1\r\n3\r\n"
    private static let leaseFive = "*3\r\n$5\r\nLEASE\r\n$6\r\norders\r\n$1\r\n5\r\n"

    @Test("The next ID of a tag is an integer")
    func one() throws {
        let (connection, server) = try connection(Self.next, ":1001\r\n")
        #expect(try connection.next("orders") == 1001)
        server.finish()
    }

    @Test("The next IDs of a tag are an array of as many integers")
    func several() throws {
        let (connection, server) = try connection(Self.nextThree, "*3\r\n:1\r\n:2\r\n:1001\r\n")
        #expect(try connection.next("orders", count: 3) == [1, 2, 1001])
        server.finish()
    }

    @Test("A lease is ranges, both ends included")
    func lease() throws {
        let (connection, server) = try connection(Self.leaseFive, "*4\r\n:9\r\n:10\r\n:21\r\n:23\r\n")
        #expect(
            try connection.lease("orders", count: 5) == [IDRange(first: 9, last: 10), IDRange(first: 21, last: 23)])
        server.finish()
    }

    @Test("An error reply is thrown with its prefix and text, and leaves the connection open")
    func rejected() throws {
        let (connection, server) = try connection(Self.next, "-NOTAG no such tag \"orders\"\r\n")
        let error = #expect(throws: LeafClientError.self) { try connection.next("orders") }
        #expect(error?.code == .rejected(prefix: "NOTAG"))
        #expect(error?.message == "NOTAG no such tag \"orders\"")
        #expect(error?.isAnswer == true)
        #expect(connection.isOpen)
        server.finish()
    }

    @Test(
        "IDs of another number or kind are refused, not passed on",
        arguments: ["*2\r\n:1\r\n:2\r\n", "*3\r\n:1\r\n:2\r\n$1\r\n3\r\n", ":1\r\n", "_\r\n"])
    func wrongIDs(reply: String) throws {
        let (connection, server) = try connection(Self.nextThree, reply)
        let error = #expect(throws: LeafClientError.self) { try connection.next("orders", count: 3) }
        #expect(error?.code == .unexpectedReply)
        server.finish()
    }

    @Test(
        "Ranges that are backward, not positive, half, or of another count are refused, not passed on",
        arguments: [
            "*2\r\n:5\r\n:1\r\n", "*2\r\n:0\r\n:4\r\n", "*3\r\n:1\r\n:4\r\n:9\r\n", "*2\r\n:1\r\n:4\r\n",
            "*2\r\n:1\r\n:6\r\n", "*2\r\n:1\r\n:9223372036854775807\r\n", "*0\r\n", "+OK\r\n",
        ])
    func wrongRanges(reply: String) throws {
        let (connection, server) = try connection(Self.leaseFive, reply)
        let error = #expect(throws: LeafClientError.self) { try connection.lease("orders", count: 5) }
        #expect(error?.code == .unexpectedReply)
        server.finish()
    }
}
