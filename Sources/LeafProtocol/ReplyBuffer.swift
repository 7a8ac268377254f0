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
        reserve(23)
        put(UInt8(ascii: ":"))
        putDigits(value)
        putLineEnd()
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

    private func head(_ kind: UInt8, _ number: Int) {
        reserve(23)
        put(kind)
        putDigits(Int64(number))
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
        put(UInt8(ascii: "\r"))
        put(UInt8(ascii: "\n"))
    }

    private func putDigits(_ value: Int64) {
        var rest = value.magnitude
        if value < 0 { put(UInt8(ascii: "-")) }
        var length = 1
        var bound: UInt64 = 10
        while rest >= bound && length < 20 {
            length += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var at = count + length
        repeat {
            at -= 1
            base.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: at, as: UInt8.self)
            rest /= 10
        } while rest > 0
        count += length
    }

    private func memmoveLeft(from: Int, count: Int) {
        for offset in from - 1..<from - 1 + count {
            base.storeBytes(
                of: base.load(fromByteOffset: offset + 1, as: UInt8.self), toByteOffset: offset, as: UInt8.self)
        }
    }
}
