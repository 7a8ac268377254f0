import Glibc
import LeafClient
import LeafServer
import Testing

/// What no client should send: a clear error on its own connection, and the neighbours notice nothing.
struct BadInputTests {
    static let noise: [UInt8] = {
        var state: UInt64 = 42
        return (0..<5000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }()

    /// Requests that are refused, after which the connection goes on.
    @Test(
        arguments: [
            (
                array("NEXT", String(repeating: "x", count: 129)),
                "-ERR a tag of 129 bytes is too long: at most 128 bytes of UTF-8"
            ),
            (array("NEXT", ""), "-ERR a tag must not be empty: give 1 to 128 bytes"),
            (
                array("NEXT", "a\u{1}b"),
                "-ERR a tag must be printable, without space or control characters: it contains U+1"
            ),
            (
                array("NEXT", "a b"),
                "-ERR a tag must be printable, without space or control characters: it contains U+20"
            ),
            (
                array("NEXT", "a\r\n:1\r\n+OK"),
                "-ERR a tag must be printable, without space or control characters: it contains U+D"
            ),
            (Array("*2\r\n$4\r\nNEXT\r\n$2\r\n".utf8) + [0xFF, 0xFE, 13, 10], "-ERR a tag must be UTF-8"),
            (array("NEXT", "orders", "1\r\n+OK"), "-ERR the count '1??+OK' is not an integer or out of range"),
            (array("A\r\nB", "c\nd"), "-ERR unknown command 'A??B', with args beginning with: 'c?d' "),
            (array(""), "-ERR unknown command '', with args beginning with: "),
            (
                array(String(repeating: "L", count: 4096)),
                "-ERR unknown command '" + String(repeating: "L", count: 64) + "…', with args beginning with: "
            ),
            (line("\u{FEFF}NEXT orders"), "-ERR unknown command '?NEXT', with args beginning with: 'orders' "),
            (line("GET / HTTP/1.1"), "-ERR unknown command 'GET', with args beginning with: '/' 'HTTP/1.1' "),
            (array("CREATE", "bad tag"), nil), (array("DROP", ""), nil), (array("STATS", "a\u{0}"), nil),
            (line("STATS ALL"), "-NOTAG no such tag ALL: create it with CREATE (or leafctl create)"),
            (line("STATS ALL -1"), "-ERR syntax error: STATS [tag] or STATS ALL cursor, the first cursor being 0"),
            (line("STATS orders 0"), "-ERR syntax error: STATS [tag] or STATS ALL cursor, the first cursor being 0"),
            (line("STATS ALL 99999999999999999999"), nil),
        ] as [([UInt8], String?)])
    func aBadRequestIsRefusedAndTheConnectionGoesOn(bytes: [UInt8], expected: String?) async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            try connection.send(bytes: bytes)
            let reply = try connection.receive().description
            if let expected { #expect(reply == expected) } else { #expect(reply.hasPrefix("-ERR ")) }
            #expect(try connection.ask("NEXT orders") == ":1")
        }
    }

    /// Bytes that are no requests: an error, and the end.
    @Test(arguments: [
        ("*abc\r\n", "invalid multibulk length"), ("*99999999999\r\n", "invalid multibulk length"),
        ("*65\r\n", "invalid multibulk length: more than 64 arguments in a request"),
        ("*9999999999\r\n", "invalid multibulk length: more than 64 arguments in a request"),
        ("*1\r\n:5\r\n", "expected '$', got ':'"), ("*1\r\n\u{1}", "expected '$', got '\\x1'"),
        ("*1\r\n$-1\r\n", "invalid bulk length: an argument may have at most 4096 bytes"),
        ("*1\r\n$4097\r\n", "invalid bulk length: an argument may have at most 4096 bytes"),
        ("*1\r\n$9999999999\r\n", "invalid bulk length: an argument may have at most 4096 bytes"),
        ("*1\r\n$x\r\n", "invalid bulk length"), ("*1\r\n$4\r\nPINGxx", "a bulk string is not followed by CRLF"),
        ("PING a\u{0}b\r\n", "a NUL byte in an inline request"),
        (String(repeating: "a ", count: 65) + "\n", "more than 64 arguments in a request"),
        (String(repeating: "a", count: 5000), "too big inline request: more than 4096 bytes without an end of line"),
    ])
    func bytesThatAreNoRequestsEndTheConnection(text: String, expected: String) async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            try connection.send(bytes: line("PING") + Array(text.utf8) + line("\r\nNEXT orders"))
            #expect(try connection.receive() == .simple("PONG"))
            #expect(try connection.receive().description == "-ERR Protocol error: \(expected)")
            #expect(try connection.isAtEnd())
            #expect(try daemon.ask("NEXT", "orders") == .integer(1))
        }
    }

    @Test func aViolationBehindAParkedRequestIsAnsweredInItsTurn() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let connection = try daemon.connect()
            try connection.send(bytes: line("NEXT orders") + line("NEXT orders") + Array("*x\r\n".utf8) + line("PING"))
            try await daemon.waitUntilParked(1)
            store.letGo()
            #expect(try connection.receive(2) == [.integer(1), .integer(2)])
            #expect(try connection.receive().description == "-ERR Protocol error: invalid multibulk length")
            #expect(try connection.isAtEnd())
        }
    }

    @Test func neighboursNoticeNothing() async throws {
        try await TestDaemon.run { daemon in
            let neighbour = try daemon.connect()
            var expected: Int64 = 1
            func mind(_ what: String) throws {
                let replies = try neighbour.pipeline([["NEXT", "orders"], ["PING", what], ["NEXT", "orders"]])
                #expect(replies == [.integer(expected), .text(what), .integer(expected + 1)], "after \(what)")
                expected += 2
            }
            try mind("nothing")

            let binary = try daemon.connect()
            try binary.send(bytes: BadInputTests.noise)
            try mind("binary noise")

            let long = try daemon.connect()
            try? long.send(bytes: Array(repeating: UInt8(ascii: "x"), count: 10 << 20))
            #expect(
                try long.receive().description
                    == "-ERR Protocol error: too big inline request: more than 4096 bytes without an end of line")
            #expect(try long.isAtEnd())
            try mind("a line of 10 MiB")

            let half = try daemon.connect()
            try half.send(bytes: Array("*3\r\n$4\r\nNEXT\r\n$6\r\norders\r\n$3\r\n10".utf8))
            try mind("half an array")
            half.close()
            try mind("the hang-up")

            let ended = try daemon.connect()
            try ended.send(bytes: Array("*2\r\n$4\r\nNEXT\r\n".utf8))
            ended.finishSending()
            #expect(try ended.isAtEnd())
            try mind("half an array and its end")

            let rude = try daemon.connect()
            try rude.send(Array(repeating: ["PING"], count: 1000))
            rude.close()
            try mind("a hang-up on a thousand replies")
        }
    }

    @Test func emptyLinesAndArraysAreSkipped() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            try connection.send(bytes: Array("\r\n\n  \n*0\r\n*-1\r\n\t\r\nPING\n*0\r\n".utf8))
            #expect(try connection.receive() == .simple("PONG"))
            #expect(try connection.ask("NEXT orders") == ":1")
        }
    }
}
