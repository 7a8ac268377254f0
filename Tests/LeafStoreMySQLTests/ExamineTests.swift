import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite("Which server answers", .enabled(if: MariaDBServer.isAvailable, "MariaDB is not installed"))
struct ExamineTests {
    private func traits(_ fixture: MySQLFixture, hasIdentity: Bool = true) throws -> (ServerTraits, MySQLConnection) {
        let connection = try fixture.connect()
        return (try fixture.dialect.examine(connection, hasIdentity: hasIdentity), connection)
    }

    private func value(_ expression: String, _ connection: MySQLConnection) throws -> SQLValue {
        try connection.run(SQLStatement(SQLText("SELECT \(expression)", returnsRows: true))).rows[0][0]
    }

    @Test func `MariaDB gives an identity that is text within any statement`() throws {
        let fixture = try MySQLFixture()
        let (traits, connection) = try traits(fixture)
        let identity = try #require(traits.identity)
        let text = try #require(try value(identity, connection).text)
        #expect(text.hasPrefix("mariadb:") && text.hasSuffix(":1") && text.count > 20 && traits.warnings.isEmpty)
        let update = SQLText(
            "UPDATE leaf_alloc SET max_id = LAST_INSERT_ID(max_id + 1), description = \(identity) WHERE biz_tag = 'orders' AND \(identity) = :me AND CAST(\(identity) AS BINARY) = CAST(:me AS BINARY)"
        )
        #expect(try connection.run(SQLStatement(update, ["me": .text(text)])).affectedRows == 1)
        #expect(try connection.run(SQLStatement(update, ["me": .text(text + "x")])).affectedRows == 0)
        #expect(try connection.runTogether([SQLStatement(update, ["me": .text(text)])])[0].isAcknowledged)
        #expect(try self.traits(fixture, hasIdentity: false).0.identity == nil)
    }

    @Test func `settings that lose commits are warned about`() throws {
        let server = try MariaDBServer(["--log-bin", "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2"])
        let warnings = try traits(MySQLFixture(server)).0.warnings
        #expect(warnings.count == 2)
    }

    /// A lease as leafd has it, with all of its checks.
    private func lease(_ identity: String?, _ me: SQLValue) -> SQLStatement {
        let isMe = identity.map { "AND CAST(\($0) AS BINARY) = CAST(:me AS BINARY)" } ?? ""
        let text = SQLText(
            """
            UPDATE leaf_alloc SET max_id = LAST_INSERT_ID((CASE WHEN max_id < :floor THEN :jump ELSE max_id END) + :step),
            update_time = CURRENT_TIMESTAMP WHERE biz_tag = :tag AND CAST(CONVERT(biz_tag USING utf8mb4) AS BINARY) = CAST(:tag AS BINARY)
            AND EXISTS (SELECT 1 FROM leafd_agent WHERE agent_id = :agent AND beat >= :beat) \(isMe)
            """)
        return SQLStatement(
            text,
            [
                "floor": .integer(0), "jump": .integer(0), "step": .integer(10), "tag": .text("orders"),
                "agent": .text("me"),
                "beat": .integer(3), "me": me,
            ])
    }

    static let agents =
        "CREATE TABLE leafd_agent (agent_id VARCHAR(32) PRIMARY KEY, beat BIGINT NOT NULL); INSERT INTO leafd_agent VALUES ('me', 3)"

    @Test(arguments: ["MIXED", "ROW"])
    func `leases are taken without warnings with a binary log that replicas can follow`(format: String) throws {
        let server = try MariaDBServer(["--log-bin", "--sync-binlog=1", "--binlog-format=\(format)"])
        let fixture = try MySQLFixture(server)
        try fixture.sql(Self.agents)
        let (traits, connection) = try traits(fixture)
        #expect(traits.warnings.isEmpty)
        let identity = try #require(traits.identity)
        let statement = lease(identity, try value(identity, connection))
        let reply = try connection.run(statement)
        #expect(reply.isAcknowledged && reply.insertID == 11)
        let together = try connection.runTogether([statement, statement])
        #expect(together.allSatisfy { $0.isAcknowledged } && together.map(\.insertID) == [21, 31])
    }

