import Foundation
import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

/// What somebody does to the files beside a database while a session is on them.
@Suite("The log of a store, -wal and -shm")
struct RemovedLogTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
        try fixture.open(tag: "orders").close()
    }

    private func replace(_ suffix: String) throws {
        let path = fixture.path + suffix
        try FileManager.default.moveItem(atPath: path, toPath: path + ".was")
        try FileManager.default.copyItem(atPath: path + ".was", toPath: path)
    }

    /// From now on commits stay in the log, as they do while somebody reads.
    private func keepInLog(_ session: SQLiteSession) throws {
        try session.connection.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
    }

    @Test(arguments: [["-wal"], ["-shm"], ["-wal", "-shm"]])
    func `stops leases and reads when it is removed`(suffixes: [String]) throws {
        let works: [(SQLiteSession) throws -> Void] = [{ _ = try $0.lease("orders") }, { try $0.ping() }]
        for work in works {
            let session = try fixture.open()
            try fixture.remove(suffixes)
            let error = try storeError(.missing) { try work(session) }
            #expect(error.isSessionLost && error.isOutage && error.message.contains(suffixes[0]))
        }
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test(arguments: ["-wal", "-shm"])
    func `stops leases when it is replaced, if only by its own copy`(suffix: String) throws {
        let session = try fixture.open()
        #expect(try session.lease("orders").summary == "1..<101")
        try replace(suffix)
        let error = try storeError(.missing) { _ = try session.lease("orders") }
        #expect(error.message.contains("\(suffix) has been replaced"))
    }

    @Test(arguments: ["-wal", "-shm"])
    func `that is removed while a lease is committed voids the lease`(suffix: String) throws {
        let session = try fixture.open()
        let path = fixture.path
        let observer = CommitObserver { try FileManager.default.removeItem(atPath: path + suffix) }
        session.connection.queue.add(transactionObserver: observer, extent: .databaseLifetime)
        try storeError(.missing) { _ = try session.lease("orders") }
    }

    /// All connections of a process to one file share its -shm: as another process would exchange it between SQLite's open
    /// and ours.
    @Test func `that is not the one which SQLite opened ends a session before it begins`() throws {
        let first = try fixture.open()
        try replace("-shm")
        let error = try storeError(.missing) { _ = try fixture.open() }
        #expect(error.isSessionLost && error.message.contains("while it was opened"))
        first.close()
        #expect(try fixture.open().lease("orders").summary == "1..<101")
    }

    @Test func `stays the same through all that SQLite does while a session is on it`() throws {
        let session = try fixture.open()
        #expect(try session.lease("orders").summary == "1..<101")
        let statements = [
            "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)",
            "VACUUM",
            "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(9000000)); DROP TABLE t", "REINDEX",
        ]
        for (count, statement) in statements.enumerated() {
            try fixture.sql(statement)
            #expect(try #require(try session.lease("orders").segment).start == Int64(count) * 100 + 101)
        }
        #expect(throws: DatabaseError.self) { try fixture.sql("PRAGMA journal_mode = DELETE") }
        try session.ping()
    }

    @Test func `is moved into the file at every commit`() throws {
        let session = try fixture.open()
        _ = try session.lease("orders")
        let copy = fixture.folder + "/copy.sqlite"
        try FileManager.default.copyItem(atPath: fixture.path, toPath: copy)
        let queue = try DatabaseQueue(path: copy)
        #expect(try queue.read { try Int64.fetchOne($0, sql: "SELECT max_id FROM leaf_alloc") } == 101)
    }

    @Test func `is moved into the file by the last session that closes`() throws {
        let session = try fixture.open()
        try keepInLog(session)
        _ = try session.lease("orders")
        session.close()
        for suffix in ["-wal", "-shm"] { #expect(!FileManager.default.fileExists(atPath: fixture.path + suffix)) }
    }

    @Test(arguments: ["lease", "close", "forgotten"])
    func `that was removed is not moved into the file, which others write by now`(end: String) throws {
        var session: SQLiteSession? = try fixture.open()
        _ = try session?.lease("orders", 10)
        try session.map(keepInLog)
        _ = try session?.lease("orders", 10)
        try fixture.remove(["-wal", "-shm"])
        switch end {
        case "lease": try storeError(.missing) { _ = try session?.lease("orders", 10) }
        case "close": session?.close()
        default: break
        }
        session = nil
        #expect(try fixture.counter(of: "orders") == 11)
    }

    // MARK: What is done about the commits that were in it

    /// A daemon whose beat is in the file, and whose last lease is only in the log.
    private func daemon() throws -> SettlingDaemon {
        var daemon = SettlingDaemon(try fixture.store(), agentID: "a")
        #expect(try daemon.settle() == [.adoptStore, .beat])
        try daemon.session.map(keepInLog)
        #expect(try daemon.lease("orders").end == 101)
        return daemon
    }

    /// Leases as another host does, which has no floor.
    private func strangersLease() throws -> Segment {
        try #require(try fixture.open().lease("orders").segment)
    }

    @Test func `took leases with it: the counters are lifted once, though no beat is missing`() throws {
        var daemon = try daemon()
        try fixture.remove(["-wal", "-shm"])
        try storeError(.missing) { _ = try daemon.lease("orders") }
        #expect(try daemon.settle() == [.lift(.otherServer)])
        #expect(try strangersLease().start == 101 + SettlingDaemon.gap)
        #expect(try daemon.settle() == [])
    }

    @Test func `took leases with it when only the database came back`() throws {
        var daemon = try daemon()
        let away = fixture.path + ".away"
        try fixture.move(fixture.path, to: away)
        try storeError(.missing) { _ = try daemon.lease("orders") }
        try FileManager.default.moveItem(atPath: away, toPath: fixture.path)
        #expect(try daemon.settle() == [.lift(.otherServer)])
        #expect(try strangersLease().start == 101 + SettlingDaemon.gap)
    }

    @Test func `that comes back with the database has lost nothing`() throws {
        var daemon = try daemon()
        let away = fixture.path + ".away"
        try fixture.move(fixture.path, to: away)
        try storeError(.missing) { _ = try daemon.lease("orders") }
        try fixture.move(away, to: fixture.path)
        #expect(try daemon.settle() == [])
        #expect(try daemon.lease("orders").start == 101)
    }

    @Test func `that was lost is not forgotten by a session that ends before the lift`() throws {
        var daemon = try daemon()
        try fixture.remove(["-wal", "-shm"])
        try storeError(.missing) { _ = try daemon.lease("orders") }
        let session = try daemon.store.open(knownStore: StoreID(daemon.header.storeID))
        #expect(try session.facts(agentID: "a").recordedServer == nil)
        session.close()
        #expect(try daemon.settle() == [.lift(.otherServer)])
    }

    @Test func `that was removed between two sessions has lost the same`() throws {
        var daemon = try daemon()
        // Another daemon, so that the first one's end leaves the log there.
        let other = try fixture.open()
        daemon.session?.close()
        try fixture.remove(["-wal", "-shm"])
        try storeError(.missing) { try other.ping() }
        #expect(try daemon.settle() == [.lift(.otherServer)])
    }
}
