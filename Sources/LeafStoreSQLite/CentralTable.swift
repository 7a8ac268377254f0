import CLeafPlatform
import GRDB
import LeafStore

/// The central table: its name, and the shape in which it was found.
///
/// It may be older than leafd (Leaf's own), and then lack the columns that Leaf never reads.
struct CentralTable {
    /// A name that needs no quoting beyond the quotes around it.
    struct Name: Hashable, Sendable {
        let text: String

        /// Takes letters, digits and underscores, at most 63, and not a name that leafd or SQLite needs itself.
        init(_ text: String) throws(StoreError) {
            let isIdentifier = text.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_": true
                default: false
                }
            }
            let lowercased = text.lowercased()
            guard isIdentifier, (1...63).contains(text.utf8.count), text.first?.isNumber == false else {
                throw StoreError(
                    .misconfigured,
                    "store.table \"\(text)\": give 1 to 63 letters, digits and underscores, "
                        + "the first of them no digit, without a schema")
            }
            guard !lowercased.hasPrefix("leafd_"), !lowercased.hasPrefix("sqlite_") else {
                throw StoreError(
                    .misconfigured, "store.table \"\(text)\": names from leafd_ and sqlite_ on are reserved")
            }
            self.text = text
        }

        var quoted: String { "\"\(text)\"" }
    }

    let name: Name
    let hasDescription: Bool
    let hasUpdateTime: Bool

    /// Looks the table up and checks what leasing depends on; nil if there is none.
    static func find(_ name: Name, in db: Database, path: String) throws -> CentralTable? {
        let kind = try String.fetchOne(
            db, sql: "SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
            arguments: [name.text])
        guard let kind else { return nil }
        let rows = try Row.fetchAll(
            db, sql: "SELECT lower(name) AS name, upper(type) AS type FROM pragma_table_info(?)", arguments: [name.text]
        )
        let types: [String: String] = Dictionary(rows.map { ($0["name"], $0["type"]) }, uniquingKeysWith: { a, _ in a })
        func refuse(_ problem: String) -> StoreError {
            StoreError(.misconfigured, "central store \(path): \(name.text) \(problem)")
        }
        guard kind == "table" else { throw refuse("is a view: name the table itself") }
        for column in ["biz_tag", "max_id", "step"] where types[column] == nil {
            throw refuse("has no column \(column): add it, or name the right table in store.table")
        }
        // Else two tags would be one to SQLite and two to leafd: the tombstone of one would not be found for the other.
        let collation = leaf_sqlite_collation(db.sqliteConnection, name.text, "biz_tag").map { String(cString: $0) }
        guard collation == nil || collation?.uppercased() == "BINARY" else {
            throw refuse(
                "compares biz_tag by COLLATE \(collation ?? ""): declare it without, so that tags differ by bytes")
        }
        // SQLite's rule for integer affinity: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
        // In any other column an ID above 2^53 may be rounded, or compared as text.
        guard let type = types["max_id"], type.contains("INT") else {
            throw refuse(
                "has max_id declared as \"\(types["max_id"] ?? "")\": declare it BIGINT, so that it holds 64-bit integers"
            )
        }
        return CentralTable(
            name: name, hasDescription: types["description"] != nil, hasUpdateTime: types["update_time"] != nil)
    }

    static func exists(_ table: String, in db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type = 'table')",
            arguments: [table]) ?? false
    }
}
