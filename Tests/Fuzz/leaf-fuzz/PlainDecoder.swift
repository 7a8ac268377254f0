import LeafProtocol

/// What requests are, written once more from Docs/Protocol.md: with copies, without shortcuts, over bytes that have all
/// come. The decoder proper is held against it.
struct PlainDecoder {
    private var rest: ArraySlice<UInt8>
    private let maxLineBytes: Int

    init(_ bytes: [UInt8], maxLineBytes: Int) {
        rest = bytes[...]
        self.maxLineBytes = maxLineBytes
    }

    private enum Stop: Error {
        case incomplete
        case violation
    }

    mutating func decode() -> Decoded {
        var decoded = Decoded()
        do {
            while let first = rest.first {
                let request = try first == UInt8(ascii: "*") ? array() : line()
                if !request.isEmpty { decoded.requests.append(request) }
            }
        } catch {
            decoded.isViolation = error == .violation
        }
        return decoded
    }

    /// `NEXT orders\n`
    private mutating func line() throws(Stop) -> [[UInt8]] {
        // A line and CRLF; whoever sends more without an end of line sends none.
        let start = rest.prefix(maxLineBytes + 2)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")) else {
            throw start.count == maxLineBytes + 2 ? .violation : .incomplete
        }
        var line = start[..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.count <= maxLineBytes else { throw .violation }
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map(Array.init)
        guard words.count <= RequestDecoder.argumentsMax, !line.contains(0) else { throw .violation }
        rest = rest[(end + 1)...]
        return words
    }

    /// `*2\r\n$4\r\nNEXT\r\n$6\r\norders\r\n`
    private mutating func array() throws(Stop) -> [[UInt8]] {
        let count = try length()
        guard count <= RequestDecoder.argumentsMax else { throw .violation }
        var arguments: [[UInt8]] = []
        while arguments.count < count {
            guard let type = rest.first else { throw .incomplete }
            guard type == UInt8(ascii: "$") else { throw .violation }
            let length = try length()
            guard (0...maxLineBytes).contains(length) else { throw .violation }
            guard rest.count >= length + 2 else { throw .incomplete }
            arguments.append(Array(rest.prefix(length)))
            guard rest.dropFirst(length).prefix(2).elementsEqual([13, 10]) else { throw .violation }
            rest = rest.dropFirst(length + 2)
        }
        return arguments
    }

    /// The number behind `*` or `$`: a minus or none, one to ten digits, CRLF.
    private mutating func length() throws(Stop) -> Int {
        let text = rest.dropFirst()
        let sign = text.prefix { $0 == UInt8(ascii: "-") }.prefix(1)
        let digits = text.dropFirst(sign.count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits.count <= 10 else { throw .violation }
        let end = text.dropFirst(sign.count + digits.count).prefix(2)
        if end.isEmpty { throw .incomplete }
        guard !digits.isEmpty, [13, 10].starts(with: end) else { throw .violation }
        guard end.count == 2 else { throw .incomplete }
        rest = rest[end.endIndex...]
        return Int(String(decoding: sign + digits, as: UTF8.self)) ?? 0
    }
}
