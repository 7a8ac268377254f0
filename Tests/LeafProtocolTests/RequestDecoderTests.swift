import LeafProtocol
import Testing

struct RequestDecoderTests {
    @Test(arguments: [
        ("NEXT orders\n", [["NEXT", "orders"]]),
        ("NEXT orders\r\n", [["NEXT", "orders"]]),
        ("  NEXT \t orders  5 \r\n", [["NEXT", "orders", "5"]]),
        ("*2\r\n$4\r\nNEXT\r\n$6\r\norders\r\n", [["NEXT", "orders"]]),
        ("*1\r\n$0\r\n\r\n", [[""]]),
        ("*1\r\n$2\r\n\r\n\r\n", [["\r\n"]]),
        ("PING\n*1\r\n$4\r\nPING\r\nECHO a\r\n", [["PING"], ["PING"], ["ECHO", "a"]]),
        ("\n\r\n \t\n*0\r\n*-1\r\n*-99\r\nPING\n", [["PING"]]),
        ("*0\r\n", []), ("\r\n\r\n", []), ("", []),
        ("*2\r\n$4\r\nNEXT\r\n$6\r\nord", []), ("*2\r\n", []), ("*", []), ("*2\r", []), ("NEXT ord", []),
        ("*1\r\n$4\r\nPING", []), ("*1\r\n$4\r\nPING\r", []), ("*1\r\n$", []), ("*-", []),
        ("$4\r\n", [["$4"]]), ("PING *1\n", [["PING", "*1"]]), ("\r\n*1\r\n$4\r\nPING\r\n", [["PING"]]),
        ("PING\u{0B}a\n", [["PING\u{0B}a"]]), ("PING a\rb\n", [["PING", "a\rb"]]), ("a\r\r\n", [["a\r"]]),
    ])
    func findsRequests(text: String, expected: [[String]]) {
        let decoded = decode(text)
        #expect(decoded.words == expected)
        #expect(decoded.violation == nil)
    }

    @Test(arguments: [
        ("*x\r\n", "invalid multibulk length"), ("*\r\n", "invalid multibulk length"),
        ("*-\r\n", "invalid multibulk length"), ("*+1\r\n", "invalid multibulk length"),
        ("* 1\r\n", "invalid multibulk length"), ("*1 \r\n", "invalid multibulk length"),
        ("*1\n", "invalid multibulk length"), ("*1\rx", "invalid multibulk length"),
        ("*12345678901", "invalid multibulk length"), ("*99999999999999999999\r\n", "invalid multibulk length"),
        ("*-9223372036854775808\r\n", "invalid multibulk length"),
        ("*65\r\n", "invalid multibulk length: more than 64 arguments in a request"),
        ("*1\r\nPING\r\n", "expected '$', got 'P'"), ("*1\r\n\n", "expected '$', got '\\xa'"),
        ("*1\r\n*1\r\n", "expected '$', got '*'"), ("*2\r\n$4\r\nPING\r\n+", "expected '$', got '+'"),
        ("*1\r\n$\r\n", "invalid bulk length"), ("*1\r\n$-\r\n", "invalid bulk length"),
        ("*1\r\n$1a\r\n", "invalid bulk length"), ("*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
        ("*1\r\n$-1\r\n", "invalid bulk length: an argument may have at most 64 bytes"),
        ("*1\r\n$65\r\n", "invalid bulk length: an argument may have at most 64 bytes"),
        ("*1\r\n$9999999999\r\n", "invalid bulk length: an argument may have at most 64 bytes"),
        ("*1\r\n$4\r\nPINGS\r\n", "a bulk string is not followed by CRLF"),
        ("*1\r\n$4\r\nPING\n\n", "a bulk string is not followed by CRLF"),
        ("PING \u{0}\n", "a NUL byte in an inline request"), ("\u{0}\n", "a NUL byte in an inline request"),
    ])
    func refusesWhatIsNoRequest(text: String, expected: String) {
        let decoded = decode("PING\n" + text)
        #expect(decoded.words == [["PING"]])
        #expect(decoded.violation == expected)
    }

    @Test func argumentsMayHoldAnyByteInAnArray() {
        let all = Array(UInt8.min...UInt8.max)
        let decoded = decode([Array("*2\r\n$4\r\nECHO\r\n$256\r\n".utf8) + all + [13, 10]], maxLineBytes: 256)
        #expect(decoded.requests == [[Array("ECHO".utf8), all]])
    }

    @Test(arguments: ["\n", "\r\n"])
    func aLineMayBeAsLongAsTheLimitAndNoLonger(end: String) {
        let longest = String(repeating: "x", count: 64)
        #expect(decode(longest + end).words == [[longest]])
        #expect(decode(longest + "y" + end).violation?.hasPrefix("too big inline request") == true)
        #expect(decode(longest).violation == nil)
        // Perhaps the last one is a CR; not so with one more.
        #expect(decode(longest + "\r").violation == nil)
        #expect(decode(longest + "yz").violation?.hasPrefix("too big inline request") == true)
        #expect(decode(String(repeating: " ", count: 65) + end).violation?.hasPrefix("too big inline request") == true)
    }

    @Test func anArgumentMayBeAsLongAsTheLimitAndNoLonger() {
        let longest = String(repeating: "x", count: 64)
        #expect(decode("*1\r\n$64\r\n\(longest)\r\n").words == [[longest]])
        #expect(decode("*1\r\n$65\r\n").violation != nil)
    }

    @Test func aRequestMayHaveSixtyFourArgumentsAndNoMore() {
        let words = Array(repeating: "a", count: 64)
        #expect(decode(words.joined(separator: " ") + "\n", maxLineBytes: 4096).words == [words])
        #expect(
            decode((words + ["a"]).joined(separator: " ") + "\n", maxLineBytes: 4096).violation
                == "more than 64 arguments in a request")
        #expect(decode("*64\r\n" + String(repeating: "$1\r\na\r\n", count: 64)).words == [words])
    }

