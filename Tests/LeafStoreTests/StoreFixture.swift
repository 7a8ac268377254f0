import Foundation
import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

/// A store in a folder of its own, which goes with the fixture, and a second way into its file for breaking it.
final class StoreFixture {
    let folder: String
    var path: String { folder + "/central.sqlite" }

    init() throws {
        folder = NSTemporaryDirectory() + "/leafd-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    func store(
        table: String = "leaf_alloc", createSchema: Bool = true, timeout: Duration = .seconds(2), identity: Bool = true
    ) throws -> SQLiteStore {
        try SQLiteStore(
            path: path, table: table, createSchema: createSchema, queryTimeout: timeout, identity: identity)
    }

    func open(knownStore: StoreID? = nil, createSchema: Bool = true) throws -> SQLiteSession {
        try store(createSchema: createSchema).open(knownStore: knownStore)
    }

    /// A session on a new store with one tag in it.
    func open(tag: String, step: Int64 = 100, start: Int64? = nil, limit: Int64? = nil) throws -> SQLiteSession {
        let session = try open()
        let new = NewTag(tag: try Tag(tag), step: step, start: start, limit: limit, description: nil)
        _ = try session.create(new, ifAbsent: false, gap: 0, agent: nil)
        return session
    }

    /// Runs SQL past leafd, as an operator or an accident would.
    func sql(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    /// Asks for one value, past leafd.
    func value(_ sql: String) throws -> DatabaseValue? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { try DatabaseValue.fetchOne($0, sql: sql) }
    }

    /// The counter of a tag, and of its tombstone, which must be integers.
    func counter(of tag: String, table: String = "leaf_alloc") throws -> Int64? {
        try value("SELECT max_id FROM \(table) WHERE biz_tag = '\(tag)'").flatMap(Int64.fromDatabaseValue)
    }

    func state(_ name: String) throws -> String? {
        try value("SELECT value FROM leafd_state WHERE name = '\(name)'").flatMap(String.fromDatabaseValue)
    }

    /// Removes files beside the database, as an operator who tidies up.
    func remove(_ suffixes: [String]) throws {
        for suffix in suffixes { try FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// Keeps a copy of the file, with all that has been committed, as a backup does.
    func backUp() throws -> String {
        let copy = folder + "/backup-\(UUID().uuidString)"
        try sql("VACUUM INTO '\(copy)'")
        return copy
    }

    /// Puts a backup in the place of the file: another inode.
    func restoreByRename(_ copy: String) throws {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: copy + ".was" + suffix)
        }
        try FileManager.default.moveItem(atPath: copy, toPath: path)
    }

    /// Writes a backup over the file: the same inode. All sessions must be closed, so that there is no WAL.
    func restoreInPlace(_ copy: String) throws {
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        let bytes = try #require(FileManager.default.contents(atPath: copy))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        defer { try? handle.close() }
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: bytes)
    }

    /// Moves a database with the files beside it.
    func move(_ from: String, to: String) throws {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: from + suffix) {
            try FileManager.default.moveItem(atPath: from + suffix, toPath: to + suffix)
        }
    }

    func maxID(of tag: String) throws -> DatabaseValue? {
        try value("SELECT max_id FROM leaf_alloc WHERE biz_tag = '\(tag)'")
    }
}

extension SQLiteSession {
    /// Leases one segment.
    func lease(
        _ tag: String, _ count: Int64 = 100, floor: Int64 = 0, gap: Int64 = 0, agent: AgentMark? = nil
    ) throws -> LeaseResult {
        let request = LeaseRequest(tag: try Tag(tag), count: count, floor: floor, jump: floor + gap, agent: agent)
        return try #require(try lease([request]).first)
    }

    func create(
        _ tag: String, step: Int64 = 100, start: Int64? = nil, limit: Int64? = nil, description: String? = nil,
        ifAbsent: Bool = false, gap: Int64 = 0, agent: AgentMark? = nil
    ) throws -> Bool {
        let new = NewTag(tag: try Tag(tag), step: step, start: start, limit: limit, description: description)
        return try create(new, ifAbsent: ifAbsent, gap: gap, agent: agent)
    }
}

extension LeaseResult {
    /// What was leased; nil if nothing was.
    var segment: Segment? {
        if case .leased(let lease) = self { lease.segment } else { nil }
    }

    /// The range as `start..<end`, or what came instead of it.
    var summary: String {
        switch self {
        case .leased(let lease): "\(lease.segment.start)..<\(lease.segment.end)"
        case .noSuchTag: "noSuchTag"
        case .overflow(let maxID): "overflow at \(maxID)"
        case .abandoned: "abandoned"
        }
    }
}

/// Runs `body` and hands back the error that it must throw.
@discardableResult
func storeError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> StoreError {
    let error = try #require(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
    return error
}
