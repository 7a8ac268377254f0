import Foundation
import GRDB
import LeafStore
import LeafStoreSQLite
import LeafTestKit
import Testing

/// SQLite keeps a WAL for each name of a file: under two names every range would be leased twice.
@Suite("A store's file under a second name")
struct SecondNameTests {
    let fixture: StoreFixture
    var other: String { fixture.folder + "/other.sqlite" }

    init() throws {
        fixture = try StoreFixture()
        try fixture.open(tag: "orders").close()
    }

    @Test func `is not opened where that is a hard link, under neither name`() throws {
        try FileManager.default.linkItem(atPath: fixture.path, toPath: other)
        for path in [fixture.path, other] {
            let error = try storeError(.misconfigured) { _ = try SQLiteStore(path: path).open(knownStore: nil) }
            #expect(error.isSessionLost && error.isOutage && error.message.contains("2 names"))
            #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        }
    }

    @Test func `that it is given while a session runs stops leases and reads until the name is gone`() throws {
        let works: [(SQLiteSession) throws -> Void] = [{ _ = try $0.lease("orders") }, { try $0.ping() }]
        for work in works {
            let session = try fixture.open()
            try FileManager.default.linkItem(atPath: fixture.path, toPath: other)
            let error = try storeError(.misconfigured) { try work(session) }
            #expect(error.isSessionLost)
            try FileManager.default.removeItem(atPath: other)
        }
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test func `that it is given while a lease waits for its turn keeps it from being made`() throws {
        let store = try fixture.store(timeout: .seconds(60))
        let (path, other) = (fixture.path, other)
        let (isOpen, isLocked) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let results = try onThreads(2) { thread in
            Result {
                if thread == 0 {
                    let session = try store.open(knownStore: nil)
                    isOpen.signal()
                    isLocked.wait()
                    try storeError(.misconfigured) { _ = try session.lease("orders") }
                } else {
                    isOpen.wait()
                    let writer = try DatabaseQueue(path: path)
                    try writer.writeWithoutTransaction { db in
                        try db.beginTransaction(.immediate)
                        isLocked.signal()
                        // Long enough for the lease to begin its waiting; if not, it is refused before that.
                        Thread.sleep(forTimeInterval: 0.2)
                        try FileManager.default.linkItem(atPath: path, toPath: other)
                        try db.rollback()
                    }
                    try writer.close()
                }
            }
        }
        for result in results { try result.get() }
        #expect(try fixture.counter(of: "orders") == 1)
    }

    @Test func `that it is given while a lease is committed voids the lease`() throws {
        let session = try fixture.open()
        let (path, other) = (fixture.path, other)
        let observer = CommitObserver { try FileManager.default.linkItem(atPath: path, toPath: other) }
        session.connection.queue.add(transactionObserver: observer, extent: .databaseLifetime)
        try storeError(.misconfigured) { _ = try session.lease("orders") }
    }

    @Test func `does no harm where that is a symbolic link: its log is one`() throws {
        let folder = fixture.folder + "/elsewhere"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let link = folder + "/link.sqlite"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: fixture.path)
        let linked = try SQLiteStore(path: link).open(knownStore: nil)
        #expect(try linked.lease("orders").summary == "1..<101")
        #expect(try fixture.open().lease("orders").summary == "101..<201")
        #expect(try linked.lease("orders").summary == "201..<301")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["link.sqlite"])
        try fixture.remove(["-wal"])
        try storeError(.missing) { _ = try linked.lease("orders") }
    }

    @Test(.enabled(if: Mount.isPossible, "needs the right to mount"))
    func `is not opened where the file itself is mounted`() throws {
        try Data().write(to: URL(fileURLWithPath: other))
        let mount = try #require(Mount(fixture.path, at: other))
        defer { mount.end() }
        let error = try storeError(.misconfigured) { _ = try SQLiteStore(path: other).open(knownStore: nil) }
        #expect(error.isSessionLost && error.message.contains("mount its folder"))
        #expect(!FileManager.default.fileExists(atPath: other + "-wal"))
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test(.enabled(if: Mount.isPossible, "needs the right to mount"))
    func `does no harm where its folder is mounted`() throws {
        let elsewhere = try StoreFixture()
        let mount = try #require(Mount(fixture.folder, at: elsewhere.folder))
        defer { mount.end() }
        let (here, there) = (try fixture.open(), try elsewhere.open())
        #expect(try here.lease("orders").summary == "1..<101")
        #expect(try there.lease("orders").summary == "101..<201")
        #expect(try here.lease("orders").summary == "201..<301")
        here.close()
        there.close()
    }
}

/// A bind mount.
private struct Mount {
    private let place: String

    /// Returns nil where it is not allowed.
    init?(_ source: String, at place: String) {
        guard Self.run("mount", ["--bind", source, place]) else { return nil }
        self.place = place
    }

    func end() {
        #expect(Self.run("umount", [place]))
    }

    /// Whether this process may mount, and the kernel tells of mounted files (5.8).
    static let isPossible: Bool = {
        guard geteuid() == 0, let fixture = try? StoreFixture(), let mount = Mount(fixture.folder, at: fixture.folder)
        else { return false }
        mount.end()
        return true
    }()

    private static func run(_ tool: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
