internal import LeafStore
internal import LeafStoreSQL

/// Looks at one table of the current database through information_schema, and tries what will be done with it.
struct TableInspection {
    let name: String
    let connection: MySQLConnection
    private var place: MySQLPlace { connection.link.place }

    init(_ name: String, _ connection: MySQLConnection) {
        self.name = name
        self.connection = connection
    }

    private var quoted: String { "`\(name)`" }

    /// What leasing needs of the central table; nil if there is none.
    func centralTable() throws(StoreError) -> TableShape? {
        guard let facts = try facts() else {
            // information_schema hides what the user has no privilege on: then this says so.
            guard try probe("SELECT 1 FROM \(quoted) LIMIT 0", absent: 1146) else { return nil }
            throw refusal("is not in information_schema (a temporary table?): name the table itself in store.table")
        }
        try requireTransactions(facts)
        let columns = facts.columns
        for column in ["biz_tag", "max_id", "step"] {
            guard let found = columns[column] else {
                throw refusal("has no column \(column): add it, or name the right table in store.table")
            }
            guard !found.isGenerated else {
                throw refusal("has \(column) as a generated column: make it an ordinary one")
            }
        }
        guard columns["biz_tag"]?.isText == true else {
            throw refusal(
                "has biz_tag declared as \(columns["biz_tag"]?.type ?? ""): declare it VARCHAR(128), so that it holds text"
            )
        }
        guard columns["max_id"]?.type == "bigint" else {
            throw refusal(
                "has max_id declared as \(columns["max_id"]?.type ?? ""): declare it BIGINT, so that it holds 64-bit integers"
            )
        }
        guard columns["step"]?.isInteger == true else {
            throw refusal("has step declared as \(columns["step"]?.type ?? ""): declare it INT")
        }
        let shape = TableShape(
            hasDescription: columns["description"].map { $0.isText && !$0.isGenerated } ?? false,
            hasUpdateTime: columns["update_time"].map { $0.isTime && !$0.isGenerated } ?? false,
            hasAutoClean: columns["auto_clean"]?.isInteger ?? false,
            warnings: indexWarnings(facts) + neighbourWarnings(columns))
        let read =
            ["biz_tag", "max_id", "step"] + (shape.hasDescription ? ["description"] : [])
            + (shape.hasAutoClean ? ["auto_clean"] : [])
        let written = ["max_id"] + (shape.hasUpdateTime ? ["update_time"] : [])
        try tryOut([
            "SELECT \(read.joined(separator: ", ")) FROM \(quoted) LIMIT 0",
            "UPDATE \(quoted) SET \(written.map { "\($0) = \($0)" }.joined(separator: ", ")) WHERE FALSE",
        ])
        return shape
    }

    /// Whether this is a table of leafd's own that can be used.
    func isOwnTable() throws(StoreError) -> Bool {
        guard let facts = try facts(), try probe("SELECT 1 FROM \(quoted) LIMIT 0", absent: 1142, 1143, 1146) else {
            return false
        }
        try requireTransactions(facts)
        guard let column = facts.firstColumn else { return false }
        var writes = [
            "INSERT INTO \(quoted) SELECT * FROM \(quoted) WHERE FALSE",
            "UPDATE \(quoted) SET `\(column)` = `\(column)` WHERE FALSE",
        ]
        // Tombstones and maxima are taken away again.
        if name == "leafd_state" { writes.append("DELETE FROM \(quoted) WHERE FALSE") }
        try tryOut(writes)
        return true
    }

    private func refusal(_ problem: String) -> StoreError { place.error(.misconfigured, "\(name) \(problem)") }

    private func requireTransactions(_ facts: Facts) throws(StoreError) {
        guard ["BASE TABLE", "SYSTEM VERSIONED"].contains(facts.kind) else {
            throw refusal("is a \(facts.kind.lowercased()): name the table itself in store.table")
        }
        guard facts.isTransactional else {
            throw refusal(
                "is in the engine \(facts.engine), which has no transactions: ALTER TABLE \(quoted) ENGINE=InnoDB")
        }
    }