    @Test func `a binary log of statements is refused, since replicas would miss the leases, but without an identity`()
        throws
    {
        let server = try MariaDBServer(["--log-bin", "--sync-binlog=1", "--binlog-format=STATEMENT"])
        let fixture = try MySQLFixture(server)
        try fixture.sql(Self.agents)
        let error = try storeError(.misconfigured) { _ = try traits(fixture) }
        #expect(error.message.contains("binlog_format is STATEMENT") && error.message.contains("store.identity: none"))
        let connection = try traits(fixture, hasIdentity: false).1
        #expect(try connection.run(lease(nil, .null)).isAcknowledged)
        // What the refusal is about: the server itself says that it is not safe.
        let identity = "CONCAT('mariadb:', @@global.server_uid, ':', @@global.server_id)"
        let reply = try connection.run(lease(identity, try value(identity, connection)))
        #expect(reply.affectedRows == 1 && !reply.isAcknowledged)
    }

    @Test func `a server that has become read-only is left, by a user who may write all the same too`() throws {
        let server = try MariaDBServer()
        let fixture = try MySQLFixture(server)
        let connection = try fixture.connect()
        try server.setReadOnly(true)
        let lease = try storeError(.readOnly) { _ = try connection.run(Texts.lease()) }
        #expect(lease.isSessionLost && lease.message.contains("1290") && connection.isClosed)
        let examined = try storeError(.readOnly) { _ = try traits(fixture) }
        #expect(examined.isSessionLost && examined.message.contains("read_only=ON"))
        try server.sql("GRANT READ_ONLY ADMIN, SUPER ON *.* TO leafd@'%'")
        let admin = try fixture.connect()
        #expect(try admin.run(Texts.lease()).isAcknowledged, "this user may write")
        try storeError(.readOnly) { _ = try fixture.dialect.examine(admin, hasIdentity: true) }
        #expect(admin.isClosed)
        try server.setReadOnly(false)
        #expect(try traits(fixture).1.run(Texts.lease()).isAcknowledged)
    }

    @Test func `where no more can be prepared, all goes as text`() throws {
        let server = try MariaDBServer(["--max-prepared-stmt-count=0"])
        let fixture = try MySQLFixture(server)
        let connection = try fixture.connect()
        #expect(try connection.run(Texts.lease()).insertID == 101)
        #expect(try connection.run(Texts.lease()).isAcknowledged)
        #expect(try connection.run(Texts.lease("users")).affectedRows == 0)
    }

    @Test func `the order of tags in latin1, gbk and the like is no obstacle, and case makes two tags`() throws {
        for charset in [
            "latin1", "utf8mb3", "utf8mb4 COLLATE utf8mb4_bin", "utf8mb4 COLLATE utf8mb4_unicode_ci", "gbk",
        ] {
            let fixture = try MySQLFixture(table: nil)
            try fixture.sql(
                """
                CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL, step INT NOT NULL) CHARACTER SET \(charset);
                INSERT INTO leaf_alloc VALUES ('orders', 1, 1), ('grün', 1, 1); INSERT INTO leaf_alloc SELECT seq, 1, 1 FROM seq_1_to_500;
                ANALYZE TABLE leaf_alloc
                """)
            let connection = try fixture.connect()
            let condition = "biz_tag = :tag AND CAST(CONVERT(biz_tag USING utf8mb4) AS BINARY) = CAST(:tag AS BINARY)"
            let lease = SQLText("UPDATE leaf_alloc SET max_id = LAST_INSERT_ID(max_id + 1) WHERE \(condition)")
            let explain = SQLText(
                "EXPLAIN UPDATE leaf_alloc SET max_id = LAST_INSERT_ID(max_id + 1) WHERE \(condition)",
                returnsRows: true)
            for (tag, count) in [
                ("orders", 1), ("Orders", 0), ("ORDERS", 0), ("grün", 1), ("grun", 0), ("Grün", 0), ("7", 1),
            ] {
                let values = ["tag": SQLValue.text(tag)]
                #expect(try connection.run(SQLStatement(lease, values)).affectedRows == count, "\(tag) in \(charset)")
                #expect(
                    try connection.runTogether([SQLStatement(lease, values)])[0].affectedRows == count,
                    "\(tag) in \(charset)")
                let plan = try connection.run(SQLStatement(explain, values)).rows[0]
                #expect(plan.contains(.text("PRIMARY")) && plan.contains(.integer(1)), "\(plan)")
            }
            let read = SQLText("SELECT biz_tag FROM leaf_alloc WHERE \(condition)", returnsRows: true)
            #expect(try connection.run(SQLStatement(read, ["tag": .text("grün")])).rows == [[.text("grün")]])
            guard !charset.hasPrefix("utf8mb4") else { continue }
            let error = try storeError(.conflict) { _ = try connection.run(SQLStatement(lease, ["tag": .text("😀")])) }
            #expect(error.message.contains("1267") && !error.isSessionLost)
        }
    }
}
