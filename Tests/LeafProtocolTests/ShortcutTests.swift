import LeafProtocol
import Testing

/// The shortcuts for what nearly all bytes are, against the ways that know no shortcut.
struct ShortcutTests {
    @Test func `every number of digits is written as Swift writes it`() {
        var random = SeededRandom(state: 1)
        var values: [Int64] = [0, .max, .min, .min + 1]
        var power: Int64 = 1
        for _ in 0..<19 {
            values += [power - 1, power, power + 1, -power, 1 - power]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        values += (0...99).map { $0 } + (1000...1099).map { $0 }
        values += (0..<20_000).map { _ in Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random) }
        for value in values {
            let replies = ReplyBuffer()
            replies.integer(value)
            replies.bulk(digitsOf: value)
            let text = String(describing: value)
            #expect(String(decoding: replies.bytes, as: UTF8.self) == ":\(text)\r\n$\(text.utf8.count)\r\n\(text)\r\n")
        }
    }

    @Test(arguments: [
        ["NEXT", "orders"], ["PING"], ["NEXT", "a", "5", "STRING"], ["ECHO", ""], ["ECHO", "$1\r\n*1\r\n"],
    ])
    func `lengths of one digit are read as longer ones are, wherever the bytes end`(words: [String]) {
        // A leading zero takes the long way.
        let short = array(words, "")
        let long = array(words, "0")
        for (bytes, prefix) in [
            (short, 0), (long, 0), (Array("PING\r\n".utf8) + short, 6), (Array("PING\r\n".utf8) + long, 6),
        ] {
            for end in 0...bytes.count {
                // Behind the end lie the bytes of an older read, which are none of this one's.
                let memory = Array(bytes[..<end]) + Array("\r\n7\r\n".utf8)
                let found = requests(memory, count: end)
                let head = prefix > 0 ? [["PING"]] : []
                #expect(found == (end == bytes.count ? head + [words] : end < prefix ? [] : head), "\(end) bytes")
            }
        }
    }

    private func array(_ words: [String], _ zero: String) -> [UInt8] {
        Array("*\(zero)\(words.count)\r\n".utf8)
            + words.flatMap { Array("$\(zero)\($0.utf8.count)\r\n\($0)\r\n".utf8) }
    }

    /// The requests in the first bytes of some memory.
    private func requests(_ memory: [UInt8], count: Int) -> [[String]] {
        var decoder = RequestDecoder(maxLineBytes: 64)
        var arguments = Arguments()
        var found: [[String]] = []
        memory.withUnsafeBytes { memory in
            let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
            var offset = 0
            while case .request = decoder.decode(bytes, at: &offset, into: &arguments) {
                found.append(
                    (0..<arguments.count).map { String(decoding: arguments.bytes($0, of: bytes), as: UTF8.self) })
            }
        }
        return found
    }
}
