import LeafCore

@testable import LeafJournal

/// The journal's records, as bytes: nothing is decoded whose checksum is wrong, what is decoded is what was encoded, and
/// no bytes end the process, be their checksum right.
///
/// Input: what to do, how long the key is, the key, the record.
func fuzzRecords(_ input: inout FuzzInput) {
    let how = input.byte()
    let key = input.bytes(Int(input.byte() % 160))
    checkKey(key)
    switch how % 4 {
    case 0: fuzzTagRecord(key, &input)
    case 1: fuzzWitness(input.remainder())
    case 2: fuzzVerification(input.remainder())
    default: fuzzBytes(key, &input)
    }
}

/// Bytes that are a record or not, as they are or with a prefix and a checksum that are right.
private func fuzzBytes(_ key: [UInt8], _ input: inout FuzzInput) {
    let kinds: [RecordCodec.Kind] = [.header, .tag, .worker]
    let choice = input.byte()
    let kind = kinds[Int(choice % 3)]
    let key = kind == .header ? JournalHeader.key : key
    let flip = Int(input.number(UInt16.self))
    var value = input.remainder()
    let isMended = choice & 0x40 != 0
    if isMended { PlainRecord.mend(&value, kind: kind.rawValue, key: key) }
    guard let decoded = decode(kind, key, value) else { return }
    require(PlainRecord.isSound(value, kind: kind.rawValue, key: key), "\(decoded) of bytes with a wrong checksum")
    require(decode(kind, key, decoded.encoded) == decoded, "\(decoded) is another when it is encoded again")
    if !isMended { require(decoded.encoded.count == value.count, "\(decoded) of \(value.count) bytes") }
    // A CRC finds every single flipped bit, in the value and, but for the header, in the key.
    var (flippedKey, flippedValue) = (key, value)
    if flip & 1 == 0 || kind == .header || key.isEmpty {
        flippedValue[flip / 16 % value.count] ^= 1 << UInt8(flip / 2 % 8)
    } else {
        flippedKey[flip / 16 % key.count] ^= 1 << UInt8(flip / 2 % 8)
    }
    require(decode(kind, flippedKey, flippedValue) == nil, "\(decoded) with a bit flipped")
}

/// A record, and its bytes when it is encoded again.
private struct DecodedRecord: Equatable {
    enum Record: Equatable {
        case header(JournalHeader, digest: UInt64)
        case tag(TagRecord)
        case worker(WorkerRecord)
    }
    var record: Record
    var sequence: UInt64
    var encoded: [UInt8]
}

private func decode(_ kind: RecordCodec.Kind, _ key: [UInt8], _ value: [UInt8]) -> DecodedRecord? {
    key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
            do {
                switch kind {
                case .header:
                    let found = try JournalHeader.decoded(value: value)
                    return DecodedRecord(
                        record: .header(found.header, digest: found.digest), sequence: found.sequence,
                        encoded: found.header.encoded(sequence: found.sequence, digest: found.digest))
                case .tag:
                    let (sequence, record) = try TagRecord.decoded(key: key, value: value)
                    require(record.problem == nil, "a record that says impossible things")
                    require(record.stock >= 0, "a stock of \(record.stock)")
                    return DecodedRecord(
                        record: .tag(record), sequence: sequence, encoded: record.encoded(key: key, sequence: sequence))
                case .worker:
                    let (sequence, record) = try WorkerRecord.decoded(7, key: key, value: value)
                    require(record.problem == nil, "a record that says impossible things")
                    return DecodedRecord(
                        record: .worker(record), sequence: sequence,
                        encoded: record.encoded(key: key, sequence: sequence))
                }
            } catch {
                require(error is RecordCodec.Damage, "an error that is no damage: \(error)")
                return nil
            }
        }
    }
}

/// A record made of fields: it comes back as it was if it is possible, and not at all if it is not.
private func fuzzTagRecord(_ key: [UInt8], _ input: inout FuzzInput) {
    var record = TagRecord(
        incarnation: input.number(UInt64.self), epoch: input.number(UInt64.self), segments: [],
        hi: field(&input), cap: field(&input), position: field(&input), floor: field(&input), step: field(&input),
        tableStep: field(&input))
    while !input.isEmpty && record.segments.count < 200 {
        let start = max(1, field(&input))
        record.segments.append(Segment(start: start, end: start + min(field(&input) & .max, .max - start)))
    }
    let value = key.withUnsafeBytes { record.encoded(key: $0, sequence: 9) }
    let isPossible = record.problem == nil
    require(PlainRecord.isSound(value, kind: 2, key: key), "encoded with a wrong checksum: \(record)")
    require(decode(.tag, key, value)?.record == (isPossible ? .tag(record) : nil), "decoded another than \(record)")
}

/// Small more often than large.
private func field(_ input: inout FuzzInput) -> Int64 {
    switch input.byte() {
    case 0xFF: input.number(Int64.self)
    case 0xFE: .max &- Int64(input.byte())
    case 0xFD: Int64(input.number(UInt32.self))
    case let small: Int64(small)
    }
}

private func checkKey(_ key: [UInt8]) {
    key.withUnsafeBytes { bytes in
        guard let owner = try? RecordKey(bytes) else { return }
        require(owner.bytes == key, "the key \(key) is that of \(owner), whose key is \(owner.bytes)")
    }
}

private func fuzzWitness(_ fields: [UInt8]) {
    var bytes = Array("leafwit\u{1}".utf8) + [0, 0, 0, 0] + fields
    bytes = Array(bytes.prefix(WitnessRecord.length))
    bytes += [UInt8](repeating: 0, count: WitnessRecord.length - bytes.count)
    let sum = PlainRecord.checksum(bytes[12...])
    require(sum == 0 || WitnessRecord.decode(bytes) == nil, "a witness with a wrong checksum")
    PlainRecord.put(sum, in: &bytes, at: 8)
    guard let witness = WitnessRecord.decode(bytes), let again = WitnessRecord.encode(witness) else { return }
    require(again.count == WitnessRecord.length, "a witness of \(again.count) bytes")
    require(WitnessRecord.decode(again) == witness, "\(witness) is another when it is encoded again")
}

/// What the verifying process says, line by line.
private func fuzzVerification(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for answer in [Verification(line: text), .damaged(text), .unknown(text)] {
        guard let line = answer?.line else { continue }
        require(!line.contains(where: \.isNewline), "an answer of two lines: \(line)")
        require(Verification(line: line)?.line == line, "the answer '\(line)' is read as another")
    }
}
