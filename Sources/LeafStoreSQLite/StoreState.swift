import GRDB
import LeafCore
import LeafStore

/// The table `leafd_state`: what the store must remember besides the counters.
///
/// Values are text. `store_id` is the database's; the rest belongs to one central table of it, since two tables in one
/// database have tags of the same name, and a lift of one does not raise the other: `server/<table>` the server that the
/// counters were last known good on, `lift/<table>` how often they have been lifted, `tombstone/<table>/<tag>` the counter
/// of a dropped tag, `max/<table>/<tag>` the last ID a tag may issue. `WorkerStanding.Name` has those of the worker ids, which
/// are the database's too.
struct StoreState {
    static let table = "leafd_state"

    /// The names of what `leafd_state` holds for one central table.
    struct Names: Hashable, Sendable {
        let server: String
        let lift: String
        let limitPrefix: String
        let tombstonePrefix: String

        init(_ table: CentralTable.Name) {
            // SQLite takes LEAF_ALLOC for leaf_alloc: one table, one tombstone.
            let table = table.text.lowercased()
            server = "server/\(table)"
            lift = "lift/\(table)"
            limitPrefix = "max/\(table)/"
            tombstonePrefix = "tombstone/\(table)/"
        }

        func limit(_ tag: Tag) -> String { limitPrefix + tag.name }
        func tombstone(_ tag: Tag) -> String { tombstonePrefix + tag.name }
    }

    let db: Database
    let path: String
    let names: Names

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
    ///
    /// - Parameter server: written down with it, so that the one is never lost without the other.
    func makeStoreID(server: String) throws -> StoreID? {
        try db.execute(
            sql: "INSERT OR IGNORE INTO leafd_state (name, value) VALUES ('store_id', ?)",
            arguments: [StoreID.random().text])
        if db.changesCount > 0 { try recordServer(server) }
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

    /// Which server the counters were last known good on.
    func server() throws -> String? { try text(names.server) }

    /// Writes the server down, unless one is.
    func recordServer(_ server: String) throws {
        try db.execute(
            sql: "INSERT OR IGNORE INTO leafd_state (name, value) VALUES (?, ?)", arguments: [names.server, server])
    }

    /// Writes the server down in place of another.
    func replaceServer(_ server: String) throws { try set(names.server, to: server) }

    /// How often the counters have been lifted.
    func lift() throws -> Int64 {
        do {
            return try integer(names.lift) ?? 0
        } catch let error as StoreError {
            // Concerns the store, not one request.
            throw StoreError(.corrupt, error.message, isSessionLost: true)
        }
    }

    /// Counts one lift more.
    ///
    /// - Parameter expected: how many there must have been; nil: any number.
    /// - Returns: false if there have been others since.
    func countLift(expected: Int64?, atLeast: Int64) throws -> Bool {
        let lift = try lift()
        guard expected == nil || expected == lift else { return false }
        try set(names.lift, to: String(max(lift, atLeast) + 1))
        return true
    }

    /// The counter under which a dropped tag must never start again.
    func tombstone(_ tag: Tag) throws -> Int64? {
        try integer(names.tombstone(tag))
    }

    /// Buries a tag. An earlier tombstone that is higher stays.
    func bury(_ tag: Tag, counter: Int64) throws {
        try set(names.tombstone(tag), to: String(max(counter, tombstone(tag) ?? counter)))
    }

    /// Takes a tag's tombstone away.
    func exhume(_ tag: Tag) throws { try remove(names.tombstone(tag)) }

    /// Raises each tombstone of the table. One that cannot be read is left as it is, and goes on stopping its tag.
    func raiseTombstones(_ raised: (Tag, Int64) -> Int64) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT name, value FROM leafd_state WHERE substr(name, 1, length(?1)) = ?1",
            arguments: [names.tombstonePrefix])
        for row in rows {
            let name: String = row["name"]
            guard let tag = try? Tag(utf8: name.utf8.dropFirst(names.tombstonePrefix.utf8.count)),
                let counter = try? Self.integer(row["value"], name: name, path: path)
            else { continue }
            try set(name, to: String(raised(tag, counter)))
        }
    }

    /// Sets the last ID a tag may ever issue; nil takes the limit away.
    func setLimit(_ tag: Tag, _ limit: Int64?) throws {
        if let limit { return try set(names.limit(tag), to: String(limit)) }
        try remove(names.limit(tag))
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

    func text(_ name: String) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT value FROM leafd_state WHERE name = ?")
        return try String.fetchOne(statement, arguments: [name])
    }

    func set(_ name: String, to value: String) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO leafd_state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")
        try statement.execute(arguments: [name, value])
    }

    func remove(_ name: String) throws {
        try db.execute(sql: "DELETE FROM leafd_state WHERE name = ?", arguments: [name])
    }
}
