import LeafCore
import LeafProtocol

/// The decoder of requests: bytes of a connection, cut in three ways, must mean the same, and what a decoder written for
/// nothing but plainness makes of them.
///
/// Input: which longest line, how to cut, the bytes.
func fuzzRequests(_ input: inout FuzzInput) {
    let maxLineBytes = [8, 16, 64, 1024][Int(input.byte() % 4)]
    let seed = input.byte()
    let bytes = input.remainder()
    let whole = decode([bytes], maxLineBytes)
    var plain = PlainDecoder(bytes, maxLineBytes: maxLineBytes)
    let expected = plain.decode()
    require(whole == expected, "decoded \(whole), a plain decoder \(expected)")
    // Byte by byte takes the square of the length.
    for seed in bytes.count <= 160 ? [0, seed] : [max(seed, 1)] {
        let cut = decode(bytes.pieces(seed: seed), maxLineBytes)
        require(cut == whole, "decoded \(whole) as a whole, \(cut) when cut with \(seed)")
    }
    for argument in whole.requests.joined() { checkWords(argument) }
}

/// What a connection's bytes mean.
struct Decoded: Equatable {
    var requests: [[[UInt8]]] = []
    var isViolation = false
}

/// Decodes as a connection does: what is incomplete stays for the next piece. Each look is at memory of exactly the size
/// of the bytes, so that AddressSanitizer sees who reads past it.
private func decode(_ pieces: [[UInt8]], _ maxLineBytes: Int) -> Decoded {
    var decoder = RequestDecoder(maxLineBytes: maxLineBytes)
    var arguments = Arguments()
    var decoded = Decoded()
    var pending: [UInt8] = []
    for piece in pieces where !decoded.isViolation {
        pending += piece
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: pending.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: pending)
        let used = decodeAll(UnsafeRawBufferPointer(bytes), &decoder, &arguments, &decoded)
        pending.removeFirst(used)
        let bound = pendingMax(maxLineBytes)
        require(decoded.isViolation || pending.count <= bound, "\(pending.count) bytes pending, of at most \(bound)")
    }
    return decoded
}

/// The most bytes of a request that is not whole yet: every length with ten digits and a minus, each argument of the
/// longest.
private func pendingMax(_ maxLineBytes: Int) -> Int {
    let length = "$-1234567890\r\n".utf8.count
    return length + RequestDecoder.argumentsMax * (length + maxLineBytes + 2)
}

private func decodeAll(
    _ bytes: UnsafeRawBufferPointer, _ decoder: inout RequestDecoder, _ arguments: inout Arguments,
    _ decoded: inout Decoded
) -> Int {
    var offset = 0
    while true {
        let start = offset
        let outcome = decoder.decode(bytes, at: &offset, into: &arguments)
        require(offset >= start && offset <= bytes.count, "from \(start) on to \(offset) of \(bytes.count)")
        switch outcome {
        case .incomplete: return offset
        case .violation(let text):
            require(!text.isEmpty && !text.utf8.contains { $0 < 0x20 }, "a violation that breaks its line: \(text)")
            decoded.isViolation = true
            return offset
        case .request:
            require(offset > start, "a request of no bytes")
            require((1...RequestDecoder.argumentsMax).contains(arguments.count), "\(arguments.count) arguments")
            decoded.requests.append(
                (0..<arguments.count).map { copy(arguments.bytes($0, of: bytes), of: bytes, start..<offset, decoder) })
        }
    }
}

private func copy(
    _ argument: UnsafeRawBufferPointer, of bytes: UnsafeRawBufferPointer, _ place: Range<Int>, _ decoder: RequestDecoder
) -> [UInt8] {
    if let start = argument.baseAddress, let base = bytes.baseAddress {
        let offset = start - base
        require(
            offset >= place.lowerBound && offset + argument.count <= place.upperBound, "an argument outside its request"
        )
    }
    require(argument.count <= decoder.maxLineBytes, "an argument of \(argument.count) bytes")
    return Array(argument)
}

/// What the server makes of an argument.
private func checkWords(_ argument: [UInt8]) {
    let text = String(validating: argument, as: UTF8.self)
    let lower = text?.lowercased()
    argument.withUnsafeBytes { bytes in
        let command = Command(bytes)
        let expected = text.flatMap { $0.utf8.allSatisfy { $0 < 0x80 } ? lower : nil }
            .flatMap { name in Command.allCases.first { $0.lowercaseName == name } }
        require(command == expected, "the command \(String(describing: command)) of \(argument)")
        require(Command.isNext(bytes) == (command == .next), "isNext of \(argument)")
        require(Command.isIncr(bytes) == (command == .incr), "isIncr of \(argument)")
        require(Command.isSnowflake(bytes) == (command == .snowflake), "isSnowflake of \(argument)")
        let number = parseInteger(bytes)
        // Swift's own takes a plus, and any number of zeros.
        let isPlain = argument.count <= 20 && argument.first != UInt8(ascii: "+")
        require(number == (isPlain ? text.flatMap { Int64($0) } : nil), "the number \(number ?? 0) of \(argument)")
        let shown = quoted(bytes)
        require(!shown.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "control characters in '\(shown)'")
        // 64 bytes, each a replacement character of 3, and an ellipsis.
        require(shown.utf8.count <= 64 * 3 + 3, "an argument quoted with \(shown.utf8.count) bytes")
        if let tag = try? Tag(utf8: bytes) {
            require(Array(tag.name.utf8) == argument && argument.count <= Tag.maxLength, "the tag \(tag)")
        }
    }
}
