internal import LeafCore

/// The bytes of a witness, little-endian, always of the same length, so that one write in place changes it whole.
///
///      0  "leafwit" and the version (1)
///      8  CRC-32C over everything from byte 12 on
///     12  sequence, device, inode, the first commit of its life, beat, lift; the texts, each with its length in two bytes; zeros to the end
enum WitnessRecord {
    static let length = 2048
    /// Bytes of each text.
    static let textMax = 64

    private static let magic = Array("leafwit\u{1}".utf8)

    /// nil: something in it is larger than there is room for.
    static func encode(_ witness: Witness) -> [UInt8]? {
        let trace = witness.trace
        let life = witness.life
        let texts =
            [witness.journalID, witness.bootID, life.id, life.before, trace.agentID, trace.nonce] + trace.unanswered
        guard texts.allSatisfy({ $0.utf8.count <= textMax }), trace.unanswered.count <= AgentTrace.unansweredMax
        else { return nil }
        var writer = ByteWriter()
        writer.bytes = magic
        writer.put(UInt32(0))
        for number in [witness.sequence, witness.device, witness.inode, life.firstCommit] { writer.put(number) }
        for number in [trace.beat, trace.liftSeen] { writer.put(number) }
        writer.put(UInt16(trace.unanswered.count))
        for text in texts { writer.put(text) }
        writer.bytes += [UInt8](repeating: 0, count: length - writer.bytes.count)
        let sum = checksum(writer.bytes)
        withUnsafeBytes(of: sum.littleEndian) { writer.bytes.replaceSubrange(8..<12, with: $0) }
        return writer.bytes
    }

    /// nil: it is not what was written.
    static func decode(_ bytes: [UInt8]) -> Witness? {
        guard bytes.count == length, bytes.starts(with: magic) else { return nil }
        var reader = ByteReader(Array(bytes[magic.count...]))
        return try? read(&reader, checksum(bytes))
    }

    private static func read(_ reader: inout ByteReader, _ checksum: UInt32) throws -> Witness {
        guard try reader.get(UInt32.self) == checksum else {
            throw RecordCodec.Damage(reason: "the checksum does not match")
        }
        let numbers = try (0..<4).map { _ in try reader.get(UInt64.self) }
        let (beat, lift) = (try reader.get(Int64.self), try reader.get(Int64.self))
        let unanswered = Int(try reader.get(UInt16.self))
        let texts = try (0..<6 + unanswered).map { _ in try reader.getText() }
        return Witness(
            journalID: texts[0], bootID: texts[1], device: numbers[1], inode: numbers[2], sequence: numbers[0],
            trace: AgentTrace(
                agentID: texts[4], beat: beat, nonce: texts[5], unanswered: Array(texts[6...]), liftSeen: lift),
            life: JournalLife(id: texts[2], before: texts[3], firstCommit: numbers[3]))
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[12...])) }
        return crc.value
    }
}
