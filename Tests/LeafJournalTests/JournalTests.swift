import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct JournalTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }

    @Test func `what was committed is there after reopening, with its header and sequence`() throws {
        let tags = try (0..<100).map { try Tag("tag-\($0)") }
        var header: JournalHeader
        do {
            let journal = try openJournal(path)
            #expect(journal.isNew)
            header = journal.header
            header.storeID = "0123456789abcdef0123456789abcdef"
            header.storePlace = StorePlace(url: "sqlite:///x", table: "leaf_alloc")
            header.agentBeat = 3
            header.epoch = 9
            header.isUnconfirmed = true
            try journal.commit(tags.enumerated().map { .tag($1, .sample(Int64($0))) }, header: header)
            try journal.commit([.tag(tags[5], .sample(500))], header: header)
            #expect(journal.sequence == 2)
        }
        let journal = try reopened(path)
        #expect(!journal.isNew)
        #expect(journal.header == header)
        #expect(journal.sequence == 2)
        let records = Dictionary(uniqueKeysWithValues: try journal.records().map { ($0.tag, $0.record) })
        #expect(records.count == 100)
        for (index, tag) in tags.enumerated() { #expect(records[tag] == .sample(index == 5 ? 500 : Int64(index))) }
    }

    @Test func `one daemon at a time holds a journal`() throws {
        let first = try openJournal(path)
        #expect(throws: JournalError.self) { try openJournal(path) }
        do {
            _ = try openJournal(path)
        } catch let error as JournalError {
            #expect(error.code == .locked)
            #expect(error.message.contains(path))
        }
        withExtendedLifetime(first) {}
    }

    @Test func `every flipped bit of a record is found`() throws {
        let header = try makeJournal(path, tags: 1, commits: 0)
        let data = try DataBytes(path)
        let record = Array("tag-0".utf8).withUnsafeBytes { TagRecord.sample().encoded(key: $0, sequence: 1) }
        let place = try #require(Data(data.bytes).range(of: Data(record))).lowerBound
        for bit in 0..<record.count * 8 {
            var flipped = data
            flipped.bytes[place + bit / 8] ^= 1 << (bit % 8)
            try flipped.write()
            guard case .damaged(let reason) = Journal.verify(path: path) else {
                Issue.record("bit \(bit) was flipped and nobody noticed")
                continue
            }
            #expect(reason.contains("tag-0"))
        }
        try data.write()
        #expect(try reopened(path).header == header)
    }

    /// What reading a value under a key says is wrong.
    private func damage(_ value: [UInt8], under key: String) -> String? {
        Array(key.utf8).withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                do {
                    _ = try TagRecord.decoded(key: key, value: value)
                    return nil
                } catch {
                    return (error as? RecordCodec.Damage)?.reason
                }
            }
        }
    }

    private func encoded(_ record: TagRecord, under key: String) -> [UInt8] {
        Array(key.utf8).withUnsafeBytes { record.encoded(key: $0, sequence: 4) }
    }

    @Test func `a record under another key is damaged`() {
        let value = encoded(.sample(), under: "orders")
        #expect(damage(value, under: "orders") == nil)
        #expect(damage(value, under: "users") == "the checksum does not match")
    }

    @Test func `a record that says impossible things is damaged, whatever its checksum`() {
        var record = TagRecord.sample()
        record.floor = 10
        #expect(damage(encoded(record, under: "orders"), under: "orders") == "segment end 6001 above floor 10")
    }

    @Test func `the checksum is CRC-32C`() {
        var crc = CRC32C()
        Array("123456789".utf8).withUnsafeBytes { crc.update($0) }
        #expect(crc.value == 0xE306_9283)
    }

    @Test func `room is written ahead, and not as a hole`() throws {
        let journal = try openJournal(path)
        #expect(journal.hasHeadroom)
        var status = stat()
        #expect(stat(path + "/data.mdb", &status) == 0)
        #expect(status.st_size >= DataFile.headroom)
        #expect(Int(status.st_blocks) * 512 >= DataFile.headroom)
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small file system takes root"))
    func `commits go on when the disk is full`() throws {
        let mount = folder.file("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        try run("/bin/mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", mount)
        defer { try? run("/bin/umount", mount) }
        let journal = try openJournal(mount + "/journal")
        fill(mount + "/filler")
        for number in 0..<300 {
            try journal.commit([.tag(try Tag("tag-\(number % 40)"), .sample(Int64(number)))], header: journal.header)
        }
        #expect(journal.sequence == 300)
    }

    private func fill(_ path: String) {
        let fd = open(path, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(fd, block, block.count) > 0 {}
        close(fd)
    }

    private func run(_ command: String, _ arguments: String...) throws {
        let process = try Process.run(URL(filePath: command), arguments: arguments)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command) \(arguments)")
    }
}
