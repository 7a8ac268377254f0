import Foundation
import LeafCore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafJournal

/// What the writer does when commits fail: `JournalCourse` decides, on a journal that fails as told.
@Suite struct ReplacementTests {
    private let folder = TemporaryFolder()
    private let owner = OwnerFake()
    private let writer: JournalWriter
    private let storage: FailingStorage
    private let id: String
    private var path: String { folder.file("journal") }

    init() throws {
        let journal = try openJournal(folder.file("journal"))
        id = journal.header.journalID
        storage = FailingStorage(journal)
        writer = JournalWriter(gather: .milliseconds(1), owner: owner)
    }

    private func start(_ witness: WitnessFile? = nil) async throws {
        writer.start(storage: storage, witness: witness ?? WitnessFile(folder: folder.memory))
        try await until("the first commit") { writer.snapshot().commits + writer.snapshot().failures > 0 }
    }

    /// What is on disk, while the storage still holds the journal.
    private func contents(_ file: String? = nil) throws -> JournalContents {
        let copy = folder.file("copy-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.copyItem(atPath: file ?? path + "/data.mdb", toPath: copy)
        return try JournalReader.read(path: copy)
    }

    private var witnessed: UInt64? {
        guard let data = try? Data(contentsOf: URL(filePath: folder.memory + "/leafd-\(id).witness")) else {
            return nil
        }
        return WitnessRecord.decode([UInt8](data))?.sequence
    }

    @Test func `commit, then witness, then the tags are told`() async throws {
        let participant = try Participant("orders")
        let seen = Lock<[String]>([])
        let (memory, id) = (folder.memory, id)
        storage.plan.with { plan in
            plan.afterCommit = { sequence in
                let data = try? Data(contentsOf: URL(filePath: memory + "/leafd-\(id).witness"))
                let witnessed = data.flatMap { WitnessRecord.decode([UInt8]($0))?.sequence }
                seen.with {
                    $0.append("committed \(sequence), witnessed \(witnessed ?? 0), told \(participant.outcomes)")
                }
            }
        }
        try await start()
        participant.onFinish = { seen.with { $0.append("told") } }
        writer.request(participant, .now)
        try await participant.expectOutcomes([true])
        writer.stop()
        #expect(
            seen.with { $0 } == [
                "committed 1, witnessed 0, told []", "committed 2, witnessed 1, told []", "told",
                "committed 3, witnessed 2, told [true]",
            ])
        #expect(witnessed == 3)
    }

    @Test func `without room a commit is tried again, in the same journal`() async throws {
        try await start()
        storage.plan.with { $0.commits = [.full] }
        let participant = try Participant("orders")
        writer.request(participant, .now)
        try await participant.expectOutcomes([false, true])
        writer.stop()
        #expect(storage.plan.with { $0.log } == ["commit 1", "commit: full", "commit 2", "commit 3"])
        #expect(owner.notes.with { $0.failures.map { $0?.code } } == [.full, nil])
        #expect(owner.notes.with { $0.replaced.isEmpty })
        #expect(witnessed == 3)
    }

    @Test func `a first commit that fails is made as soon as it can be`() async throws {
        storage.plan.with { $0.commits = [.full] }
        try await start()
        try await until("a commit") { writer.snapshot().commits == 1 }
        writer.stop()
    }

    @Test(arguments: [JournalError.Code.unknownOutcome, .damaged], [false, true])
    func `after an unknown outcome another journal takes its place`(
        code: JournalError.Code, isOnDisk: Bool
    ) async throws {
        try await start()
        let kept = JournalEntry.tag(try tag("kept"), .sample())
        owner.notes.with { $0.entries = [kept] }
        let inode = storage.header.host.inode
        storage.plan.with {
            $0.commits = [code]
            $0.writesAllTheSame = isOnDisk
        }
        let participant = try Participant("orders")
        writer.request(participant, .now)
        try await participant.expectOutcomes([false, true])
        let notes = owner.notes.with { $0 }
        let (header, setAside) = try #require(notes.replaced.first)
        #expect(notes.askedFor == [id])
        #expect(header.journalID == "new" && header.host.inode != inode)
        #expect(setAside.reason == "injected \(code)" && setAside.file.hasPrefix(path + "/unknown-"))
        #expect(notes.failures.map { $0?.code } == [code, nil])
        #expect(writer.snapshot().replacements == 1)
        // The old witness stays, and contradicts every copy of the journal that was set aside.
        #expect(witnessed == .max)
        // Its folder has been held all the while.
        #expect(throws: JournalError.self) { try openJournal(path) }
        // Changes meant for the old journal come too late.
        #expect(throws: JournalError.self) { try writer.changeHeader(of: id) { $0.epoch = 77 } }
        writer.stop()
        #expect(try contents(setAside.file).sequence == (isOnDisk ? 2 : 1))
    }