    // MARK: Pieces

    static let pipelines = [
        "PING\r\n*2\r\n$4\r\nNEXT\r\n$6\r\norders\r\n\r\n*0\r\nECHO a b\n*1\r\n$2\r\n\r\n\r\n*-1\r\n  \nINCR x\r\n*2\r\n$1\r\na",
        "*3\r\n$4\r\nNEXT\r\n$1\r\na\r\n$1\r\n5\r\nNEXT b\n*1\r\n$4\r\nPINGx\r\nPING\n",
        "ECHO \u{00e9}\u{2028}\nPING a\u{0}b\nPING\n",
        "PING\n" + String(repeating: "x", count: 70) + "\nPING\n",
        "PING\n*1\r\n$66\r\nabc", "\r\n\r\n*2\r\n$4\r\nPING\r\n?",
    ]

    @Test(arguments: pipelines)
    func aPipelineCutAnywhereGivesTheSameRequests(text: String) {
        let bytes = Array(text.utf8)
        let whole = decode([bytes])
        for first in 0...bytes.count {
            #expect(decode([Array(bytes[..<first]), Array(bytes[first...])]) == whole, "cut at \(first)")
            for second in stride(from: first, through: bytes.count, by: 3) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                #expect(decode(pieces) == whole, "cut at \(first) and \(second)")
            }
        }
        #expect(decode(bytes.map { [$0] }) == whole, "byte by byte")
    }

    @Test(arguments: 0..<40)
    func noBytesMakeItCrashAndEveryCutGivesTheSame(seed: UInt64) {
        var random = SeededRandom(state: seed)
        // Mostly what may stand in a request, so that the noise gets past its first byte.
        let alphabet = Array("**$$0123456789--\r\r\n\n\r\n\r\nPING NEXT\t+:".utf8) + [0, 0xFF]
        for _ in 0..<100 {
            var bytes: [UInt8] = []
            while bytes.count < Int.random(in: 1...120, using: &random) {
                switch UInt8.random(in: 0..<8, using: &random) {
                case 0: bytes += Array("*2\r\n$4\r\nNEXT\r\n$1\r\na\r\n".utf8)
                case 1: bytes += Array("NEXT a\r\n".utf8)
                case 2: bytes += Array("*1\r\n$\(Int.random(in: -2...70, using: &random))\r\n".utf8)
                case 3: bytes += Array("*\(Int.random(in: -2...66, using: &random))\r\n".utf8)
                case 4: bytes.append(UInt8.random(in: .min ... .max, using: &random))
                default: bytes.append(alphabet.randomElement(using: &random) ?? 0)
                }
            }
            let whole = decode([bytes])
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &random)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(decode(pieces) == whole, "\(bytes)")
            #expect(decode(bytes.map { [$0] }) == whole, "\(bytes)")
        }
    }

    @Test func aLongLineThatArrivesByteByByteIsSearchedOnce() {
        // A search from the start for each byte would look at 5·10¹¹ bytes.
        let bytes = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
        var decoder = RequestDecoder(maxLineBytes: 2 << 20)
        var arguments = Arguments()
        bytes.withUnsafeBytes { all in
            for count in 1...all.count {
                var offset = 0
                let outcome = decoder.decode(
                    UnsafeRawBufferPointer(rebasing: all[..<count]), at: &offset, into: &arguments)
                if outcome != .incomplete { Issue.record("\(outcome) after \(count) bytes") }
            }
        }
    }
}
