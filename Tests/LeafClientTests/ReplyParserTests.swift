import Glibc
import LeafClient
import Testing

@Suite("The reply parser")
struct ReplyParserTests {
    /// One of each kind: the bytes, and what they mean.
    static let replies: [(wire: String, reply: Reply)] = [
        ("+OK\r\n", .simple("OK")),
        ("+\r\n", .simple("")),
        ("-NOTAG no such tag\r\n", .error(prefix: "NOTAG", message: "no such tag")),
        ("-ERR\r\n", .error(prefix: "ERR", message: "")),
        (":1001\r\n", .integer(1001)),
        (":-5\r\n", .integer(-5)),
        (":+5\r\n", .integer(5)),
        (":9223372036854775807\r\n", .integer(.max)),
        (":-9223372036854775808\r\n", .integer(.min)),
        ("$6\r\norders\r\n", .text("orders")),
        ("$0\r\n\r\n", .text("")),
        ("$4\r\na\r\nb\r\n", .text("a\r\nb")),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("*0\r\n", .array([])),
        ("*2\r\n:1\r\n$1\r\nx\r\n", .array([.integer(1), .text("x")])),
        ("*2\r\n*1\r\n:1\r\n*0\r\n", .array([.array([.integer(1)]), .array([])])),
        ("%0\r\n", .map([])),
        (
            "%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n",
            .map([
                .init(key: .text("proto"), value: .integer(3)), .init(key: .text("modules"), value: .array([])),
            ])
        ),
    ]

    @Test("Each kind of reply is read for what it is", arguments: replies)
    func kinds(wire: String, reply: Reply) throws {
        var parser = ReplyParser()
        parser.append(wire.utf8)
        #expect(try parser.next() == reply)
        #expect(try parser.next() == nil)
        #expect(!parser.isInsideReply)
    }

    @Test("A reply cut at any byte is asked for in vain, then read whole", arguments: replies)
    func cutAnywhere(wire: String, reply: Reply) throws {
        let bytes = Array(wire.utf8)
        for cut in 1..<bytes.count {
            var parser = ReplyParser()
            parser.append(bytes[..<cut])
            #expect(try parser.next() == nil, "cut at \(cut)")
            #expect(parser.isInsideReply, "cut at \(cut)")
            parser.append(bytes[cut...])
            #expect(try parser.next() == reply, "cut at \(cut)")
        }
    }

    @Test("Replies that arrive together, or byte by byte, come out one by one and in order")
    func many() throws {
        let wire = Array(Self.replies.map(\.wire).joined().utf8)
        for size in [1, 2, 3, 7, wire.count] {
            var parser = ReplyParser()
            var read: [Reply] = []
            for start in stride(from: 0, to: wire.count, by: size) {
                parser.append(wire[start..<min(start + size, wire.count)])
                while let reply = try parser.next() { read.append(reply) }
            }
            #expect(read == Self.replies.map(\.reply), "in pieces of \(size)")
        }
    }

    /// As a ratio of the thread's own CPU time, which other tests take no part of: 4 if it is linear, 16 if each piece makes all
    /// before it be read again.
    @Test("A hundred thousand IDs in small pieces are not read again with each piece")
    func largeArray() throws {
        let quarter = try timeToParse(25_000)
        let whole = try timeToParse(100_000)
        #expect(whole < quarter * 9)
    }

    private func timeToParse(_ count: Int) throws -> Duration {
        let wire = Array(("*\(count)\r\n" + (1...count).map { ":\($0)\r\n" }.joined()).utf8)
        var parser = ReplyParser()
        var reply: Reply?
        let start = threadTime()
        for start in stride(from: 0, to: wire.count, by: 64) {
            #expect(reply == nil)
            parser.append(wire[start..<min(start + 64, wire.count)])
            reply = try parser.next()
        }
        let time = threadTime() - start
        #expect(reply?.array?.count == count)
        #expect(reply?.array?.last == .integer(Int64(count)))
        return time
    }

    private func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test(
        "Bytes that are no RESP are refused",
        arguments: [
            ("HTTP/1.1 400 Bad Request\r\n", ReplyError.unknownType(0x48)),
            ("\r\n", .unknownType(0x0D)),
            ("\u{0}", .unknownType(0)),
            ("+OK\n", .bareLineFeed),
            (":\r\n", .badInteger),
            (":-\r\n", .badInteger),
            (":1x\r\n", .badInteger),
            (": 1\r\n", .badInteger),
            (":9223372036854775808\r\n", .badInteger),
            (":-9223372036854775809\r\n", .badInteger),
            (":99999999999999999999\r\n", .badInteger),
            ("$-2\r\n", .badLength(-2)),
            ("$67108865\r\n", .badLength(67_108_865)),
            ("*4000001\r\n", .badLength(4_000_001)),
            ("%2000001\r\n", .badLength(2_000_001)),
            ("$1\r\nabc", .unterminatedBulk),
        ])
    func noise(wire: String, error: ReplyError) {
        var parser = ReplyParser()
        parser.append(wire.utf8)
        #expect(throws: error) { try parser.next() }
    }

    @Test("A line without end is refused at the limit, not gathered for ever")
    func endlessLine() throws {
        var parser = ReplyParser()
        parser.append([UInt8(ascii: "+")] + [UInt8](repeating: 97, count: ReplyParser.maxLine - 2))
        #expect(try parser.next() == nil)
        parser.append([97])
        #expect(throws: ReplyError.lineTooLong) { try parser.next() }
    }

    @Test("Arrays inside arrays are refused at the limit")
    func depth() throws {
        var parser = ReplyParser()
        parser.append(String(repeating: "*1\r\n", count: ReplyParser.maxDepth).utf8)
        #expect(try parser.next() == nil)
        parser.append("*1\r\n".utf8)
        #expect(throws: ReplyError.tooDeep) { try parser.next() }
    }

    @Test("A bulk string of bytes that are not UTF-8 keeps them, and has no text")
    func binary() throws {
        var parser = ReplyParser()
        parser.append([36, 50, 13, 10, 0xFF, 0x00, 13, 10])
        let reply = try parser.next()
        #expect(reply == .bulk([0xFF, 0x00]))
        #expect(reply?.text == nil)
    }

    @Test("A map is asked by its keys")
    func map() {
        let hello = Reply.map([.init(key: .text("proto"), value: .integer(3))])
        #expect(hello["proto"] == .integer(3))
        #expect(hello["server"] == nil)
        #expect(Reply.null["proto"] == nil)
    }
}
