/// The form of a journal's record, written once more from its description: version 2, kind, two zeros, CRC-32C over the
/// key and everything from byte 8 on. The codec proper is held against it.
enum PlainRecord {
    private static let prefixLength = 16

    /// CRC-32C bit by bit, after RFC 3720.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
        }
        return ~crc
    }

    static func isSound(_ value: [UInt8], kind: UInt8, key: [UInt8]) -> Bool {
        var mended = value
        mend(&mended, kind: kind, key: key)
        return mended == value
    }

    /// Gives bytes the prefix and the checksum of a record, so that what comes behind them is looked at.
    static func mend(_ value: inout [UInt8], kind: UInt8, key: [UInt8]) {
        if value.count < prefixLength { value += [UInt8](repeating: 0, count: prefixLength - value.count) }
        value.replaceSubrange(0..<4, with: [2, kind, 0, 0])
        put(checksum(key + value[8...]), in: &value, at: 4)
    }

    static func put<N: FixedWidthInteger>(_ number: N, in bytes: inout [UInt8], at offset: Int) {
        withUnsafeBytes(of: number.littleEndian) {
            bytes.replaceSubrange(offset..<offset + MemoryLayout<N>.size, with: $0)
        }
    }
}
