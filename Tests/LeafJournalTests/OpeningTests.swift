import Foundation
import LeafCore
import LeafTestKit
import Testing

@testable import LeafJournal

@Suite struct OpeningTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("journal") }
    private var opening: String { path + "/opening" }

    private func noteDeaths(_ count: Int, bootID: String = HostIdentity.currentBootID) throws {
        try Data("\(bootID) \(count)\n".utf8).write(to: URL(filePath: opening))
    }

    @Test func `a start is counted until its first commit`() throws {
        let journal = try openJournal(path)
        #expect(firstLine(of: opening) == "\(HostIdentity.currentBootID) 1")
        try journal.commit([], header: journal.header)
        #expect(try !files(in: path).contains("opening"))
    }

    @Test func `a start that ends in good order is not counted`() throws {
        do { _ = try openJournal(path) }
        #expect(try !files(in: path).contains("opening"))
    }

    @Test func `one death is forgiven, two make a damaged journal`() throws {
        try makeJournal(path)
        try noteDeaths(1)
        do {
            let journal = try reopened(path)
            #expect(journal.setAside == nil)
            #expect(firstLine(of: opening).hasSuffix(" 2"))
        }
        try noteDeaths(2)
        let journal = try reopened(path)
        let setAside = try #require(journal.setAside)
        #expect(setAside.reason == "leafd died twice between opening it and its first commit")
        #expect(setAside.floors == 20)
        // The fresh one has a clean slate.
        #expect(firstLine(of: opening).hasSuffix(" 1"))
    }

    @Test func `a start that is ended while the journal is verified is not counted`() throws {
        try makeJournal(path)
        let opening = opening
        _ = try patiently(while: { ($0 as? JournalError)?.code == .locked }) {
            try Journal(
                path: path, mapBytes: mapBytes,
                verify: { path in
                    #expect(firstLine(of: opening).isEmpty)
                    return Journal.verify(path: path)
                })
        }
    }

    @Test func `deaths of an earlier boot do not count`() throws {
        try makeJournal(path)
        try noteDeaths(2, bootID: "00000000-0000-0000-0000-000000000000")
        #expect(try reopened(path).setAside == nil)
    }

    @Test func `a count that cannot be read or written stops nobody`() throws {
        try makeJournal(path)
        try FileManager.default.createDirectory(atPath: opening, withIntermediateDirectories: true)
        #expect(try reopened(path).setAside == nil)
    }

    @Test func `a start that fails for another reason leaves the count as it was`() throws {
        try makeJournal(path)
        try noteDeaths(1)
        #expect(throws: JournalError.self) {
            try Journal(path: path, mapBytes: mapBytes, verify: { _ in .unknown("no memory") })
        }
        #expect(firstLine(of: opening).hasSuffix(" 1"))
    }

    @Test func `only known local file systems are accepted`() {
        for type: Int64 in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994] { #expect(FileSystemKind.isLocal(type)) }
        // NFS, SMB, FUSE, 9P, Ceph.
        for type: Int64 in [0x6969, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400] {
            #expect(!FileSystemKind.isLocal(type))
        }
    }

    @Test func `a journal on a file system that is no disk is refused`() throws {
        do {
            _ = try openJournal("/proc/self")
            Issue.record("it opened")
        } catch let error as JournalError {
            #expect(error.code == .inaccessible)
            #expect(error.message.contains("0x9fa0"))
        }
    }

    @Test func `a daemon with a link to the same data file is kept out`() throws {
        let journal = try openJournal(path)
        let other = folder.file("other")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        #expect(link(path + "/data.mdb", other + "/data.mdb") == 0)
        do {
            _ = try openJournal(other)
            Issue.record("it opened")
        } catch let error as JournalError {
            #expect(error.code == .locked)
        }
        withExtendedLifetime(journal) {}
    }

    @Test func `a daemon whose data file was removed still holds its folder`() throws {
        let journal = try openJournal(path)
        #expect(unlink(path + "/data.mdb") == 0)
        do {
            _ = try openJournal(path)
            Issue.record("it opened")
        } catch let error as JournalError {
            #expect(error.code == .locked)
        }
        withExtendedLifetime(journal) {}
    }

    @Test func `an empty data file is a damaged one: it was never made so`() throws {
        do { _ = try openJournal(path) }
        try Data().write(to: URL(filePath: path + "/data.mdb"))
        let journal = try reopened(path)
        #expect(journal.isNew && journal.setAside != nil)
    }

    @Test func `a journal that was left half made is made anew`() throws {
        do { _ = try openJournal(path) }
        try Data("half".utf8).write(to: URL(filePath: path + "/new.mdb"))
        let journal = try reopened(path)
        #expect(journal.isNew && journal.setAside == nil)
        #expect(try !files(in: path).contains("new.mdb"))
    }
}
