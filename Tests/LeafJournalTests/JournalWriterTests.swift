import Foundation
import LeafCore
import LeafTestKit
import LeafThreads
import Testing

@testable import LeafJournal

@Suite struct JournalWriterTests {
    private let folder = TemporaryFolder()
    private let owner = OwnerFake()
    private var path: String { folder.file("journal") }

    private func writer(gather: Duration = .milliseconds(200)) -> JournalWriter {
        JournalWriter(gather: gather, owner: owner)
    }

    private func start(_ writer: JournalWriter) throws -> String {
        let journal = try openJournal(path)
        let id = journal.header.journalID
        writer.start(journal, witness: WitnessFile(folder: folder.memory))
        return id
    }

    @Test func `the first commit of a start is made at once, asked for or not`() async throws {
        let writer = writer(gather: .seconds(3600))
        let id = try start(writer)
        try await until("the first commit") { writer.snapshot().commits == 1 }
        #expect(try !files(in: path).contains("opening"))
        #expect(writer.snapshot().witness)
        #expect(FileManager.default.fileExists(atPath: folder.memory + "/leafd-\(id).witness"))
        writer.stop()
    }

    @Test func `tags that are due soon share one commit`() async throws {
        let writer = writer()
        _ = try start(writer)
        try await until("the first commit") { writer.snapshot().commits == 1 }
        let participants = try (0..<50).map { try Participant("tag-\($0)") }
        for participant in participants { writer.request(participant, .soon) }
        for participant in participants { try await participant.expectOutcomes([true]) }
        #expect(writer.snapshot().commits == 2)
        writer.stop()
        #expect(try reopened(path).records().count == 50)
    }

    @Test func `what was due before the start is in its first commit`() async throws {
        let writer = writer()
        let participant = try Participant("orders")
        writer.request(participant, .soon)
        _ = try start(writer)
        try await participant.expectOutcomes([true])
        #expect(writer.snapshot().commits == 1)
        writer.stop()
    }

    @Test func `a changed header is durable when the call returns, and whatever was due before it`() throws {
        let writer = writer(gather: .seconds(3600))
        let id = try start(writer)
        let participant = try Participant("orders")
        writer.request(participant, .soon)
        try writer.changeHeader(of: id) { $0.storeID = "another" }
        #expect(participant.outcomes == [true])
        writer.stop()
        let journal = try reopened(path)
        #expect(journal.header.storeID == "another")
        #expect(try journal.records().map(\.tag) == [participant.tag])
    }

    @Test func `a change meant for a journal that has another id by now changes nothing`() async throws {
        let writer = writer()
        let id = try start(writer)
        try await until("the first commit") { writer.snapshot().commits == 1 }
        try writer.changeHeader(of: id) {
            $0.journalID = "new"
            $0.epoch = 2
        }
        do {
            try writer.changeHeader(of: id) { $0.epoch = 3 }
            Issue.record("it was changed")
        } catch {
            #expect(error.code == .replaced)
        }
        try writer.changeHeader(of: "new") { $0.agentBeat = 4 }
        writer.stop()
        let header = try reopened(path).header
        #expect(header.journalID == "new" && header.epoch == 2 && header.agentBeat == 4)
        // The witness has moved on, and the old one stays.
        let witnesses = try files(in: folder.memory)
        #expect(witnesses == ["leafd-\(id).witness", "leafd-new.witness"].sorted())
    }

    @Test func `what is due is written before the writer stops`() throws {
        let writer = writer()
        let participant = try Participant("orders")
        let id = try start(writer)
        writer.request(participant, .soon)
        writer.stop()
        #expect(participant.outcomes == [true])
        let journal = try reopened(path)
        #expect(try journal.records().map(\.tag) == [participant.tag])
        #expect(journal.header.isClean)
        #expect(throws: JournalError.self) { try writer.changeHeader(of: id) { $0.epoch = 9 } }
    }

    @Test func `the witness of a restarted daemon agrees with its journal`() throws {
        let writer = writer()
        let id = try start(writer)
        try writer.changeHeader(of: id) { $0.storeID = "store" }
        writer.stop()
        let journal = try reopened(path)
        let finding = try eventually("the witness is free") {
            let finding = WitnessFile(folder: folder.memory).find(journalID: id)
            return finding == .heldByAnother ? nil : finding
        }
        guard case .found(let witness) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(witness.sequence == journal.sequence)
        #expect(witness.inode == journal.host.inode && witness.device == journal.host.device)
        #expect(witness.bootID == journal.host.bootID)
    }
}
