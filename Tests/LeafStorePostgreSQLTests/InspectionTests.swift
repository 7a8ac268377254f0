import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct InspectionTests {
    private let fixture: PostgreSQLFixture

    init() throws { fixture = try PostgreSQLFixture() }

    private func inspect(_ table: String = "leaf_alloc") throws -> TableShape? {
        try fixture.dialect.inspect(try TableName(table), try fixture.connect())
    }

    @Test func `Leaf's table is found with its optional columns`() throws {
        try fixture.makeTable()
        #expect(try inspect() == TableShape(hasDescription: true, hasUpdateTime: true))
    }

    @Test func `a table that is not there is none`() throws {
        #expect(try inspect() == nil)
        #expect(try !fixture.dialect.hasOwnTable("leafd_state", fixture.connect()))
    }

    @Test func `a table in capital letters is another one`() throws {
        try fixture.sql("SET ROLE leafd; CREATE TABLE \"Leaf_Alloc\" (biz_tag text UNIQUE, max_id int8, step int8)")
        #expect(try inspect() == nil)
        #expect(try inspect("Leaf_Alloc") == TableShape(hasDescription: false, hasUpdateTime: false))
    }

    @Test(arguments: [
        ("update_time bigint", TableShape(hasDescription: false, hasUpdateTime: false)),
        ("update_time timestamptz", TableShape(hasDescription: false, hasUpdateTime: true)),
        ("description text", TableShape(hasDescription: true, hasUpdateTime: false)),
        ("description int", TableShape(hasDescription: false, hasUpdateTime: false)),
        ("auto_clean smallint", TableShape(hasDescription: false, hasUpdateTime: false, hasAutoClean: true)),
        ("auto_clean boolean", TableShape(hasDescription: false, hasUpdateTime: false, hasAutoClean: true)),
    ])
    func `an optional column counts if its type fits`(column: String, shape: TableShape) throws {
        try fixture.sql(
            "SET ROLE leafd; CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int, \(column))")
        #expect(try inspect() == shape)
    }

    /// How a table is made, and words of its refusal.
    private static let refused: [(sql: String, words: String)] = [
        ("CREATE VIEW leaf_alloc AS SELECT 'a'::text biz_tag, 1::int8 max_id, 1 step", "is a view"),
        (
            "CREATE MATERIALIZED VIEW leaf_alloc AS SELECT 'a'::text biz_tag, 1::int8 max_id, 1 step",
            "materialized view"
        ),
        ("CREATE UNLOGGED TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int)", "UNLOGGED"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id numeric, step int)", "max_id of the type numeric"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int4, step int)", "max_id of the type int4"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id float8, step int)", "max_id of the type float8"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step numeric)", "step of the type numeric"),
        ("CREATE TABLE leaf_alloc (biz_tag char(128) PRIMARY KEY, max_id int8, step int)", "type CHAR"),
        ("CREATE TABLE leaf_alloc (biz_tag bytea PRIMARY KEY, max_id int8, step int)", "biz_tag of the type bytea"),
        ("CREATE TABLE leaf_alloc (tag text PRIMARY KEY, max_id int8, step int)", "no column biz_tag"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, step int)", "no column max_id"),
        ("CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8)", "no column step"),
        (
            "CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8 GENERATED ALWAYS AS IDENTITY, step int)",
            "max_id as a generated"
        ),
        (
            "CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, step int, max_id int8 GENERATED ALWAYS AS (step) STORED)",
            "max_id as a generated"
        ),
        (
            """
            CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int);
            CREATE RULE quiet AS ON UPDATE TO leaf_alloc DO INSTEAD NOTHING
            """, "has rules"
        ),
        (
            """
            CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int);
            ALTER TABLE leaf_alloc ENABLE ROW LEVEL SECURITY; ALTER TABLE leaf_alloc FORCE ROW LEVEL SECURITY
            """, "row-level security"
        ),
        (
            """
            CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int) PARTITION BY LIST (biz_tag);
            CREATE UNLOGGED TABLE part PARTITION OF leaf_alloc DEFAULT
            """, "partitions that are UNLOGGED or foreign tables (part)"
        ),
    ]

    @Test(arguments: refused)
    func `a table that cannot be leased from is refused by name`(sql: String, words: String) throws {
        try fixture.sql("SET ROLE leafd; \(sql)")
        let connection = try fixture.connect()
        let error = try storeError { _ = try fixture.dialect.inspect(try TableName("leaf_alloc"), connection) }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains(words), "\(error)")
        #expect(error.message.contains("127.0.0.1:\(fixture.server.port)"))
        #expect(error.isSessionLost && connection.isClosed)
    }

    @Test func `a collation that takes one tag for another is refused`() throws {
        guard try fixture.sql("SELECT count(*) > 0 FROM pg_collation WHERE collprovider = 'i'") == "t" else { return }
        try fixture.sql(
            """
            SET ROLE leafd; CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE leaf_alloc (biz_tag text COLLATE loose PRIMARY KEY, max_id int8, step int)
            """)
        #expect(try storeError { _ = try inspect() }.message.contains("nondeterministic"))
    }

    @Test func `a partitioned table with a domain for max_id can be leased from`() throws {
        try fixture.sql(
            """
            SET ROLE leafd; CREATE DOMAIN counter AS int8;
            CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id counter, step int) PARTITION BY LIST (biz_tag);
            CREATE TABLE part PARTITION OF leaf_alloc DEFAULT; INSERT INTO leaf_alloc VALUES ('orders', 1, 1)
            """)
        #expect(try inspect()?.warnings == [])
        #expect(try fixture.connect().run(PostgreSQLFixture.lease()).rows == [[.integer(101)]])
    }

    @Test(arguments: [
        "", "CREATE INDEX ON leaf_alloc (biz_tag)", "CREATE UNIQUE INDEX ON leaf_alloc (biz_tag, step)",
        "CREATE UNIQUE INDEX ON leaf_alloc (lower(biz_tag))",
        "CREATE UNIQUE INDEX ON leaf_alloc (biz_tag) WHERE step > 1",
    ])
    func `a table without a unique index on biz_tag gets a warning`(index: String) throws {
        try fixture.sql("SET ROLE leafd; CREATE TABLE leaf_alloc (biz_tag text, max_id int8, step int); \(index)")
        let warnings = try #require(try inspect()).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("CREATE UNIQUE INDEX ON \"leaf_alloc\" (biz_tag)") == true)
    }

    @Test func `missing privileges are named with the GRANT`() throws {
        let table = "CREATE TABLE leaf_alloc (biz_tag text PRIMARY KEY, max_id int8, step int, update_time timestamp)"
        try fixture.sql(table)
        #expect(try storeError { _ = try inspect() }.message.contains("GRANT SELECT ON \"leaf_alloc\" TO \"leafd\""))
        try fixture.sql("GRANT SELECT ON leaf_alloc TO leafd")
        #expect(try storeError { _ = try inspect() }.message.contains("GRANT UPDATE ON \"leaf_alloc\" TO \"leafd\""))
        try fixture.sql("GRANT UPDATE (max_id) ON leaf_alloc TO leafd")
        #expect(try inspect() == TableShape(hasDescription: false, hasUpdateTime: false))
        try fixture.sql("GRANT UPDATE ON leaf_alloc TO leafd")
        #expect(try inspect() == TableShape(hasDescription: false, hasUpdateTime: true))
    }

    // MARK: Leafd's own

    @Test func `a table of leafd's own needs all privileges or none`() throws {
        let connection = try fixture.connect()
        try fixture.sql("CREATE TABLE leafd_state (name text PRIMARY KEY, value text)")
        #expect(try !fixture.dialect.hasOwnTable("leafd_state", connection))
        try fixture.sql("GRANT SELECT, INSERT ON leafd_state TO leafd")
        let error = try storeError { _ = try fixture.dialect.hasOwnTable("leafd_state", connection) }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains("GRANT UPDATE, DELETE ON \"leafd_state\" TO \"leafd\""), "\(error)")
        try fixture.sql("GRANT ALL ON leafd_state TO leafd")
        #expect(try fixture.dialect.hasOwnTable("leafd_state", fixture.connect()))
    }

    @Test func `a table of leafd's own that a crash empties is refused`() throws {
        try fixture.sql("SET ROLE leafd; CREATE UNLOGGED TABLE leafd_agent (agent_id text)")
        let error = try storeError { _ = try fixture.dialect.hasOwnTable("leafd_agent", fixture.connect()) }
        #expect(error.message.contains("SET LOGGED"))
    }
}