    private func indexWarnings(_ facts: Facts) -> [String] {
        if facts.hasUniqueTag { return [] }
        let harm = facts.hasTagIndex ? "" : "each lease locks the whole table, and "
        return [
            "\(name) has no unique index on biz_tag: \(harm)a tag may have two rows; ALTER TABLE \(quoted) ADD PRIMARY KEY (biz_tag)"
        ]
    }

    /// gid (hwholiday/gid, api/mysql.sql) takes the range above the counter that it has raised, all others the one below.
    private func neighbourWarnings(_ columns: [String: Facts.Column]) -> [String] {
        guard columns["remark"] != nil, columns["update_time"]?.isInteger == true else { return [] }
        return [
            "\(name) looks like a table of gid, which gives out what leafd leases: do not let both use it at the same time"
        ]
    }

    // MARK: Asking

    private func tryOut(_ texts: [String]) throws(StoreError) {
        _ = try connection.runOnce(texts, "trying what leafd does with \(name)")
    }

    /// Whether a statement works; false after one of the errors named.
    private func probe(_ text: String, absent: Int...) throws(StoreError) -> Bool {
        try connection.runUnless(absent, [text], "looking for the table \(name)") != nil
    }

    private func facts() throws(StoreError) -> Facts? {
        // The name is letters, digits and underscores.
        let table = "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '\(name)'"
        let replies = try connection.runOnce(
            [
                "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, (SELECT e.TRANSACTIONS FROM information_schema.ENGINES e WHERE e.ENGINE = t.ENGINE) "
                    + "FROM information_schema.TABLES t \(table)",
                "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, EXTRA FROM information_schema.COLUMNS \(table) ORDER BY ORDINAL_POSITION",
                "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME FROM information_schema.STATISTICS \(table)",
            ], "looking for the table \(name)")
        return Facts(name, replies.map(\.rows))
    }

    /// What information_schema says.
    struct Facts {
        struct Column {
            let type: String
            let isGenerated: Bool

            var isInteger: Bool { ["tinyint", "smallint", "mediumint", "int", "bigint"].contains(type) }
            var isText: Bool { ["varchar", "char", "tinytext", "text", "mediumtext", "longtext"].contains(type) }
            var isTime: Bool { ["timestamp", "datetime"].contains(type) }
        }

        let kind: String
        let engine: String
        let isTransactional: Bool
        /// By names in lower case.
        let columns: [String: Column]
        let firstColumn: String?
        let hasUniqueTag: Bool
        let hasTagIndex: Bool

        /// - Parameter replies: of tables, columns and indexes.
        init?(_ name: String, _ replies: [[[SQLValue]]]) {
            // Where names of tables differ by case, the collation of information_schema may find both: the exact one counts.
            let hasExact = replies[0].contains { $0[0].text == name }
            func rows(_ index: Int) -> [[String]] {
                replies[index].filter { !hasExact || $0[0].text == name }.map { row in
                    row.map { $0.text ?? $0.integer.map { String($0) } ?? "" }
                }
            }
            guard let table = rows(0).first else { return nil }
            (kind, engine, isTransactional) = (table[1], table[2], table[3] == "YES")
            let found = rows(1)
            columns = Dictionary(
                found.map { row in
                    let extra = row[3].uppercased()
                    // DEFAULT_GENERATED is a default, and ordinary.
                    let isGenerated = ["VIRTUAL", "STORED", "PERSISTENT"].contains { extra.contains($0) }
                    return (row[1].lowercased(), Column(type: row[2].lowercased(), isGenerated: isGenerated))
                }, uniquingKeysWith: { first, _ in first })
            firstColumn = found.first?[1]
            let indexes = Dictionary(grouping: rows(2), by: { $0[1] })
            hasUniqueTag = indexes.values.contains {
                $0.count == 1 && $0[0][2] == "0" && $0[0][4].lowercased() == "biz_tag"
            }
            hasTagIndex = indexes.values.contains { index in
                index.contains { $0[3] == "1" && $0[4].lowercased() == "biz_tag" }
            }
        }
    }
}
