internal import LeafCore

/// The bytes of the journal's records, little-endian.
///
///     0  version (2)   1  kind (1: header, 2: tag, 3: worker)   2  two zero bytes
///     4  CRC-32C over the key and everything from byte 8 on
///     8  sequence number of the commit that wrote the record
///    16  fields
///
/// The key is part of the checksum, so that a value under a wrong key is as damaged as a flipped bit.
enum RecordCodec {
    enum Kind: UInt8 {
        case header = 1
        case tag = 2
        case worker = 3
    }

    /// 2: the header carries the digest of all records but itself.
    ///
    /// Records of worker ids came later, and the version stayed. A leafd that does not know them finds "a key that is no
    /// tag", sets the journal aside and takes over its floors: safe, and all that another version could bring. One that
    /// knows them reads every journal without them, so that an upgrade keeps the stock.
    static let version: UInt8 = 2
    /// Bytes before the fields.
    static let prefixLength = 16

    /// What is wrong with a record's bytes.
    struct Damage: Error {
        let reason: String
    }

    static func encode(
        _ kind: Kind, key: UnsafeRawBufferPointer, sequence: UInt64, fields: (inout ByteWriter) -> Void
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(version)
        writer.put(kind.rawValue)
        writer.put(UInt16(0))
        writer.put(UInt32(0))
        writer.put(sequence)
        fields(&writer)
        let sum = checksum(key: key, writer.bytes)
        withUnsafeBytes(of: sum.littleEndian) { writer.bytes.replaceSubrange(4..<8, with: $0) }
        return writer.bytes
    }

    static func decode<R>(
        _ kind: Kind, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, fields: (inout ByteReader) throws -> R
    ) throws -> (sequence: UInt64, R) {
        let bytes = [UInt8](value)
        var reader = ByteReader(bytes)
        let found = (try reader.get(UInt8.self), try reader.get(UInt8.self))
        let zero = try reader.get(UInt16.self)
        let sum = try reader.get(UInt32.self)
        guard found.0 == version else { throw Damage(reason: "version \(found.0), this leafd reads \(version)") }
        guard found.1 == kind.rawValue else {
            throw Damage(reason: "record kind \(found.1) instead of \(kind.rawValue)")
        }
        guard zero == 0 else { throw Damage(reason: "bytes 2 and 3 are not zero") }
        guard sum == checksum(key: key, bytes) else { throw Damage(reason: "the checksum does not match") }
        let sequence = try reader.get(UInt64.self)
        let result = try fields(&reader)
        guard reader.isAtEnd else { throw Damage(reason: "bytes left over") }
        return (sequence, result)
    }

    /// Whether a value begins as a record of that kind does.
    static func begins(_ value: UnsafeRawBufferPointer, _ kind: Kind) -> Bool {
        value.count >= prefixLength && value[0] == version && value[1] == kind.rawValue && value[2] == 0
            && value[3] == 0
    }

    /// The checksum that a record carries; nil if it is too short for one.
    static func storedChecksum(_ value: UnsafeRawBufferPointer) -> UInt32? {
        guard value.count >= prefixLength else { return nil }
        return UInt32(littleEndian: value.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    private static func checksum(key: UnsafeRawBufferPointer, _ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        crc.update(key)
        bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0.dropFirst(8))) }
        return crc.value
    }
}

struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func put(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A length of two bytes, then UTF-8.
    mutating func put(_ text: String) {
        let utf8 = Array(text.utf8.prefix(Int(UInt16.max)))
        put(UInt16(utf8.count))
        bytes.append(contentsOf: utf8)
    }
}

struct ByteReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func get<N: FixedWidthInteger>(_: N.Type) throws -> N {
        let size = MemoryLayout<N>.size
        guard offset + size <= bytes.count else { throw RecordCodec.Damage(reason: "cut short") }
        defer { offset += size }
        return bytes.withUnsafeBytes { N(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: N.self)) }
    }

    mutating func getText() throws -> String {
        let count = Int(try get(UInt16.self))
        guard offset + count <= bytes.count,
            let text = String(validating: bytes[offset..<offset + count], as: UTF8.self)
        else { throw RecordCodec.Damage(reason: "a text cut short or not UTF-8") }
        offset += count
        return text
    }
}
