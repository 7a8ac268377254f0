/// Replies in RESP, one after the other in memory that grows and is used again. Owned by one event loop.
package final class ReplyBuffer {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    package private(set) var count = 0

    /// What is kept for the next replies once a large one has been sent, in bytes.
    private static let capacityKept = 1 << 16

    package init() {
        capacity = ReplyBuffer.capacityKept
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    package var isEmpty: Bool { count == 0 }

    package func clear() {
        count = 0
        guard capacity > ReplyBuffer.capacityKept * 16 else { return }
        base.deallocate()
        capacity = ReplyBuffer.capacityKept
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    // MARK: Replies

    /// `:1001`
    package func integer(_ value: Int64) {
        head(UInt8(ascii: ":"), value)
    }

    /// Integers in a row, each a reply of its own or an element of the array whose head was just written.
    package func integers(_ first: Int64, through last: Int64) {
        var value = first
        while true {
            integer(value)
            if value == last { return }
            value += 1
        }
    }

    /// `*5`: so many replies follow as its elements.
    package func arrayHead(_ elements: Int) { head(UInt8(ascii: "*"), elements) }

    /// `%7` (RESP3): so many pairs follow.
    package func mapHead(_ pairs: Int) { head(UInt8(ascii: "%"), pairs) }

    /// `+OK`
    package func simple(_ text: StaticString) {
        line(UInt8(ascii: "+"), UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package func simple(_ text: String) { line(UInt8(ascii: "+"), text) }

    /// `-ERR …`: prefix and text in one; must not contain CR or LF.
    package func error(_ text: String) { line(UInt8(ascii: "-"), text) }

    /// `$5\r\nhello`
    package func bulk(_ bytes: UnsafeRawBufferPointer) {
        head(UInt8(ascii: "$"), bytes.count)
        reserve(bytes.count + 2)
        put(bytes)
        putLineEnd()
    }

    package func bulk(_ text: String) {
        var text = text
        text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
    }

    /// An integer as text: JavaScript rounds integers above 2^53.
    package func bulk(digitsOf value: Int64) {
        reserve(48)
        let start = count
        put(UInt8(ascii: "$"))
        put(UInt8(ascii: "0"))
        put(UInt8(ascii: "0"))
        putLineEnd()
        let digitsAt = count
        putDigits(value)
        let length = count - digitsAt
        putLineEnd()
        base.storeBytes(of: UInt8(ascii: "0") + UInt8(length / 10), toByteOffset: start + 1, as: UInt8.self)
        base.storeBytes(of: UInt8(ascii: "0") + UInt8(length % 10), toByteOffset: start + 2, as: UInt8.self)
        if length < 10 {
            // No leading zero: move everything behind it one to the left.
            memmoveLeft(from: start + 2, count: count - start - 2)
            count -= 1
        }
    }

    // MARK: Bytes

    private func head(_ kind: UInt8, _ number: Int) { head(kind, Int64(number)) }

    private func head(_ kind: UInt8, _ number: Int64) {
        reserve(23)
        put(kind)
        putDigits(number)
        putLineEnd()
    }

    private func line(_ kind: UInt8, _ text: String) {
        var text = text
        text.withUTF8 { line(kind, UnsafeRawBufferPointer($0)) }
    }

    private func line(_ kind: UInt8, _ text: UnsafeRawBufferPointer) {
        reserve(text.count + 3)
        put(kind)
        put(text)
        putLineEnd()
    }

    private func reserve(_ extra: Int) {
        guard count + extra > capacity else { return }
        var larger = capacity * 2
        while larger < count + extra { larger *= 2 }
        let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        new.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = new
        capacity = larger
    }

    private func put(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    private func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        (base + count).copyMemory(from: start, byteCount: bytes.count)
        count += bytes.count
    }

    private func putLineEnd() {
        base.storeBytes(of: ReplyBuffer.lineEnd, toByteOffset: count, as: UInt16.self)
        count += 2
    }

    /// CR, LF.
    private static var lineEnd: UInt16 { UInt16(littleEndian: 0x0A0D) }

    /// At most 20 bytes, for which there must be room. Two digits at a time, from the last to the first: a division costs
    /// more than all the rest.
    private func putDigits(_ value: Int64) {
        let end = base + count + 20
        var first = end
        var rest = value.magnitude
        while rest >= 100 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            first -= 2
            first.storeBytes(of: ReplyBuffer.digits(ofPair: pair), as: UInt16.self)
            rest = quotient
        }
        if rest >= 10 {
            first -= 2
            first.storeBytes(of: ReplyBuffer.digits(ofPair: rest), as: UInt16.self)
        } else {
            first -= 1
            first.storeBytes(of: UInt8(ascii: "0") + UInt8(rest), as: UInt8.self)
        }
        if value < 0 {
            first -= 1
            first.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
        }
        (base + count).copyMemory(from: first, byteCount: end - first)
        count += end - first
    }

    /// The two digits of a number from 0 to 99, in the order of memory.
    @inline(__always)
    private static func digits(ofPair pair: UInt64) -> UInt16 {
        let tens = (pair &* 103) >> 10
        return UInt16(littleEndian: UInt16(truncatingIfNeeded: 0x3030 | tens | ((pair &- tens &* 10) << 8)))
    }

    private func memmoveLeft(from: Int, count: Int) {
        for offset in from - 1..<from - 1 + count {
            base.storeBytes(
                of: base.load(fromByteOffset: offset + 1, as: UInt8.self), toByteOffset: offset, as: UInt8.self)
        }
    }
}