    @Test func `the journal that takes its place begins with what the owner gave`() async throws {
        let kept = JournalEntry.tag(try tag("kept"), .sample())
        owner.notes.with { $0.entries = [kept] }
        storage.plan.with { $0.commits = [.unknownOutcome] }
        writer.start(storage: storage, witness: WitnessFile(folder: folder.memory))
        try await until("a replacement") { !owner.notes.with { $0.replaced.isEmpty } }
        try writer.changeHeader(of: "new") { $0.storeID = "store" }
        writer.stop()
        let contents = try contents()
        #expect(contents.header.journalID == "new" && contents.header.agentID == "new-agent")
        #expect(contents.header.storeID == "store")
        #expect(contents.records.map(\.record) == [.sample()])
        #expect(FileManager.default.fileExists(atPath: folder.memory + "/leafd-new.witness"))
    }

    @Test func `while there is no journal every commit fails, and the tags are written once there is one`() async throws
    {
        try await start()
        storage.plan.with {
            $0.commits = [.unknownOutcome]
            $0.replacements = Array(repeating: .full, count: 100_000)
        }
        let (first, second) = (try Participant("first"), try Participant("second"))
        writer.request(first, .now)
        try await first.expectOutcomes([false])
        writer.request(second, .now)
        try await second.expectOutcomes([false])
        do {
            try writer.changeHeader(of: id) { $0.epoch = 7 }
            Issue.record("a header was changed without a journal")
        } catch {
            #expect(error.code == .unknownOutcome)
        }
        try await until("a second try") { owner.notes.with { $0.askedFor.count } >= 2 }
        storage.plan.with { $0.replacements = [] }
        try await first.expectOutcomes([false, true])
        try await second.expectOutcomes([false, true])
        writer.stop()
        let log = storage.plan.with { $0.log }
        #expect(log.prefix(4) == ["commit 1", "commit: unknownOutcome", "replace: full", "replace: full"])
        #expect(log.filter { $0 == "replaced" }.count == 1)
        // Asked anew each time.
        #expect(owner.notes.with { $0.askedFor }.count == log.filter { $0.hasPrefix("replace") }.count)
        #expect(owner.notes.with { Set($0.askedFor) } == [id])
    }

    @Test func `a writer without a journal stops`() async throws {
        try await start()
        storage.plan.with {
            $0.commits = [.unknownOutcome]
            $0.replacements = Array(repeating: .full, count: 100_000)
        }
        let participant = try Participant("orders")
        writer.request(participant, .now)
        try await participant.expectOutcomes([false])
        writer.stop()
        #expect(try contents().sequence == 1)
    }

    @Test func `a witness that can be neither written nor removed holds every limit back`() async throws {
        let witness = WitnessFile(folder: folder.memory)
        try await start(witness)
        // Two directories in its place, so that neither open nor unlink succeeds, even for root.
        let file = folder.memory + "/leafd-\(id).witness"
        #expect(unlink(file) == 0)
        try FileManager.default.createDirectory(atPath: file + "/x", withIntermediateDirectories: true)
        let participant = try Participant("orders")
        writer.request(participant, .now)
        try await until("the commit has failed") { participant.outcomes.count >= 1 }
        #expect(participant.outcomes.allSatisfy { !$0 })
        #expect(throws: JournalError.self) { try writer.changeHeader(of: id) { $0.epoch = 77 } }
        #expect(!writer.snapshot().witness)
        try FileManager.default.removeItem(atPath: file)
        try await until("the tag is told") { participant.outcomes.last == true }
        writer.stop()
        let contents = try contents()
        #expect(contents.header.epoch != 77)
        #expect(witnessed == contents.sequence)
    }

    @Test func `a witness that cannot be written but removed is removed, and limits rise`() async throws {
        let witness = WitnessFile(folder: folder.memory)
        _ = witness.note(AgentTrace(agentID: String(repeating: "x", count: 200)))
        try await start(witness)
        let participant = try Participant("orders")
        writer.request(participant, .now)
        try await participant.expectOutcomes([true])
        #expect(witnessed == nil)
        #expect(!writer.snapshot().witness)
        writer.stop()
    }
}
