import Testing

@testable import leaf_bench

struct ReplyCounterTests {
    private func count(_ pieces: [String]) -> (replies: Int, counter: ReplyCounter) {
        var counter = ReplyCounter()
        let replies = pieces.reduce(0) { sum, piece in
            sum + Array(piece.utf8).withUnsafeBytes { counter.count($0) }
        }
        return (replies, counter)
    }

    @Test func `replies are counted where they end, in pieces of any length`() {
        let bytes = Array(":1\r\n:22\r\n-EXHAUSTED no stock\r\n:333\r\n".utf8)
        for length in 1...bytes.count {
            let pieces = stride(from: 0, to: bytes.count, by: length).map { start in
                String(decoding: bytes[start...].prefix(length), as: UTF8.self)
            }
            let (replies, counter) = count(pieces)
            #expect(replies == 4)
            #expect(counter.errors == 1)
            #expect(counter.firstError == "-EXHAUSTED no stock")
        }
    }

    @Test func `half a reply does not count yet`() {
        #expect(count([":1\r\n:2"]).replies == 1)
        #expect(count([":1\r\n:2"]).counter.errors == 0)
    }

    @Test func `of several errors the first is kept, and all are counted`() {
        let (replies, counter) = count(["-NOTAG a\r\n-TIMEOUT b\r\n:3\r\n"])
        #expect(replies == 3)
        #expect(counter.errors == 2)
        #expect(counter.firstError == "-NOTAG a")
    }
}
