import LeafStore
import LeafStoreSQL

/// A table as PostgreSQL's catalogue has it, and whether leafd can lease from it.
struct TableInspection {
    private struct Column {
        /// Of the type below a domain.
        let type: String
        let isDeterministic: Bool
        let isGenerated: Bool
        let isReadable: Bool
        let isWritable: Bool
    }

    private let name: String
    private let connection: PostgreSQLConnection
    private var columns: [String: Column] = [:]
    /// pg_class.relkind: r a table, p a partitioned one.
    private let kind: String
    /// pg_class.relpersistence of it and of its partitions: p permanent, u unlogged, t temporary.
    private let persistence: String
    private let parts: String
    private let hasRules: Bool
    private let hidesRows: Bool
    private let hasUniqueTag: Bool
    private let hasChildren: Bool
    private let missingPrivileges: [String]

    /// Nil: no such table on the search path.
    static func find(_ name: String, _ connection: PostgreSQLConnection) throws(StoreError) -> TableInspection? {
        let values: [String: SQLValue] = ["name": .text(PostgreSQLDialect.quoted(name))]
        let replies = try connection.runTogether([
            SQLStatement(tableQuestion, values), SQLStatement(columnQuestion, values),
        ])
        guard let row = replies[0].rows.first else { return nil }
        return TableInspection(name, connection, row, replies[1].rows)
    }

    private init(_ name: String, _ connection: PostgreSQLConnection, _ row: [SQLValue], _ rows: [[SQLValue]]) {
        self.name = name
        self.connection = connection
        kind = row[0].text ?? ""
        persistence = row[1].text ?? ""
        parts = row[2].text ?? ""
        hasRules = row[3] != .integer(0)
        hidesRows = row[4] != .integer(0)
        hasUniqueTag = row[5] == .integer(1)
        hasChildren = row[6] != .integer(0)
        missingPrivileges = (row[7].text ?? "").split(separator: " ").map(String.init)
        for row in rows {
            guard let name = row[0].text else { continue }
            columns[name] = Column(
                type: row[1].text ?? "", isDeterministic: row[2] == .integer(1), isGenerated: row[3] != .integer(0),
                isReadable: row[4] == .integer(1), isWritable: row[5] == .integer(1))
        }
    }

    // MARK: The central table

    func shape() throws(StoreError) -> TableShape {
        try checkKind()
        try check("biz_tag", isWritten: false)
        try checkTag()
        try check("max_id", isWritten: true)
        guard columns["max_id"]?.type == "int8" else {
            throw refuse(
                "has max_id of the type \(columns["max_id"]?.type ?? ""); make it BIGINT: ALTER TABLE "
                    + "\(quoted) ALTER COLUMN max_id TYPE bigint")
        }
        try check("step", isWritten: false)
        guard Self.isInteger(columns["step"]?.type ?? "") else {
            throw refuse("has step of the type \(columns["step"]?.type ?? ""); make it INT or BIGINT")
        }
        var warnings: [String] = []
        if !hasUniqueTag {
            warnings.append(
                "table \"\(name)\" has no unique index on biz_tag alone: two rows of one tag would stop its leases, and each "
                    + "lease reads the whole table; CREATE UNIQUE INDEX ON \(quoted) (biz_tag)")
        }
        if kind == "r", hasChildren {
            warnings.append(
                "table \"\(name)\" has tables that inherit from it, whose rows no index of its own tells from its rows; see "
                    + "that no tag is in two of them")
        }
        return TableShape(
            hasDescription: columns["description"].map { Self.isText($0.type) && $0.isReadable } ?? false,
            hasUpdateTime: columns["update_time"].map {
                ["timestamp", "timestamptz"].contains($0.type) && $0.isWritable && !$0.isGenerated
            } ?? false,
            hasAutoClean: columns["auto_clean"].map { Self.isInteger($0.type) || $0.type == "bool" } ?? false,
            warnings: warnings)
    }

    private func check(_ column: String, isWritten: Bool) throws(StoreError) {
        guard let found = columns[column] else {
            throw refuse("has no column \(column); add it, or name the right table in store.table")
        }
        guard !found.isGenerated else {
            throw refuse("has \(column) as a generated or identity column; make it a plain one")
        }
        guard found.isReadable else { throw refuse("may not be read; \(grant("SELECT"))") }
        guard !isWritten || found.isWritable else { throw refuse("may not be written; \(grant("UPDATE"))") }
    }

