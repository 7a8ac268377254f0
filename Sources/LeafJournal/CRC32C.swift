/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), the checksum of iSCSI (RFC 3720, appendix B.4) and of most
/// storage engines: it finds every error burst of up to 32 bits.
struct CRC32C {
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~state }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        CRC32C.table.withUnsafeBufferPointer { table in
            for byte in bytes {
                state = table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8)
            }
        }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { word, _ in word & 1 == 0 ? word >> 1 : word >> 1 ^ 0x82F6_3B78 }
    }
}
