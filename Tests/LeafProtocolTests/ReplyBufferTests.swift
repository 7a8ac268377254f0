import LeafProtocol
import Testing

struct ReplyBufferTests {
    let buffer = ReplyBuffer()

    private var text: String { String(decoding: buffer.bytes, as: UTF8.self) }

    /// Numbers of every length, at both ends of each.
    static let numbers: [Int64] = {
        var numbers: [Int64] = [0, .max, .min, .max - 1, .min + 1]
        var power: Int64 = 1
        while power <= .max / 10 {
            power *= 10
            numbers += [power - 1, power, power + 1, -power, -power + 1]
        }
        return numbers
    }()

    @Test(arguments: numbers)
    func writesIntegersOfAnyLength(value: Int64) {
        buffer.integer(value)
        #expect(text == ":\(value)\r\n")
        #expect(buffer.count == text.utf8.count)
    }

    @Test(arguments: numbers)
    func writesIntegersAsStringsOfAnyLength(value: Int64) {
        // Between two others: what is moved must be this one's bytes alone.
        buffer.simple("OK")
        buffer.bulk(digitsOf: value)
        buffer.integer(7)
        #expect(text == "+OK\r\n$\("\(value)".utf8.count)\r\n\(value)\r\n:7\r\n")
    }

    @Test func writesRowsOfIntegers() {
        buffer.integers(9, through: 11)
        buffer.integers(.max - 1, through: .max)
        buffer.integers(5, through: 5)
        #expect(text == ":9\r\n:10\r\n:11\r\n:9223372036854775806\r\n:9223372036854775807\r\n:5\r\n")
    }

    @Test func writesEveryKindOfReply() {
        buffer.simple("OK")
        buffer.simple("DEGRADED " + "é")
        buffer.error("ERR no")
        buffer.arrayHead(0)
        buffer.arrayHead(100_000)
        buffer.mapHead(7)
        buffer.bulk("")
        buffer.bulk("héllo")
        [UInt8]([0, 13, 10, 255]).withUnsafeBytes { buffer.bulk($0) }
        let expected =
            Array("+OK\r\n+DEGRADED é\r\n-ERR no\r\n*0\r\n*100000\r\n%7\r\n$0\r\n\r\n$6\r\nhéllo\r\n$4\r\n".utf8)
            + [0, 13, 10, 255, 13, 10]
        #expect(Array(buffer.bytes) == expected)
    }

    @Test func growsAndKeepsWhatItHolds() {
        var expected: [UInt8] = []
        for value in Int64(0)..<50_000 {
            buffer.integer(value)
            expected += Array(":\(value)\r\n".utf8)
            if value % 1000 == 0 {
                let long = String(repeating: "x", count: Int(value))
                buffer.bulk(long)
                expected += Array("$\(value)\r\n\(long)\r\n".utf8)
            }
        }
        #expect(buffer.bytes.elementsEqual(expected))
    }

    @Test func growsAtOnceForAReplyOfManyTimesItsSize() {
        let long = String(repeating: "y", count: 5_000_000)
        buffer.error("ERR x")
        buffer.bulk(long)
        #expect(buffer.count == 8 + "$5000000\r\n".utf8.count + 5_000_002)
        #expect(text.hasSuffix("yyy\r\n"))
    }

    @Test(arguments: [10, 70_000, 3_000_000])
    func isUsedAgainAfterAnySize(count: Int) {
        for round in 0..<3 {
            buffer.bulk(String(repeating: "z", count: count))
            #expect(!buffer.isEmpty)
            buffer.clear()
            #expect(buffer.isEmpty && buffer.bytes.isEmpty)
            buffer.integer(Int64(round))
            #expect(text == ":\(round)\r\n")
            buffer.clear()
        }
    }

    @Test func fillsItsMemoryToTheLastByte() {
        // 23 bytes are the longest an integer takes: with any rest before the end it must still fit.
        for rest in 0...60 {
            let buffer = ReplyBuffer()
            let head = "$\(65_536 - rest)\r\n".utf8.count
            buffer.bulk(String(repeating: "a", count: 65_536 - rest - head - 2))
            buffer.integer(.min)
            buffer.bulk(digitsOf: .min)
            buffer.simple("OK")
            #expect(
                String(decoding: buffer.bytes.suffix(55), as: UTF8.self)
                    == ":-9223372036854775808\r\n$20\r\n-9223372036854775808\r\n+OK\r\n")
        }
    }
}
