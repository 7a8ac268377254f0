import LeafCore
import Testing

@testable import LeafJournal

/// The bytes of a worker id's record, and its key.
@Suite struct WorkerRecordTests {
    /// What reading a value under a key says is wrong, for the table of records takes either kind.
    private func damage(_ value: [UInt8], under key: [UInt8]) -> String? {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                do {
                    switch try RecordKey(key) {
                    case .tag: _ = try TagRecord.decoded(key: key, value: value)
                    case .worker(let worker): _ = try WorkerRecord.decoded(worker, key: key, value: value)
                    }
                    return nil
                } catch {
                    return (error as? RecordCodec.Damage)?.reason ?? "\(error)"
                }
            }
        }
    }

    private func encoded(_ entry: JournalEntry, under key: [UInt8]) -> [UInt8] {
        key.withUnsafeBytes { entry.encoded(key: $0, sequence: 4) }
    }

    private func key(_ worker: Int) -> [UInt8] { RecordKey.worker(worker).bytes }

    private static let extremes: [WorkerRecord] = [
        .sample(),
        WorkerRecord(worker: 0, generation: 1, epoch: 0, format: "", lastTime: 0, hi: 0, cap: 0),
        WorkerRecord(
            worker: 65_535, generation: .max, epoch: .max, format: String(repeating: "ä", count: 200), lastTime: .max,
            hi: .max - 5, cap: 5),
        WorkerRecord(worker: 1023, generation: 2, epoch: 3, format: "f", lastTime: 4, hi: 5, cap: 6),
    ]

    @Test(arguments: extremes)
    func `every field comes back as it was written`(record: WorkerRecord) throws {
        let key = key(record.worker)
        let value = encoded(.worker(record), under: key)
        let (sequence, found) = try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { try WorkerRecord.decoded(record.worker, key: key, value: $0) }
        }
        #expect(found == record && sequence == 4)
    }

    @Test(arguments: [0, 7, 1023, 65_535])
    func `a worker id has one key, which no tag can have`(worker: Int) throws {
        let bytes = key(worker)
        #expect(bytes == [1] + Array("worker/\(worker)".utf8))
        #expect(throws: TagError.self) { try LeafCore.Tag(utf8: bytes) }
        guard case .worker(worker) = try bytes.withUnsafeBytes({ try RecordKey($0) }) else {
            Issue.record("it is not read as worker id \(worker)")
            return
        }
    }

    @Test(arguments: ["007", "+7", "-0", "7 ", "", "x", "7/7", "0x7", "99999999999999999999", "٧"])
    func `another spelling of a worker id is no key`(digits: String) {
        let key = [1] + Array("worker/\(digits)".utf8)
        #expect(
            damage(encoded(.worker(.sample()), under: key), under: key) == "a key that is neither a tag nor a worker id"
        )
    }

    @Test(arguments: [[2] + Array("worker/7".utf8), [1] + Array("Worker/7".utf8), [1], [], [1, 1]])
    func `a key that is nobody's is damaged`(key: [UInt8]) {
        #expect(
            damage(encoded(.worker(.sample()), under: key), under: key) == "a key that is neither a tag nor a worker id"
        )
    }

    @Test func `a record under another worker id's key is damaged`() {
        let value = encoded(.worker(.sample(7)), under: key(7))
        #expect(damage(value, under: key(7)) == nil)
        #expect(damage(value, under: key(8)) == "the checksum does not match")
    }

    @Test func `a worker id's record under a tag's key is damaged, whatever its checksum`() {
        let key = Array("orders".utf8)
        #expect(damage(encoded(.worker(.sample()), under: key), under: key) == "record kind 3 instead of 2")
    }

    @Test func `a tag's record under a worker id's key is damaged, whatever its checksum`() throws {
        let tag = JournalEntry.tag(try tag("orders"), .sample())
        #expect(damage(encoded(tag, under: key(7)), under: key(7)) == "record kind 2 instead of 3")
    }

    private static let impossible: [WorkerRecord] = [
        WorkerRecord(worker: 65_536, generation: 1, epoch: 1, format: "f", lastTime: 1, hi: 1, cap: 1),
        WorkerRecord(worker: -1, generation: 1, epoch: 1, format: "f", lastTime: 1, hi: 1, cap: 1),
        WorkerRecord(worker: 7, generation: 0, epoch: 1, format: "f", lastTime: 1, hi: 1, cap: 1),
        WorkerRecord(worker: 7, generation: 1, epoch: 1, format: "f", lastTime: -1, hi: 1, cap: 1),
        WorkerRecord(worker: 7, generation: 1, epoch: 1, format: "f", lastTime: 1, hi: -1, cap: 1),
        WorkerRecord(worker: 7, generation: 1, epoch: 1, format: "f", lastTime: 1, hi: 1, cap: -1),
        WorkerRecord(worker: 7, generation: 1, epoch: 1, format: "f", lastTime: 1, hi: 1, cap: .max),
    ]

    @Test(arguments: impossible)
    func `a record that says impossible things is damaged, whatever its checksum`(record: WorkerRecord) {
        let key = key(record.worker)
        #expect(record.problem != nil)
        #expect(damage(encoded(.worker(record), under: key), under: key) == record.problem)
    }

    @Test func `a record that is too short or too long is damaged`() {
        let key = key(7)
        let value = encoded(.worker(.sample()), under: key)
        for count in 0..<value.count { #expect(damage(Array(value[..<count]), under: key) != nil) }
        #expect(damage(value + [0], under: key) != nil)
    }
}
