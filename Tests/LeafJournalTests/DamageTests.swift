import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

/// Whatever is wrong with the data file: the journal opens, with no stock of what was in it.
@Suite struct DamageTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }

    @Test func `a damaged journal is set aside, and its floors are taken over without stock`() throws {
        let old = try makeJournal(path)
        var data = try DataBytes(path)
        data.bytes[data.newestMeta + 16] ^= 1
        try data.write()
        let journal = try reopened(path)
        let setAside = try #require(journal.setAside)
        #expect(journal.isNew)
        #expect(setAside.floors == 20)
        #expect(setAside.reason.contains("meta page"))
        #expect(try Data(contentsOf: URL(filePath: setAside.file)) == Data(data.bytes))
        #expect(setAside.file.hasPrefix(path + "/damaged-20"))
        #expect(journal.header.storeID == "store")
        #expect(journal.header.storePlace == old.storePlace)
        #expect(journal.header.journalID != old.journalID && journal.header.agentID != old.agentID)
        #expect(!journal.header.isClean)
        #expect(journal.header.host == journal.host && journal.host.inode != old.host.inode)
        for (_, record) in try journal.records() {
            #expect(record.segments.isEmpty && record.epoch != journal.header.epoch)
            #expect(record.floor >= 6001 && record.step == 2000 && record.tableStep == 1000)
            #expect(record.problem == nil)
        }
    }

    @Test func `what was taken over is durable before anything else happens`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        data.bytes[0] ^= 1
        try data.write()
        do { #expect(try reopened(path).setAside != nil) }
        let again = try reopened(path)
        #expect(again.setAside == nil && !again.isNew)
        #expect(try again.records().count == 20)
    }

    @Test func `an older version of a page, reached by a wrong page number, is found`() throws {
        let journal = try openJournal(path)
        try journal.commit([.tag(try tag("orders"), .sample(1))], header: journal.header)
        // The list of tables has a page of its own, with the number of the page that holds the tags.
        let before = try DataBytes(path)
        try journal.commit([.tag(try tag("orders"), .sample(2))], header: journal.header)
        let after = try DataBytes(path)
        let (old, new) = (try before.tagsRoot(), try after.tagsRoot())
        #expect(before.number(old.place) != after.number(new.place))
        var stale = after
        let page = Int(before.number(old.place)) * 4096
        let current = Int(after.number(new.place)) * 4096
        // The older page in the newer one's place, under its number: every checksum and every page number is right.
        stale.bytes.replaceSubrange(current + 8..<current + 4096, with: before.bytes[page + 8..<page + 4096])
        try stale.write()
        #expect(
            Journal.verify(path: path)
                == .damaged(
                    "the journal \(path) is damaged: the records' sum does not match: some are of an earlier commit, or missing"
                ))
        withExtendedLifetime(journal) {}
    }

    @Test func `a page number that leads to a freed page is found`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let (place, root) = try data.tagsRoot()
        var found = 0
        for bit in 0..<5 where root ^ 1 << bit >= 2 {
            data.bytes[place] ^= 1 << bit
            try data.write()
            if case .damaged = Journal.verify(path: path) { found += 1 } else { Issue.record("bit \(bit)") }
            data.bytes[place] ^= 1 << bit
        }
        #expect(found > 0)
    }

    @Test func `a page that is in use and free is found, though every record is right`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let (_, inUse) = try data.tagsRoot()
        let list = Int(data.number(data.newestMeta + 16 + 24 + 40)) * 4096
        let node = list + Int(data.number(list + 16) & 0xFFFF)
        // The node's header and its key, then how many pages, then the pages.
        let pages = node + 8 + 8
        #expect((1...100).contains(data.number(pages)))
        withUnsafeBytes(of: inUse.littleEndian) { data.bytes.replaceSubrange(pages + 8..<pages + 16, with: $0) }
        try data.write()
        #expect(Journal.verify(path: path) == .damaged("free list: page \(inUse) is used twice"))
    }

    /// LMDB would follow them at the first commit that takes pages from that entry, and die of it.
    @Test func `an entry of the free list that says it is a table is found`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let list = Int(data.number(data.newestMeta + 16 + 24 + 40)) * 4096
        let node = list + Int(data.number(list + 16) & 0xFFFF)
        for flag: UInt8 in [2, 4, 0x80] {
            data.bytes[node + 4] ^= flag
            try data.write()
            #expect(Journal.verify(path: path) == .damaged("free list: wrong flags of a record"))
            data.bytes[node + 4] ^= flag
        }
    }

    /// After it would come 0, and the commits of before would be the newest again, over pages that are others' by then.
    @Test func `a transaction after which none can come is found`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let older = data.newestMeta == 0 ? 4096 : 0
        data.bytes.replaceSubrange(older + 144..<older + 152, with: [UInt8](repeating: 0xFF, count: 8))
        try data.write()
        let reason = "its newest transaction is said to be number \(UInt64.max)"
        #expect(Journal.verify(path: path) == .damaged(reason))
    }

    @Test func `tables that have become empty are not taken for a new journal`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let main = Int(data.number(data.newestMeta + 16 + 72 + 40)) * 4096
        for name in ["meta", "tags"] {
            let page = Data(data.bytes[main..<main + 4096])
            let table = main + (try #require(page.range(of: Data(name.utf8))).upperBound - page.startIndex)
            data.bytes.replaceSubrange(table + 6..<table + 40, with: [UInt8](repeating: 0, count: 34))
            data.bytes.replaceSubrange(table + 40..<table + 48, with: [UInt8](repeating: 0xFF, count: 8))
        }
        try data.write()
        #expect(Journal.verify(path: path) == .damaged("the journal \(path) is damaged: there is no header"))
        #expect(try reopened(path).setAside?.floors == 20)
    }

    @Test func `a record of a commit after the newest is found`() throws {
        let journal = try openJournal(path)
        try journal.commit([.tag(try tag("orders"), .sample())], header: journal.header)
        var data = try DataBytes(path)
        let key = Array("orders".utf8)
        let (old, new) = key.withUnsafeBytes {
            (TagRecord.sample().encoded(key: $0, sequence: 1), TagRecord.sample().encoded(key: $0, sequence: 2))
        }
        let place = try #require(Data(data.bytes).range(of: Data(old)))
        data.bytes.replaceSubrange(place, with: new)
        try data.write()
        guard case .damaged(let reason) = Journal.verify(path: path) else {
            Issue.record("nobody noticed")
            return
        }
        #expect(reason.contains("after the newest"))
        withExtendedLifetime(journal) {}
    }

    @Test func `a file cut short anywhere is found, unless only free pages are missing`() throws {
        try makeJournal(path)
        let data = try DataBytes(path)
        let whole = Journal.verify(path: path)
        var found = 0
        for length in stride(from: 512, to: data.bytes.count, by: 512 * 3) {
            try Data(data.bytes[..<length]).write(to: URL(filePath: data.file))
            let answer = Journal.verify(path: path)
            if case .damaged = answer { found += 1 } else { #expect(answer == whole) }
        }
        #expect(found > 10)
        try Data(data.bytes[..<12_800]).write(to: URL(filePath: data.file))
        #expect(try reopened(path).setAside != nil)
    }

    @Test func `bytes at random in a data file's place never keep the journal from opening`() throws {
        try makeJournal(path)
        let data = try DataBytes(path)
        var random = TestRandom(1)
        for round in 0..<60 {
            let file = folder.file("fuzz-\(round)")
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
            var bytes = data.bytes
            switch round % 4 {
            case 0:
                bytes = (0..<Int.random(in: 1...20_000, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            case 1: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            case 2:
                for _ in 0..<Int.random(in: 1...500, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                        1 << UInt8.random(in: 0...7, using: &random)
                }
            default:
                // Everything but the meta pages.
                for index in 8192..<bytes.count { bytes[index] = UInt8.random(in: 0...255, using: &random) }
            }
            try Data(bytes).write(to: URL(filePath: file + "/data.mdb"))
            let journal = try openJournal(file)
            try journal.commit([.tag(try tag("orders"), .sample())], header: journal.header)
            for (_, record) in try journal.records() { #expect(record.problem == nil) }
        }
    }

    @Test func `damage that only opening finds sets the journal aside as well`() throws {
        try makeJournal(path)
        var data = try DataBytes(path)
        let place = try #require(Data(data.bytes).range(of: Data("header".utf8)))
        data.bytes[place.lowerBound] ^= 1
        for index in data.bytes.indices.dropFirst(8192) where data.bytes[index...].starts(with: Array("header".utf8)) {
            data.bytes[index] ^= 1
        }
        try data.write()
        let journal = try Journal(
            path: path, mapBytes: mapBytes, verify: { _ in .sound(records: 1, sequence: 1) })
        #expect(journal.setAside != nil)
        #expect(journal.header.storeID.isEmpty)
    }

    @Test func `a check that comes to no end stops the start and leaves the journal as it is`() throws {
        try makeJournal(path)
        do {
            _ = try Journal(path: path, mapBytes: mapBytes, verify: { _ in .unknown("no memory") })
            Issue.record("it opened")
        } catch {
            #expect(error.code == .inaccessible)
            #expect(error.message.contains("no memory"))
        }
        #expect(try files(in: path) == ["data.mdb", "lock"])
        #expect(try reopened(path).records().count == 20)
    }

    @Test func `the newest eight journals set aside are kept`() throws {
        for _ in 0..<11 {
            do {
                let journal = try reopened(path)
                try journal.commit([], header: journal.header)
            }
            try Data("not a journal".utf8).write(to: URL(filePath: path + "/data.mdb"))
        }
        let names = try files(in: path).filter { $0.hasPrefix("damaged-") }
        #expect(names.count == SetAside.keptMax)
    }

    @Test func `names of journals set aside tell them apart and tell their age`() {
        let first = SetAside.name(.damaged, now: 1_795_261_206, taken: [])
        #expect(first == "damaged-20261121T114006Z.mdb")
        let second = SetAside.name(.damaged, now: 1_795_261_206, taken: [first])
        #expect(second == "damaged-20261121T114006Z-2.mdb")
        let many = (1...10).map { "damaged-20261121T114006Z-\($0 + 1).mdb" }
        #expect(
            SetAside.surplus(among: ["data.mdb", "damaged-x.mdb", "unknown-20250101T000000Z.mdb", first] + many)
                == ["unknown-20250101T000000Z.mdb", first, many[0], many[1]])
    }
}
