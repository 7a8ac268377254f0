import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite("Looking at tables", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct InspectionTests {
    let fixture: MySQLFixture

    init() throws { fixture = try MySQLFixture(table: nil) }

    private func shape(_ table: String = "leaf_alloc", _ login: ServerLogin? = nil) throws -> TableShape? {
        try fixture.dialect.inspect(TableName(table), fixture.connect(login))
    }

    @Test func `leafd's own schema is fit, can be made twice, and leases`() throws {
        let connection = try fixture.connect()
        for _ in 1...2 {
            for text in fixture.dialect.schema(try TableName("leaf_alloc")) {
                _ = try connection.run(SQLStatement(text))
            }
        }
        #expect(try shape() == TableShape(hasDescription: true, hasUpdateTime: true))
        for name in ["leafd_state", "leafd_agent"] { #expect(try fixture.dialect.hasOwnTable(name, connection)) }
        #expect(try !fixture.dialect.hasOwnTable("leafd_worker", connection))
        try fixture.sql("INSERT INTO leaf_alloc (biz_tag, step) VALUES ('orders', 1), ('Orders', 2)")
        #expect(try connection.run(Texts.lease()).insertID == 101)
        #expect(try fixture.sql("SHOW CREATE TABLE leafd_state").contains("utf8mb4_bin"))
    }

    @Test(arguments: LeafTable.shared)
    func `the tables of Leaf and its relatives are fit as they are`(table: LeafTable) throws {
        let own = try MySQLFixture(table: nil)
        try own.sql(table.definition(for: own.server))
        let shape = try #require(try own.dialect.inspect(TableName(table.name), own.connect()))
        #expect(shape.warnings.isEmpty)
        #expect(shape.hasAutoClean == table.definition(for: own.server).contains("auto_clean"))
    }

    @Test func `a table that is not there is none`() throws {
        #expect(try shape() == nil)
    }

    static let unfit: [(sql: String, problem: String)] = [
        ("CREATE TABLE leaf_alloc (max_id BIGINT, step INT)", "has no column biz_tag"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), step INT)", "has no column max_id"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT)", "has no column step"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id INT, step INT)", "max_id declared as int"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id DECIMAL(20), step INT)", "max_id declared as decimal"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id DOUBLE, step INT)", "max_id declared as double"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT, step FLOAT)", "step declared as float"),
        ("CREATE TABLE leaf_alloc (biz_tag INT, max_id BIGINT, step INT)", "biz_tag declared as int"),
        ("CREATE TABLE leaf_alloc (biz_tag VARBINARY(9), max_id BIGINT, step INT)", "biz_tag declared as varbinary"),
        (
            "CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT AS (step + 1) VIRTUAL, step INT)",
            "max_id as a generated column"
        ),
        (
            "CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT AS (step + 1) STORED, step INT)",
            "max_id as a generated column"
        ),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT, step INT) ENGINE=MyISAM", "engine MyISAM"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT, step INT) ENGINE=Aria", "engine Aria"),
        ("CREATE TABLE leaf_alloc (biz_tag VARCHAR(9), max_id BIGINT, step INT) ENGINE=MEMORY", "engine MEMORY"),
        ("CREATE VIEW leaf_alloc AS SELECT 'orders' AS biz_tag, 1 AS max_id, 1 AS step", "is a view"),
    ]

    @Test(arguments: unfit.indices)
    func `an unfit table is refused by what is wrong with it`(index: Int) throws {
        try fixture.sql(Self.unfit[index].sql)
        let error = try storeError(.misconfigured) { _ = try shape() }
        #expect(
            error.message.contains(Self.unfit[index].problem) && error.message.contains("leaf_alloc"),
            "\(error.message)")
    }

    @Test func `columns count by their types, whatever their case`() throws {
        try fixture.sql(
            "CREATE TABLE leaf_alloc (BIZ_TAG CHAR(64) PRIMARY KEY, Max_ID BIGINT UNSIGNED, Step SMALLINT, DESCRIPTION INT, Update_Time BIGINT)"
        )
        #expect(try shape() == TableShape(hasDescription: false, hasUpdateTime: false))
        try fixture.sql("ALTER TABLE leaf_alloc MODIFY Update_Time DATETIME(6), MODIFY description TEXT")
        #expect(try shape() == TableShape(hasDescription: true, hasUpdateTime: true))
        try fixture.sql(
            "ALTER TABLE leaf_alloc DROP COLUMN Update_Time, ADD update_time DATETIME AS (DATE '2026-01-01' + INTERVAL Step DAY) VIRTUAL"
        )
        #expect(try shape()?.hasUpdateTime == false)
    }

    @Test func `a table without a unique index is warned about`() throws {
        try fixture.sql("CREATE TABLE leaf_alloc (id INT PRIMARY KEY, biz_tag VARCHAR(128), max_id BIGINT, step INT)")
        #expect(try shape()?.warnings.first?.contains("each lease locks the whole table") == true)
        try fixture.sql("CREATE INDEX i ON leaf_alloc (biz_tag, step)")
        let warning = try #require(try shape()?.warnings.first)
        #expect(warning.contains("no unique index") && !warning.contains("locks the whole"))
        try fixture.sql("CREATE UNIQUE INDEX u ON leaf_alloc (biz_tag, step)")
        #expect(try shape()?.warnings.count == 1)
        try fixture.sql("CREATE UNIQUE INDEX v ON leaf_alloc (biz_tag)")
        #expect(try shape()?.warnings == [])
    }

    @Test func `of two tables that differ by case the one of that name counts`() throws {
        try fixture.sql("CREATE TABLE LEAF_ALLOC (nothing INT)")
        #expect(try shape() == nil)
        try fixture.sql(MySQLFixture.leafTable)
        #expect(try shape() != nil)
    }

    static let grants: [(grants: [String], problem: String)] = [
        ([], "SELECT command denied"), (["SELECT"], "UPDATE command denied"), (["UPDATE"], "SELECT command denied"),
        (["SELECT", "UPDATE (step)"], "UPDATE command denied"),
    ]

    @Test(arguments: grants.indices)
    func `a user who may not lease is told what to grant`(index: Int) throws {
        try fixture.sql(MySQLFixture.leafTable)
        let user = "few\(index)"
        try fixture.sql(
            "CREATE TABLE other (x INT); CREATE USER \(user)@'%' IDENTIFIED BY 'x'; GRANT SELECT ON other TO \(user)@'%'"
        )
        for grant in Self.grants[index].grants { try fixture.sql("GRANT \(grant) ON leaf_alloc TO \(user)@'%'") }
        let error = try storeError(.misconfigured) {
            _ = try shape("leaf_alloc", fixture.login(user: user, password: "x"))
        }
        #expect(
            error.message.contains(Self.grants[index].problem) && error.message.contains("GRANT")
                && error.message.contains(user), "\(error.message)")
    }

    @Test func `SELECT and UPDATE on the table are enough to lease`() throws {
        try fixture.sql(
            MySQLFixture.leafTable
                + "CREATE USER enough@'%' IDENTIFIED BY 'x'; GRANT SELECT, UPDATE ON leaf_alloc TO enough@'%'")
        let login = fixture.login(user: "enough", password: "x")
        #expect(try shape("leaf_alloc", login)?.hasUpdateTime == true)
        #expect(try fixture.connect(login).run(Texts.lease()).isAcknowledged)
        #expect(try !fixture.dialect.hasOwnTable("leafd_state", fixture.connect(login)))
    }

    @Test func `own tables that may not be read are none, and those that may not be written are refused`() throws {
        let connection = try fixture.connect()
        for text in fixture.dialect.schema(try TableName("leaf_alloc")) { _ = try connection.run(SQLStatement(text)) }
        try fixture.sql("CREATE USER reader@'%' IDENTIFIED BY 'x'; GRANT SELECT, UPDATE ON leaf_alloc TO reader@'%'")
        let login = fixture.login(user: "reader", password: "x")
        #expect(try !fixture.dialect.hasOwnTable("leafd_state", fixture.connect(login)))
        try fixture.sql("GRANT INSERT ON leafd_state TO reader@'%'")
        let reader = try fixture.connect(login)
        #expect(try !fixture.dialect.hasOwnTable("leafd_state", reader))
        #expect(!reader.isClosed)
        try fixture.sql(
            "GRANT SELECT ON leafd_state TO reader@'%'; GRANT SELECT, INSERT, UPDATE ON leafd_agent TO reader@'%'")
        let error = try storeError(.misconfigured) {
            _ = try fixture.dialect.hasOwnTable("leafd_state", fixture.connect(login))
        }
        #expect(error.message.contains("leafd_state") && error.message.contains("GRANT"))
        #expect(try fixture.dialect.hasOwnTable("leafd_agent", fixture.connect(login)))
        try fixture.sql("ALTER TABLE leafd_agent ENGINE=MyISAM")
        try storeError(.misconfigured) { _ = try fixture.dialect.hasOwnTable("leafd_agent", fixture.connect(login)) }
    }

    @Test func `looking changes nothing`() throws {
        try fixture.sql(MySQLFixture.leafTable)
        try fixture.sql("UPDATE leaf_alloc SET update_time = '2001-01-01 00:00:00'")
        _ = try shape()
        #expect(try fixture.sql("SELECT max_id, update_time FROM leaf_alloc") == "1\t2001-01-01 00:00:00")
    }
}
