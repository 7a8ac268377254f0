import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite(.enabled(if: PostgreSQLServer.isAvailable, "\(PostgreSQLServer.obstacle ?? "")"))
struct SchemaTests {
    private let fixture: PostgreSQLFixture

    init() throws { fixture = try PostgreSQLFixture() }

    @Test func `the schema is what leafd can use, and making it again changes nothing`() throws {
        let connection = try fixture.connect()
        let table = try TableName("leaf_alloc")
        for text in fixture.dialect.schema(table) { _ = try connection.run(SQLStatement(text)) }
        try connection.run("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('orders', 100)")
        for text in fixture.dialect.schema(table) { _ = try connection.run(SQLStatement(text)) }
        #expect(try fixture.dialect.inspect(table, connection) == TableShape(hasDescription: true, hasUpdateTime: true))
        #expect(try fixture.dialect.hasOwnTable("leafd_state", connection))
        #expect(try fixture.dialect.hasOwnTable("leafd_agent", connection))
        #expect(try connection.value("SELECT max_id FROM leaf_alloc") == .integer(1))
    }

    @Test func `many daemons that make the schema at once all succeed`() throws {
        let connections = try (0..<8).map { _ in TestLock(Handed(try fixture.connect())) }
        let dialect = fixture.dialect
        for round in 0..<20 {
            let table = try TableName("leaf\(round)")
            let errors = TestLock<[String]>([])
            let crew = Crew(connections.count) { number in
                connections[number].with { handed in
                    do {
                        for text in dialect.schema(table) { _ = try handed.connection.run(SQLStatement(text)) }
                    } catch {
                        errors.with { $0.append("\(error)") }
                    }
                }
            }
            crew.join()
            #expect(errors.with { $0 } == [])
            #expect(try fixture.sql("SELECT count(*) FROM leaf\(round), leafd_state, leafd_agent") == "0")
            try fixture.sql("DROP TABLE leafd_state, leafd_agent")
        }
    }

    @Test func `without the right to create, the session stays and the error says so`() throws {
        try fixture.sql(
            "ALTER DATABASE \(fixture.database) OWNER TO postgres; REVOKE ALL ON SCHEMA public FROM PUBLIC, leafd")
        try fixture.sql("GRANT USAGE ON SCHEMA public TO leafd")
        let connection = try fixture.connect()
        let text = try #require(try fixture.dialect.schema(TableName("leaf_alloc")).first)
        let error = try storeError { _ = try connection.run(SQLStatement(text)) }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains("\"leafd\"") && error.message.contains("42501"))
        #expect(!error.isSessionLost && !connection.isClosed)
        #expect(try connection.value("SELECT 1") == .integer(1))
    }
}