    private func checkTag() throws(StoreError) {
        let column = columns["biz_tag"]
        if column?.type == "bpchar" {
            throw refuse(
                "has biz_tag of the type CHAR, to which a tag with spaces at its end is the same as one without; make it "
                    + "VARCHAR(128)")
        }
        guard Self.isText(column?.type ?? "") else {
            throw refuse("has biz_tag of the type \(column?.type ?? ""); make it VARCHAR(128)")
        }
        guard column?.isDeterministic == true else {
            throw refuse(
                "compares biz_tag by a nondeterministic collation, to which different tags may be the same; ALTER TABLE "
                    + "\(quoted) ALTER COLUMN biz_tag TYPE varchar(128) COLLATE \"C\"")
        }
    }

    private static func isInteger(_ type: String) -> Bool { ["int2", "int4", "int8"].contains(type) }
    private static func isText(_ type: String) -> Bool { type == "varchar" || type == "text" }

    // MARK: Leafd's own

    /// Whether it is there and may be read. Without that it is as if it were not there.
    func isOwnTable() throws(StoreError) -> Bool {
        guard !missingPrivileges.contains("SELECT") else { return false }
        try checkKind()
        // Tombstones and maxima are taken away again; rows of the other tables never are.
        let missing = missingPrivileges.filter { $0 != "DELETE" || name == "leafd_state" }
        guard missing.isEmpty else {
            throw refuse("may be read and not written; \(grant(missing.joined(separator: ", ")))")
        }
        return true
    }

    private func checkKind() throws(StoreError) {
        let other = ["v": "a view", "m": "a materialized view", "f": "a foreign table"][kind] ?? "no table"
        guard kind == "r" || kind == "p" else { throw refuse("is \(other); name the table itself, of this database") }
        guard persistence != "t" else { throw refuse("is a temporary table, of this session alone; drop it") }
        guard persistence == "p" else {
            throw refuse("is UNLOGGED, which a crash of the server empties; ALTER TABLE \(quoted) SET LOGGED")
        }
        guard parts.isEmpty else {
            throw refuse("has partitions that are UNLOGGED or foreign tables (\(parts)); make them plain tables")
        }
        guard !hasRules else {
            throw refuse("has rules, which may turn a lease into something else; drop them (pg_rules lists them)")
        }
        guard !hidesRows else {
            throw refuse(
                "hides rows from the user \"\(connection.peer.user)\" by row-level security; ALTER TABLE \(quoted) DISABLE "
                    + "ROW LEVEL SECURITY, or give the user BYPASSRLS")
        }
    }

    private var quoted: String { PostgreSQLDialect.quoted(name) }

    private func grant(_ privileges: String) -> String {
        "GRANT \(privileges) ON \(quoted) TO \"\(connection.peer.user)\""
    }

    private func refuse(_ problem: String) -> StoreError {
        connection.refusal(.misconfigured, "table \"\(name)\" \(problem)")
    }

    // MARK: The questions

    private static let tableQuestion = SQLText(
        """
        SELECT c.relkind::text, c.relpersistence::text,
            (WITH RECURSIVE part AS (
                SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid
                UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN part ON i.inhparent = part.inhrelid)
             SELECT string_agg(p.relname, ', ') FROM part JOIN pg_class AS p ON p.oid = part.inhrelid
              WHERE p.relkind NOT IN ('r', 'p') OR p.relpersistence <> 'p'),
            c.relhasrules, row_security_active(c.oid),
            EXISTS (SELECT 1 FROM pg_index AS x JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
                     WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indnkeyatts = 1
                       AND x.indpred IS NULL AND x.indexprs IS NULL AND a.attname = 'biz_tag'),
            EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = c.oid),
            (SELECT string_agg(privilege, ' ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
              WHERE NOT has_table_privilege(c.oid, privilege))
          FROM pg_class AS c WHERE c.oid = to_regclass(:name)
        """, returnsRows: true)

    private static let columnQuestion = SQLText(
        """
        SELECT a.attname::text, t.typname::text, coalesce(l.collisdeterministic, true),
            a.attgenerated <> '' OR a.attidentity <> '',
            has_column_privilege(a.attrelid, a.attnum, 'SELECT'), has_column_privilege(a.attrelid, a.attnum, 'UPDATE')
          FROM pg_attribute AS a JOIN pg_type AS d ON d.oid = a.atttypid
          JOIN pg_type AS t ON t.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
          LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
         WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped
        """, returnsRows: true)
}
