/// Turns the bytes of a connection into replies, however they were cut on the way.
///
/// It keeps its place inside a half-received array, so that a reply of 100,000 IDs is read once and not again with every
/// piece that arrives. Everything has a limit: a peer that is not leafd must not be able to fill the memory.
package struct ReplyParser: Sendable {
    /// The longest line (`+…`, `-…`, `:…`, a length), in bytes.
    package static let maxLine = 64 * 1024
    /// The longest bulk string, in bytes: STATS with every segment of a hundred tags stays below.
    package static let maxBulk = 64 * 1024 * 1024
    /// The most elements in one array: twice what LEASE gives for the largest `server.max-batch` anybody should set.
    package static let maxElements = 4_000_000
    /// The most arrays inside each other: EXEC of commands that answer arrays needs 2.
    package static let maxDepth = 8

    private var buffer: [UInt8] = []
    private var head = 0
    private var open: [Aggregate] = []

    package init() {}

    /// Whether a reply has begun that has not ended: a hang-up now would cut it.
    package var isInsideReply: Bool { head < buffer.count || !open.isEmpty }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        // Only the rest of one line or string is left over, so the copy is short.
        if head > 0 {
            buffer.removeFirst(head)
            head = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole reply; nil when more bytes are needed.
    ///
    /// - Throws: `ReplyError` when the bytes are no RESP. The connection has then lost its step and is of no more use.
    package mutating func next() throws(ReplyError) -> Reply? {
        while var reply = try nextElement() {
            while true {
                guard !open.isEmpty else { return reply }
                guard let whole = open[open.count - 1].add(reply) else { break }
                open.removeLast()
                reply = whole
            }
        }
        return nil
    }

    /// The next reply that is no array or map, or an empty one; opens those that are not empty.
    private mutating func nextElement() throws(ReplyError) -> Reply? {
        while head < buffer.count {
            guard let line = try lineEnd() else { return nil }
            let body = (head + 1)..<line.end
            switch buffer[head] {
            case UInt8(ascii: ":"):
                let value = try integer(body)
                head = line.next
                return .integer(value)
            case UInt8(ascii: "+"):
                let text = String(decoding: buffer[body], as: UTF8.self)
                head = line.next
                return .simple(text)
            case UInt8(ascii: "-"):
                let reply = errorReply(body)
                head = line.next
                return reply
            case UInt8(ascii: "$"):
                guard let length = try length(body, limit: ReplyParser.maxBulk) else { return null(line.next) }
                return try bulk(from: line.next, length: length)
            case UInt8(ascii: "*"):
                guard let count = try length(body, limit: ReplyParser.maxElements) else { return null(line.next) }
                head = line.next
                if count == 0 { return .array([]) }
                try enter(Aggregate(isMap: false, missing: count))
            case UInt8(ascii: "%"):
                guard let count = try length(body, limit: ReplyParser.maxElements / 2) else { return null(line.next) }
                head = line.next
                if count == 0 { return .map([]) }
                try enter(Aggregate(isMap: true, missing: 2 * count))
            case UInt8(ascii: "_"):
                return null(line.next)
            default:
                throw .unknownType(buffer[head])
            }
        }
        return nil
    }

    private mutating func enter(_ aggregate: Aggregate) throws(ReplyError) {
        guard open.count < ReplyParser.maxDepth else { throw .tooDeep }
        open.append(aggregate)
    }

    private mutating func null(_ next: Int) -> Reply {
        head = next
        return .null
    }

    /// A bulk string whose length line ended before `start`; nil, and the place kept, until all of it is there.
    private mutating func bulk(from start: Int, length: Int) throws(ReplyError) -> Reply? {
        let end = start + length
        guard buffer.count >= end + 2 else { return nil }
        guard buffer[end] == 13, buffer[end + 1] == 10 else { throw .unterminatedBulk }
        head = end + 2
        return .bulk(Array(buffer[start..<end]))
    }

    /// Where the line at `head` ends, and where the next one begins.
    private func lineEnd() throws(ReplyError) -> (end: Int, next: Int)? {
        guard isType(buffer[head]) else { throw .unknownType(buffer[head]) }
        let limit = min(buffer.count, head + ReplyParser.maxLine)
        guard let feed = buffer[head..<limit].firstIndex(of: 10) else {
            if buffer.count - head >= ReplyParser.maxLine { throw .lineTooLong }
            return nil
        }
        guard feed > head, buffer[feed - 1] == 13 else { throw .bareLineFeed }
        return (feed - 1, feed + 1)
    }

    private func isType(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "$"), UInt8(ascii: "*"),
            UInt8(ascii: "%"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func errorReply(_ body: Range<Int>) -> Reply {
        let text = String(decoding: buffer[body], as: UTF8.self)
        guard let space = text.firstIndex(of: " ") else { return .error(prefix: text, message: "") }
        return .error(prefix: String(text[..<space]), message: String(text[text.index(after: space)...]))
    }

    /// The count of a `$`, `*` or `%`; nil for −1, which is RESP2's null.
    private func length(_ body: Range<Int>, limit: Int) throws(ReplyError) -> Int? {
        let value = try integer(body)
        if value == -1 { return nil }
        guard value >= 0 && value <= limit else { throw .badLength(value) }
        return Int(value)
    }

    /// Digits to a number, over the whole range of `Int64`; built downward, since −2^63 has no positive twin.
    private func integer(_ body: Range<Int>) throws(ReplyError) -> Int64 {
        var index = body.lowerBound
        guard index < body.upperBound else { throw .badInteger }
        let isNegative = buffer[index] == UInt8(ascii: "-")
        if isNegative || buffer[index] == UInt8(ascii: "+") { index += 1 }
        guard index < body.upperBound else { throw .badInteger }
        var value: Int64 = 0
        while index < body.upperBound {
            let digit = buffer[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { throw .badInteger }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, underflow) = product.subtractingReportingOverflow(Int64(digit))
            guard !overflow, !underflow else { throw .badInteger }
            value = sum
            index += 1
        }
        if isNegative { return value }
        guard value != .min else { throw .badInteger }
        return -value
    }
}

/// An array or map that is being received.
private struct Aggregate: Sendable {
    let isMap: Bool
    /// Elements still to come; at least 1.
    var missing: Int
    var elements: [Reply] = []

    /// Takes the next element, and gives the whole once that was the last.
    mutating func add(_ element: Reply) -> Reply? {
        elements.append(element)
        missing -= 1
        guard missing == 0 else { return nil }
        guard isMap else { return .array(elements) }
        return .map(
            stride(from: 0, to: elements.count, by: 2).map { .init(key: elements[$0], value: elements[$0 + 1]) })
    }
}

/// Bytes that are no RESP: whoever listens at that socket is not leafd.
package enum ReplyError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownType(UInt8)
    case lineTooLong
    case bareLineFeed
    case badInteger
    case badLength(Int64)
    case unterminatedBulk
    case tooDeep

    package var description: String {
        switch self {
        case .unknownType(let byte):
            "a reply begins with the byte 0x\(String(byte, radix: 16, uppercase: true))"
        case .lineTooLong: "a line is longer than \(ReplyParser.maxLine) bytes"
        case .bareLineFeed: "a line ends without a carriage return"
        case .badInteger: "a number is not one, or not of 64 bits"
        case .badLength(let length): "a length of \(length) is impossible or above the limit"
        case .unterminatedBulk: "a bulk string does not end where it says"
        case .tooDeep: "arrays are nested more than \(ReplyParser.maxDepth) deep"
        }
    }
}
