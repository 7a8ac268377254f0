import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct FloorScanTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }
    private var file: String { path + "/data.mdb" }

    @Test func `every tag's floor is found, on leaf pages and on overflow pages`() throws {
        try makeJournal(path)
        let salvage = FloorScan.scan(file)
        #expect(salvage.header?.storeID == "store")
        #expect(salvage.floors.count == 20)
        #expect(salvage.floors[try tag("tag-3")] == FloorScan.Floor(floor: 6001, step: 2000, tableStep: 1000))
        #expect(salvage.floors[try tag("tag-9")]?.floor == 500_001)
    }

    @Test func `the highest floor counts, also one that was overwritten`() throws {
        let journal = try openJournal(path)
        var record = TagRecord.sample()
        record.floor = 9001
        try journal.commit([.tag(try tag("orders"), record)], header: journal.header)
        record.floor = 6001
        try journal.commit([.tag(try tag("orders"), record)], header: journal.header)
        #expect(FloorScan.scan(file).floors[try tag("orders")]?.floor == 9001)
    }

    @Test func `floors of an earlier store are left behind`() throws {
        let journal = try openJournal(path)
        let first = journal.header.leasing(from: "first")
        try journal.commit([.tag(try tag("old"), .sample()), .tag(try tag("both"), .large())], header: first)
        let second = journal.header.leasing(from: "second")
        try journal.commit([.tag(try tag("both"), .sample()), .tag(try tag("new"), .sample())], header: second)
        let salvage = FloorScan.scan(file)
        #expect(salvage.header?.storeID == "second")
        #expect(salvage.floors.mapValues(\.floor) == [try tag("both"): 6001, try tag("new"): 6001])
    }

    @Test func `floors from before the journal knew its store count`() throws {
        let journal = try openJournal(path)
        try journal.commit([.tag(try tag("orders"), .sample())], header: journal.header)
        try journal.commit([], header: journal.header.leasing(from: "store"))
        #expect(FloorScan.scan(file).floors[try tag("orders")]?.floor == 6001)
    }

    @Test func `no flipped bit makes it die or find a floor that never was`() throws {
        try makeJournal(path, tags: 3, commits: 12)
        let data = try DataBytes(path)
        let known: Set<Int64> = [6001, 500_001]
        var random = TestRandom(2)
        for _ in 0..<150 {
            var flipped = data
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let bit = Int.random(in: 0..<data.bytes.count * 8, using: &random)
                flipped.bytes[bit / 8] ^= 1 << (bit % 8)
            }
            try flipped.write()
            let salvage = FloorScan.scan(file)
            #expect(salvage.floors.values.allSatisfy { known.contains($0.floor) })
            #expect(salvage.header?.storeID ?? "store" == "store" || salvage.header?.storeID == "")
        }
    }

    @Test func `a file that is no journal has no floors`() throws {
        #expect(FloorScan.scan(folder.file("nothing")).floors.isEmpty)
        for count in [0, 1, 7, 8, 9, 4095, 100_000] {
            let file = folder.file("bytes")
            try Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: URL(filePath: file))
            #expect(FloorScan.scan(file).floors.isEmpty)
        }
    }
}
