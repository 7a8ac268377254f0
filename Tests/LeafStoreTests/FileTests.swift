import Foundation
import GRDB
import LeafStore
import LeafStoreSQLite
import Testing

@Suite("The file of a store")
struct FileTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("is synced at every commit")
    func durable() throws {
        let session = try fixture.open()
        let queue = session.connection.queue
        #expect(try queue.inDatabase { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try queue.inDatabase { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    }

    @Test("in another journal mode is switched to WAL")
    func switched() throws {
        try fixture.open(tag: "orders").close()
        try fixture.sql("PRAGMA journal_mode = DELETE")
        let session = try fixture.open()
        #expect(try fixture.value("PRAGMA journal_mode") == "wal".databaseValue)
        #expect(try session.lease("orders").summary == "1..<101")
    }

    @Test("is not made without create-schema")
    func notCreated() throws {
        try storeError(.missing) { _ = try fixture.open(createSchema: false) }
        #expect(!FileManager.default.fileExists(atPath: fixture.path))
    }

    @Test("needs a folder")
    func noFolder() throws {
        let store = try SQLiteStore(path: fixture.folder + "/nowhere/central.sqlite")
        let error = try storeError(.missing) { _ = try store.open(knownStore: nil) }
        #expect(error.message.contains("/nowhere"))
    }

    @Test("that is no database is called corrupt, and left as it is")
    func notADatabase() throws {
        let junk = Data(String(repeating: "no database at all. ", count: 500).utf8)
        try junk.write(to: URL(fileURLWithPath: fixture.path))
        try storeError(.corrupt) { _ = try fixture.open() }
        #expect(FileManager.default.contents(atPath: fixture.path) == junk)
    }

    @Test("with a damaged page is called corrupt")
    func damaged() throws {
        let session = try fixture.open(tag: "orders")
        session.close()
        let page = try #require(try fixture.value("SELECT rootpage FROM sqlite_master WHERE name = 'leaf_alloc'"))
        let handle = try #require(FileHandle(forUpdatingAtPath: fixture.path))
        try handle.seek(toOffset: UInt64(4096 * (Int.fromDatabaseValue(page)! - 1)))
        handle.write(Data(repeating: 0x5A, count: 4096))
        try handle.close()
        let damaged = try fixture.open()
        try storeError(.corrupt) { _ = try damaged.lease("orders") }
    }

    @Test("on a full disk is unavailable, and the counter stays")
    func full() throws {
        let session = try fixture.open(tag: "orders")
        try session.connection.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        try storeError(.unavailable) {
            for index in 0..<1000 {
                _ = try session.create("tag-\(index)", description: String(repeating: "x", count: 200))
            }
        }
        #expect(try fixture.maxID(of: "orders") == 1.databaseValue)
    }

    @Test("that may not be written is called read-only")
    func queryOnly() throws {
        let session = try fixture.open(tag: "orders")
        try session.connection.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        try storeError(.readOnly) { _ = try session.lease("orders") }
    }

    /// Nothing is read-only for root.
    @Test("without write permission is called read-only", .enabled(if: geteuid() != 0), arguments: ["file", "folder"])
    func readOnly(what: String) throws {
        try fixture.open(tag: "orders").close()
        let target = what == "file" ? fixture.path : fixture.folder
        try FileManager.default.setAttributes([.posixPermissions: what == "file" ? 0o444 : 0o555], ofItemAtPath: target)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: target) }
        let error = try storeError(.readOnly) { _ = try fixture.open() }
        #expect(error.message.contains(fixture.path))
    }

    @Test("that another writer holds for too long is busy, and the session goes on after it")
    func busy() throws {
        let session = try fixture.open(tag: "orders")
        let impatient = try fixture.store(timeout: .milliseconds(50)).open(knownStore: session.storeID)
        try session.connection.queue.writeWithoutTransaction { db in
            try db.beginTransaction(.immediate)
            let error = try storeError(.transient) { _ = try impatient.lease("orders") }
            #expect(!error.isSessionLost)
            try db.rollback()
        }
        #expect(try impatient.lease("orders").summary == "1..<101")
    }

    @Test("is not opened under a name that SQLite reads as something else", arguments: ["", "a\0b"])
    func badPath(path: String) throws {
        try storeError(.misconfigured) { _ = try SQLiteStore(path: path) }
    }

    @Test("is taken from the current folder when its path is relative")
    func relative() throws {
        let store = try SQLiteStore(path: ":memory:")
        #expect(store.path == FileManager.default.currentDirectoryPath + "/:memory:")
        #expect(store.redactedURL == "sqlite://\(store.path)")
    }
}

@Suite("The central table")
struct CentralTableTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("may have any plain name", arguments: ["leaf_alloc", "_t", "Table2", "select"])
    func name(table: String) throws {
        let session = try fixture.store(table: table).open(knownStore: nil)
        _ = try session.create("orders")
        #expect(try session.lease("orders").summary == "1..<101")
        #expect(try fixture.value("SELECT max_id FROM \"\(table)\"") == 101.databaseValue)
    }

    @Test(
        "may have no name that needs quoting or is reserved",
        arguments: [
            "", "2t", "a b", "a\"b", "main.t", "tä", "t;", "leafd_state", "LEAFD_x", "sqlite_t",
            String(repeating: "a", count: 64),
        ])
    func badName(table: String) throws {
        try storeError(.misconfigured) { _ = try fixture.store(table: table) }
    }

    @Test(
        "must hold 64-bit integers in max_id",
        arguments: ["TEXT", "VARCHAR(20)", "REAL", "DOUBLE", "NUMERIC", "BLOB", ""])
    func badColumn(type: String) throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id \(type), step INT)")
        let error = try storeError(.misconfigured) { _ = try fixture.open() }
        #expect(error.message.contains("max_id"))
    }

    @Test(
        "may declare max_id as any integer", arguments: ["INT", "INTEGER", "BIGINT", "bigint(20)", "UNSIGNED BIG INT"])
    func goodColumn(type: String) throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id \(type), step INT)")
        #expect(try fixture.open(tag: "orders").lease("orders").summary == "1..<101")
    }

    @Test("must tell tags apart by their bytes", arguments: ["NOCASE", "RTRIM"])
    func badCollation(collation: String) throws {
        try fixture.sql(
            "CREATE TABLE leaf_alloc (biz_tag TEXT COLLATE \(collation) PRIMARY KEY, max_id BIGINT, step INT)")
        let error = try storeError(.misconfigured) { _ = try fixture.open() }
        #expect(error.message.contains(collation))
    }

    @Test(
        "must be a table with the columns of Leaf",
        arguments: [
            "CREATE TABLE leaf_alloc (max_id BIGINT, step INT)", "CREATE TABLE leaf_alloc (biz_tag TEXT, step INT)",
            "CREATE TABLE leaf_alloc (biz_tag TEXT, max_id BIGINT)",
            """
            CREATE TABLE base (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT);
            CREATE VIEW leaf_alloc AS SELECT * FROM base
            """,
        ])
    func badTable(sql: String) throws {
        try fixture.sql(sql)
        try storeError(.misconfigured) { _ = try fixture.open(createSchema: false) }
    }

    @Test("gets leafd's own tables beside it when they may be made")
    func existing() throws {
        try fixture.sql("CREATE TABLE leaf_alloc (biz_tag TEXT PRIMARY KEY, max_id BIGINT, step INT)")
        try fixture.sql("INSERT INTO leaf_alloc VALUES ('orders', 77, 5)")
        let session = try fixture.open()
        #expect(session.missingGuards == [])
        #expect(try session.lease("orders", 3).summary == "77..<80")
    }
}
