import Foundation
import LeafCore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafJournal

let mapBytes = 64 << 20

/// Opens a journal, verified in this process: that it survives is part of the test.
func openJournal(_ path: String) throws -> Journal {
    try Journal(path: path, mapBytes: mapBytes, verify: Journal.verify(path:))
}

/// Opens a journal that this test has just closed.
func reopened(_ path: String) throws -> Journal {
    try patiently(while: { ($0 as? JournalError)?.code == .locked }) { try openJournal(path) }
}

func tag(_ name: String) throws -> LeafCore.Tag { try LeafCore.Tag(name) }

extension TagRecord {
    static func sample(_ number: Int64 = 1) -> TagRecord {
        TagRecord(
            incarnation: 7, epoch: 1, segments: [Segment(start: 1, end: 1001), Segment(start: 5001, end: 6001)],
            hi: 100 + number, cap: 300, position: 80, floor: 6001, step: 2000, tableStep: 1000)
    }

    /// So many segments that the record lies on pages of its own.
    static func large(_ number: Int64 = 1) -> TagRecord {
        var record = sample(number)
        record.segments = (0..<500).map { Segment(start: 1 + 1000 * $0, end: 1001 + 1000 * $0) }
        record.floor = 500_001
        return record
    }
}

extension WorkerRecord {
    static func sample(_ worker: Int = 7, _ number: Int64 = 1) -> WorkerRecord {
        WorkerRecord(
            worker: worker, generation: 3, epoch: 2, format: "epoch 0, 41 bits of 1 ms", lastTime: 9000 + number,
            hi: 5000 + number, cap: 600)
    }
}

extension JournalHeader {
    /// With a store.
    func leasing(from storeID: String) -> JournalHeader {
        var header = self
        header.storeID = storeID
        header.storePlace = StorePlace(url: "sqlite:///\(storeID)", table: "leaf_alloc")
        return header
    }
}

/// Makes a small journal of several commits, with free pages and overflow pages, and returns its last header.
@discardableResult
func makeJournal(_ path: String, tags: Int = 20, commits: Int = 40, storeID: String = "store") throws -> JournalHeader {
    let journal = try openJournal(path)
    let header = journal.header.leasing(from: storeID)
    try journal.commit(try (0..<tags).map { .tag(try tag("tag-\($0)"), .sample()) }, header: header)
    for number in 0..<commits {
        let record = number % 10 == 9 ? TagRecord.large(Int64(number)) : .sample(Int64(number))
        try journal.commit([.tag(try tag("tag-\(number % tags)"), record)], header: header)
    }
    return header
}

/// The data file of a journal as bytes, without the zeros written ahead.
struct DataBytes {
    let file: String
    var bytes: [UInt8]

    init(_ path: String) throws {
        file = path + "/data.mdb"
        let whole = [UInt8](try Data(contentsOf: URL(filePath: file)))
        let used = whole.lastIndex { $0 != 0 } ?? 0
        bytes = Array(whole[...min(whole.count - 1, used / 4096 * 4096 + 4095)])
    }

    func write() throws { try Data(bytes).write(to: URL(filePath: file)) }

    func number(_ offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }

    /// Where the newest meta page begins.
    var newestMeta: Int { number(4096 + 144) > number(144) ? 4096 : 0 }

    /// Where the list of tables says which page the records begin with.
    func tagsRoot() throws -> (place: Int, root: UInt64) {
        let main = Int(number(newestMeta + 16 + 72 + 40)) * 4096
        let page = Data(bytes[main..<main + 4096])
        let name = try #require(page.range(of: Data("tags".utf8)))
        let place = main + (name.lowerBound - page.startIndex) + 4 + 40
        return (place, number(place))
    }
}

/// Deterministic random numbers: a failing case can be found again.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
