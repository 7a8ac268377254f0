#if canImport(Glibc)
    private import Glibc
#else
    private import Darwin
#endif

/// Finds requests in raw bytes: RESP arrays of bulk strings (`*2\r\n$4\r\nNEXT\r\n$6\r\norders\r\n`) and inline lines
/// (`NEXT orders\n`), mixed at will.
///
/// It keeps nothing of the bytes. What is incomplete is decoded again from its start when more has come; a bulk string is
/// skipped by its length, and of a long line only what is new is searched for its end.
package struct RequestDecoder {
    /// The most arguments of one request.
    package static let argumentsMax = 64

    /// The longest argument, and the longest line, in bytes.
    package var maxLineBytes: Int

    /// Bytes of an incomplete line that are known to hold no end.
    private var searched = 0

    package init(maxLineBytes: Int) {
        self.maxLineBytes = maxLineBytes
    }

    package enum Outcome: Equatable {
        /// `arguments` has at least one. `offset` is behind the request.
        case request
        /// The bytes end within a request. `offset` is at its start.
        case incomplete
        /// These are no requests: answer with the text and close.
        case violation(String)
    }

    /// Decodes the next request at `offset`.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, at offset: inout Int, into arguments: inout Arguments
    ) -> Outcome {
        while offset < bytes.count {
            let outcome =
                bytes[offset] == UInt8(ascii: "*")
                ? decodeArray(bytes, &offset, &arguments) : decodeLine(bytes, &offset, &arguments)
            // Empty lines and empty arrays are passed over, as Redis does.
            if outcome != .request || arguments.count > 0 { return outcome }
        }
        return .incomplete
    }

    private mutating func decodeLine(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ arguments: inout Arguments
    ) -> Outcome {
        // The end of the line, or of the search: so many bytes are too many even if the last is a CR.
        let searchEnd = min(bytes.count, offset + maxLineBytes + 2)
        var end = endOfLine(bytes, from: offset + searched, to: searchEnd) ?? searchEnd
        let isWhole = end < bytes.count && bytes[end] == UInt8(ascii: "\n")
        let next = end + 1
        if isWhole && end > offset && bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard end - offset <= (isWhole ? maxLineBytes : maxLineBytes + 1) else {
            return .violation("too big inline request: more than \(maxLineBytes) bytes without an end of line")
        }
        guard isWhole else {
            searched = end - offset
            return .incomplete
        }
        searched = 0
        arguments.clear()
        var start = offset
        while start < end {
            if isSpace(bytes[start]) {
                start += 1
                continue
            }
            var stop = start
            while stop < end {
                let byte = bytes[stop]
                if byte <= UInt8(ascii: " ") {
                    if isSpace(byte) { break }
                    if byte == 0 { return .violation("a NUL byte in an inline request") }
                }
                stop &+= 1
            }
            guard arguments.count < RequestDecoder.argumentsMax else {
                return .violation("more than \(RequestDecoder.argumentsMax) arguments in a request")
            }
            arguments.add(offset: start, count: stop - start)
            start = stop
        }
        offset = next
        return .request
    }

    private func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        guard start < end, let base = bytes.baseAddress else { return nil }
        return memchr(base + start, Int32(UInt8(ascii: "\n")), end - start).map { UnsafeRawPointer($0) - base }
    }

    private func decodeArray(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ arguments: inout Arguments
    ) -> Outcome {
        var position = offset + 1
        let count: Int
        switch number(bytes, &position) {
        case .incomplete: return .incomplete
        case .invalid: return .violation("invalid multibulk length")
        case .value(let value):
            guard value <= RequestDecoder.argumentsMax else {
                return .violation(
                    "invalid multibulk length: more than \(RequestDecoder.argumentsMax) arguments in a request")
            }
            count = value
        }
        arguments.clear()
        var left = count
        while left > 0 {
            guard position < bytes.count else { return .incomplete }
            guard bytes[position] == UInt8(ascii: "$") else {
                return .violation("expected '$', got '\(printable(bytes[position]))'")
            }
            position += 1
            switch number(bytes, &position) {
            case .incomplete: return .incomplete
            case .invalid: return .violation("invalid bulk length")
            case .value(let length):
                guard length >= 0 && length <= maxLineBytes else {
                    return .violation("invalid bulk length: an argument may have at most \(maxLineBytes) bytes")
                }
                guard position + length + 2 <= bytes.count else { return .incomplete }
                guard bytes[position + length] == UInt8(ascii: "\r"), bytes[position + length + 1] == UInt8(ascii: "\n")
                else { return .violation("a bulk string is not followed by CRLF") }
                arguments.add(offset: position, count: length)
                position += length + 2
            }
            left -= 1
        }
        offset = position
        return .request
    }

    private enum Number {
        case value(Int)
        case incomplete
        case invalid
    }

    /// A decimal number up to CRLF. Nearly all have one digit.
    @inline(__always)
    private func number(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Number {
        if position + 3 <= bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10,
            bytes[position + 1] == UInt8(ascii: "\r"), bytes[position + 2] == UInt8(ascii: "\n")
        {
            position += 3
            return .value(Int(digit))
        }
        return anyNumber(bytes, &position)
    }

    @inline(never)
    private func anyNumber(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Number {
        var index = position
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let first = index
        var value = 0
        while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            guard index - first < 10 else { return .invalid }
            value = value * 10 + Int(digit)
            index += 1
        }
        guard index < bytes.count else { return .incomplete }
        guard index > first, bytes[index] == UInt8(ascii: "\r") else { return .invalid }
        guard index + 1 < bytes.count else { return .incomplete }
        guard bytes[index + 1] == UInt8(ascii: "\n") else { return .invalid }
        position = index + 2
        return .value(isNegative ? -value : value)
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private func printable(_ byte: UInt8) -> String {
        (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
}
