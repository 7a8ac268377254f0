import GRDB
import LeafCore
import LeafStore

/// The table `leafd_state`: what the store must remember besides the counters.
///
/// Values are text: `store_id`, `tombstone/<tag>` the counter of a dropped tag, `max/<tag>` the last ID a tag may issue.
struct StoreState {
    static let table = "leafd_state"

    let db: Database
    let path: String

    static func limitName(_ tag: Tag) -> String { "max/\(tag.name)" }
    static func tombstoneName(_ tag: Tag) -> String { "tombstone/\(tag.name)" }

    /// The identity of this store; nil if none was given yet.
    func storeID() throws -> StoreID? {
        guard let text = try text("store_id") else { return nil }
        guard let id = StoreID(text) else {
            throw StoreError(
                .corrupt,
                "central store \(path): store_id in leafd_state is not 32 hexadecimal digits; restore the row",
                isSessionLost: true)
        }
        return id
    }

    /// Gives the store an identity, unless another daemon was first, and reads back whichever holds.
    func makeStoreID() throws -> StoreID? {
        try db.execute(
            sql: "INSERT OR IGNORE INTO leafd_state (name, value) VALUES ('store_id', ?)",
            arguments: [StoreID.random().text])
        return try storeID()
    }

    /// Throws unless this still is the store that the session was opened on.
    func verify(_ known: StoreID) throws {
        let found = try storeID()
        guard found != known else { return }
        throw StoreError(
            found == nil ? .missing : .foreignStore,
            "central store \(path): store_id is \(found?.text ?? "gone"), not \(known): the database was made anew or "
                + "exchanged; restore the right one", isSessionLost: true)
    }

    /// The counter under which a dropped tag must never start again.
    func tombstone(_ tag: Tag) throws -> Int64? {
        try integer(Self.tombstoneName(tag))
    }

    /// Buries a tag. An earlier tombstone that is higher stays.
    func bury(_ tag: Tag, counter: Int64) throws {
        try set(Self.tombstoneName(tag), to: max(counter, tombstone(tag) ?? counter))
    }

    /// Sets the last ID a tag may ever issue; nil takes the limit away.
    func setLimit(_ tag: Tag, _ limit: Int64?) throws {
        if let limit { return try set(Self.limitName(tag), to: limit) }
        try db.execute(sql: "DELETE FROM leafd_state WHERE name = ?", arguments: [Self.limitName(tag)])
    }

    /// Takes a value of `leafd_state` as the integer that it must be. A limit or tombstone that cannot be read must stop
    /// what depends on it, not count as absent.
    static func integer(_ value: DatabaseValue, name: String, path: String) throws -> Int64? {
        switch value.storage {
        case .null: return nil
        case .int64(let number): return number
        case .string(let text): if let number = Int64(text) { return number }
        case .double, .blob: break
        }
        throw StoreError(
            .conflict, "central store \(path): \(name) in leafd_state is no integer (\(value)); put it right")
    }

    private func integer(_ name: String) throws -> Int64? {
        let statement = try db.cachedStatement(sql: "SELECT value FROM leafd_state WHERE name = ?")
        guard let value = try DatabaseValue.fetchOne(statement, arguments: [name]) else { return nil }
        return try Self.integer(value, name: name, path: path)
    }

    private func text(_ name: String) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT value FROM leafd_state WHERE name = ?")
        return try String.fetchOne(statement, arguments: [name])
    }

    private func set(_ name: String, to value: Int64) throws {
        try db.execute(
            sql: "INSERT INTO leafd_state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            arguments: [name, String(value)])
    }
}
