import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct ReaderTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }

    private func read(_ path: String) throws -> JournalContents {
        try patiently(while: { ($0 as? JournalError)?.code == .locked }) { try JournalReader.read(path: path) }
    }

    private func code(_ path: String) -> JournalError.Code? {
        do {
            _ = try JournalReader.read(path: path)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a stopped daemon's journal is read, from its folder or its file, and not changed`() throws {
        let header = try makeJournal(path)
        let file = path + "/data.mdb"
        let before = try Data(contentsOf: URL(filePath: file))
        for place in [path, file] {
            let contents = try read(place)
            #expect(contents.header == header && contents.sequence == 41 && contents.records.count == 20)
            #expect(contents.file == file && contents.usedBytes > 0 && contents.usedBytes < before.count)
        }
        #expect(try Data(contentsOf: URL(filePath: file)) == before)
        #expect(try files(in: path) == ["data.mdb", "lock"])
    }

    @Test func `a copy without a lock file is read without making one`() throws {
        try makeJournal(path)
        #expect(unlink(path + "/lock") == 0)
        #expect(try read(path).records.count == 20)
        #expect(try files(in: path) == ["data.mdb"])
    }

    @Test func `a running daemon's journal is not read`() throws {
        let journal = try openJournal(path)
        try journal.commit([], header: journal.header)
        #expect(code(path) == .locked)
        #expect(code(path + "/data.mdb") == .locked)
        withExtendedLifetime(journal) {}
    }

    @Test func `what is no journal is said to be none`() throws {
        #expect(code(folder.file("nothing")) == .inaccessible)
        #expect(code(folder.path) == .inaccessible)
        do { _ = try openJournal(path) }
        #expect(code(path) == .inaccessible)
        try Data("not a journal".utf8).write(to: URL(filePath: folder.file("text")))
        #expect(code(folder.file("text")) == .damaged)
        try makeJournal(path)
        var data = try DataBytes(path)
        data.bytes.removeLast(data.bytes.count - 12_800)
        try data.write()
        #expect(code(path) == .damaged)
    }
}
