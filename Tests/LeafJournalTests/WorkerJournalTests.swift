import Foundation
import LeafCore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafJournal

/// Worker ids' records in a journal: durable, checked and lost like those of tags.
@Suite struct WorkerJournalTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }

    private static let sums = "the records' sum does not match: some are of an earlier commit, or missing"

    private func byID(_ records: [WorkerRecord]) -> [WorkerRecord] { records.sorted { $0.worker < $1.worker } }

    private func expectDamage(_ reason: String, _ location: SourceLocation = #_sourceLocation) {
        let found = Journal.verify(path: path)
        guard case .damaged(let text) = found, text.contains(reason) else {
            Issue.record("\(found) instead of: \(reason)", sourceLocation: location)
            return
        }
    }

    @Test func `tags and all worker ids that there are, in one commit`() async throws {
        let workers = (0..<1024).map { WorkerRecord.sample($0, Int64($0)) }
        let tags = try (0..<300).map { JournalEntry.tag(try tag("tag-\($0)"), $0 % 50 == 0 ? .large() : .sample()) }
        do {
            let journal = try openJournal(path)
            try journal.commit(tags + workers.map { .worker($0) }, header: journal.header)
            #expect(journal.sequence == 1)
            #expect(try byID(journal.workers()) == workers)
        }
        do {
            let journal = try reopened(path)
            #expect(journal.setAside == nil && journal.sequence == 1)
            #expect(try byID(journal.workers()) == workers)
            #expect(try Set(journal.records().map { JournalEntry.tag($0.tag, $0.record) }) == Set(tags))
        }
        let file = path + "/data.mdb"
        #expect(PageAudit.problem(file: file, length: try Data(contentsOf: URL(filePath: file)).count) == nil)
        let contents = try patiently(while: { ($0 as? JournalError)?.code == .locked }) {
            try JournalReader.read(path: path)
        }
        #expect(byID(contents.workers) == workers && contents.records.count == 300)
        // The process that a start has it verified in.
        await #expect(processExitsWith: .success) { [path = path as String] in
            guard Journal.verify(path: path) == .sound(records: 300, sequence: 1) else { exit(1) }
        }
    }

    @Test func `the newest record of a worker id counts`() throws {
        do {
            let journal = try openJournal(path)
            for number in 1...50 {
                try journal.commit(
                    [.worker(.sample(7, Int64(number))), .worker(.sample(number % 5, Int64(number)))],
                    header: journal.header)
            }
        }
        let journal = try reopened(path)
        #expect(journal.setAside == nil)
        let expected = (0..<5).map { WorkerRecord.sample($0, Int64($0 == 0 ? 50 : 45 + $0)) } + [.sample(7, 50)]
        #expect(try byID(journal.workers()) == expected)
        // The last of several in one commit, too.
        try journal.commit([.worker(.sample(7, 60)), .worker(.sample(7, 61))], header: journal.header)
        #expect(try journal.workers().first { $0.worker == 7 } == .sample(7, 61))
    }

    @Test func `what opening has read is not taken for newer than a commit`() throws {
        do {
            let journal = try openJournal(path)
            try journal.commit([.worker(.sample(7, 1))], header: journal.header)
        }
        let journal = try reopened(path)
        #expect(try journal.workers() == [.sample(7, 1)])
        try journal.commit([.worker(.sample(7, 2))], header: journal.header)
        #expect(try journal.workers() == [.sample(7, 2)])
    }

    @Test func `every flipped bit of a worker id's record and of its key is found`() throws {
        do {
            let journal = try openJournal(path)
            try journal.commit([.worker(.sample(7)), .tag(try tag("orders"), .sample())], header: journal.header)
        }
        let data = try DataBytes(path)
        let key = RecordKey.worker(7).bytes
        let node = key + key.withUnsafeBytes { WorkerRecord.sample(7).encoded(key: $0, sequence: 1) }
        let place = try #require(Data(data.bytes).range(of: Data(node))).lowerBound
        for bit in 0..<node.count * 8 {
            var flipped = data
            flipped.bytes[place + bit / 8] ^= 1 << (bit % 8)
            try flipped.write()
            guard case .damaged(let reason) = Journal.verify(path: path) else {
                Issue.record("bit \(bit) was flipped and nobody noticed")
                continue
            }
            if bit >= key.count * 8 { #expect(reason.contains("worker id 7: ")) }
        }
        try data.write()
        #expect(try reopened(path).workers() == [.sample(7)])
    }

    @Test func `a damaged record of a worker id sets the journal aside, and floors alone are taken over`() throws {
        do {
            let journal = try openJournal(path)
            try journal.commit(
                [.worker(.sample(7)), .worker(.sample(8)), .tag(try tag("orders"), .sample())],
                header: journal.header.leasing(from: "store"))
        }
        var data = try DataBytes(path)
        let place = try #require(Data(data.bytes).range(of: Data(RecordKey.worker(7).bytes)))
        data.bytes[place.upperBound + RecordCodec.prefixLength] ^= 1
        try data.write()
        do {
            let journal = try reopened(path)
            let setAside = try #require(journal.setAside)
            #expect(setAside.reason.contains("worker id 7: the checksum does not match"))
            #expect(setAside.floors == 1)
            #expect(try journal.records().map(\.record.floor) == [6001])
            #expect(try journal.workers().isEmpty)
        }
        let again = try reopened(path)
        #expect(try again.setAside == nil && again.workers().isEmpty && again.records().count == 1)
    }

    @Test func `an older version of a worker id's page is found`() throws {
        let journal = try openJournal(path)
        try journal.commit([.worker(.sample(7, 1))], header: journal.header)
        let before = try DataBytes(path)
        try journal.commit([.worker(.sample(7, 2))], header: journal.header)
        var stale = try DataBytes(path)
        let (old, new) = (try before.tagsRoot(), try stale.tagsRoot())
        #expect(old.root != new.root)
        let (page, current) = (Int(old.root) * 4096, Int(new.root) * 4096)
        stale.bytes.replaceSubrange(current + 8..<current + 4096, with: before.bytes[page + 8..<page + 4096])
        try stale.write()
        expectDamage(Self.sums)
        withExtendedLifetime(journal) {}
    }

    @Test func `a worker id's record of a commit after the newest is found`() throws {
        let journal = try openJournal(path)
        try journal.commit([.worker(.sample(7))], header: journal.header)
        var data = try DataBytes(path)
        let (old, new) = RecordKey.worker(7).bytes.withUnsafeBytes {
            (WorkerRecord.sample(7).encoded(key: $0, sequence: 1), WorkerRecord.sample(7).encoded(key: $0, sequence: 2))
        }
        data.bytes.replaceSubrange(try #require(Data(data.bytes).range(of: Data(old))), with: new)
        try data.write()
        expectDamage("worker id 7: from a commit after the newest")
        withExtendedLifetime(journal) {}
    }

    @Test func `a file with worker ids cut short anywhere is found, unless only free pages are missing`() throws {
        do {
            let journal = try openJournal(path)
            for number in 0..<20 {
                try journal.commit(
                    (0..<100).map { .worker(.sample($0, Int64(number))) } + [.tag(try tag("orders"), .sample())],
                    header: journal.header)
            }
        }
        let data = try DataBytes(path)
        let whole = Journal.verify(path: path)
        #expect(whole == .sound(records: 1, sequence: 20))
        var found = 0
        for length in stride(from: 512, to: data.bytes.count, by: 512 * 3) {
            try Data(data.bytes[..<length]).write(to: URL(filePath: data.file))
            let answer = Journal.verify(path: path)
            if case .damaged = answer { found += 1 } else { #expect(answer == whole) }
        }
        #expect(found > 10)
    }

    @Test func `a journal that takes another's place begins without worker ids`() throws {
        let journal = try openJournal(path)
        try journal.commit([.worker(.sample(7)), .tag(try tag("orders"), .sample())], header: journal.header)
        _ = try journal.replace(
            reason: "a test", header: journal.header,
            entries: [.tag(try tag("kept"), .sample()), .worker(.sample(7)), .worker(.sample(8))])
        #expect(try journal.workers().isEmpty)
        #expect(try journal.records().map(\.tag) == [try tag("kept")])
        // One that is claimed anew is written as ever.
        try journal.commit([.worker(.sample(9))], header: journal.header)
        #expect(try journal.workers() == [.sample(9)])
    }
}

/// Worker ids and tags are written by one writer.
@Suite struct WorkerWriterTests {
    private let folder = TemporaryFolder()
    private let owner = OwnerFake()
    private let storage: FailingStorage
    private let writer: JournalWriter

    init() throws {
        storage = FailingStorage(try openJournal(folder.file("journal")))
        writer = JournalWriter(gather: .milliseconds(200), owner: owner)
    }

    private func start() async throws {
        writer.start(storage: storage, witness: WitnessFile(folder: folder.memory))
        try await until("the first commit") { writer.snapshot().commits == 1 }
    }

    private func contents() throws -> JournalContents {
        let copy = folder.file("copy")
        try FileManager.default.copyItem(atPath: folder.file("journal") + "/data.mdb", toPath: copy)
        return try JournalReader.read(path: copy)
    }

    @Test func `worker ids and tags that are due share one commit, and each is told of its own order`() async throws {
        try await start()
        let tags = try (0..<10).map { try Participant("tag-\($0)") }
        let workers = (0..<3).map { WorkerParticipant($0) }
        for (tag, worker) in zip(tags, workers) {
            writer.request(tag, .soon)
            writer.request(worker, .soon)
        }
        for tag in tags.dropFirst(3) { writer.request(tag, .soon) }
        for tag in tags { try await tag.expectOutcomes([true]) }
        for worker in workers { try await worker.expectOutcomes([true]) }
        #expect(writer.snapshot().commits == 2)
        writer.stop()
        let contents = try contents()
        #expect(contents.records.count == 10)
        #expect(contents.workers.sorted { $0.worker < $1.worker } == workers.map { $0.record(1) })
    }

    @Test func `a commit that fails is told to worker ids and tags, and tried again for both`() async throws {
        try await start()
        storage.plan.with { $0.commits = [.full] }
        let (tag, worker) = (try Participant("orders"), WorkerParticipant(7))
        writer.request(tag, .soon)
        writer.request(worker, .now)
        try await tag.expectOutcomes([false, true])
        try await worker.expectOutcomes([false, true])
        writer.stop()
        #expect(try contents().workers == [worker.record(2)])
    }

    @Test func `while there is no journal a worker id is refused, and then written to the one that replaces it`()
        async throws
    {
        try await start()
        storage.plan.with {
            $0.commits = [.unknownOutcome]
            $0.replacements = [.full]
        }
        let kept = WorkerRecord.sample(8)
        owner.notes.with { $0.entries = [.worker(kept)] }
        let worker = WorkerParticipant(7)
        writer.request(worker, .now)
        try await worker.expectOutcomes([false, true])
        writer.stop()
        #expect(owner.notes.with { $0.replaced.count } == 1)
        #expect(try contents().workers == [worker.record(2)])
    }
}
