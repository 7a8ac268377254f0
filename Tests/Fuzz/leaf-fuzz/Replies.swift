import LeafProtocol

@testable import LeafClient

/// The client's parser of replies: bytes cut in three ways must mean the same, a reply written again must be the same
/// reply, and IDs that a confused peer names are ranges without overlap or none.
///
/// Input: how to cut, how many IDs were asked for, the bytes.
func fuzzReplies(_ input: inout FuzzInput) {
    let seed = input.byte()
    let asked = Int64(input.number(Int16.self))
    let bytes = input.remainder()
    let whole = parse([bytes])
    for seed in [0, seed] {
        let cut = parse(bytes.pieces(seed: seed))
        require(cut == whole, "parsed \(whole) as a whole, \(cut) when cut with \(seed)")
    }
    for reply in whole.replies {
        require(parse([encode(reply)]).replies == [reply], "\(reply) is another when it is written again")
        for count in [asked, Int64.max, sum(of: reply)] { checkRanges(reply, count) }
    }
}

private struct Parsed: Equatable {
    var replies: [Reply] = []
    var error: ReplyError?
    var isInsideReply = false
}

private func parse(_ pieces: [[UInt8]]) -> Parsed {
    var parser = ReplyParser()
    var parsed = Parsed()
    for piece in pieces {
        parser.append(piece)
        do throws(ReplyError) {
            while let reply = try parser.next() { parsed.replies.append(reply) }
        } catch {
            require(!error.description.isEmpty, "an error that says nothing")
            parsed.error = error
            return parsed
        }
    }
    parsed.isInsideReply = parser.isInsideReply
    return parsed
}

private func encode(_ reply: Reply) -> [UInt8] {
    switch reply {
    case .simple(let text): Array("+\(text)\r\n".utf8)
    case .error(let prefix, let message): Array("-\(prefix) \(message)\r\n".utf8)
    case .integer(let value): Array(":\(value)\r\n".utf8)
    case .bulk(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
    case .array(let elements): Array("*\(elements.count)\r\n".utf8) + elements.flatMap(encode)
    case .map(let entries):
        Array("%\(entries.count)\r\n".utf8) + entries.flatMap { encode($0.key) + encode($0.value) }
    case .null: Array("_\r\n".utf8)
    }
}

/// How many IDs the ranges of a reply hold, if they are some.
private func sum(of reply: Reply) -> Int64 {
    guard let ends = reply.integers, ends.count.isMultiple(of: 2) else { return 0 }
    return stride(from: 0, to: ends.count, by: 2).reduce(0) { $0 &+ (ends[$1 + 1] &- ends[$1] &+ 1) }
}

private func checkRanges(_ reply: Reply, _ count: Int64) {
    guard let ranges = reply.ranges(together: count) else { return }
    var (sum, last): (UInt64, Int64) = (0, 0)
    for range in ranges {
        require(range.lowerBound > last, "the range \(range) after \(last)")
        last = range.upperBound
        sum += UInt64(range.upperBound - range.lowerBound) + 1
    }
    require(sum == UInt64(clamping: count), "\(sum) IDs for \(count)")
}
