package import LeafStore
package import LeafStoreSQL

/// PostgreSQL as a central store: connections over libpq, and what its catalogues say.
package struct PostgreSQLDialect: SQLDialect {
    package init() {}

    package var kind: String { "postgresql" }

    package func connect(
        _ address: ServerAddress, _ login: ServerLogin, _ interrupt: Interrupt
    ) throws(StoreError) -> any SQLConnection {
        try PostgreSQLConnection(Peer(address, login), login, interrupt)
    }

    package func examine(_ connection: any SQLConnection, hasIdentity: Bool) throws(StoreError) -> ServerTraits {
        try ServerExamination(Self.own(connection)).traits(hasIdentity: hasIdentity)
    }

    package func inspect(_ table: TableName, _ connection: any SQLConnection) throws(StoreError) -> TableShape? {
        let connection = Self.own(connection)
        return try TableInspection.find(table.text, connection)?.shape()
    }

    package func hasOwnTable(_ name: String, _ connection: any SQLConnection) throws(StoreError) -> Bool {
        try TableInspection.find(name, Self.own(connection))?.isOwnTable() ?? false
    }

    package func quoted(_ table: TableName) -> String { Self.quoted(table.text) }

    /// For names that have no quote in them.
    static func quoted(_ name: String) -> String { "\"\(name)\"" }

    /// Connections come back to the dialect that made them.
    private static func own(_ connection: any SQLConnection) -> PostgreSQLConnection {
        guard let connection = connection as? PostgreSQLConnection else {
            preconditionFailure("a connection of another dialect: \(type(of: connection))")
        }
        return connection
    }

    package func schema(_ table: TableName) -> [SQLText] {
        [
            """
            CREATE TABLE IF NOT EXISTS \(quoted(table)) (
                biz_tag VARCHAR(128) NOT NULL PRIMARY KEY,
                max_id BIGINT NOT NULL DEFAULT 1,
                step INT NOT NULL,
                description VARCHAR(256),
                update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
            """,
            """
            CREATE TABLE IF NOT EXISTS leafd_state (
                name VARCHAR(255) NOT NULL PRIMARY KEY,
                value VARCHAR(256) NOT NULL)
            """,
            """
            CREATE TABLE IF NOT EXISTS leafd_agent (
                agent_id VARCHAR(32) NOT NULL PRIMARY KEY,
                host VARCHAR(255) NOT NULL,
                beat BIGINT NOT NULL,
                nonce VARCHAR(32) NOT NULL,
                contested INT NOT NULL DEFAULT 0,
                seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
            """,
        ].map { SQLText(Self.tolerant($0)) }
    }

    package var workerSchema: SQLText {
        SQLText(
            Self.tolerant(
                """
                CREATE TABLE IF NOT EXISTS leafd_worker (
                    worker_id INT NOT NULL PRIMARY KEY,
                    holder VARCHAR(32) NOT NULL,
                    machine VARCHAR(64) NOT NULL,
                    host VARCHAR(255) NOT NULL,
                    generation BIGINT NOT NULL,
                    ts_hi BIGINT NOT NULL,
                    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
                """))
    }

    /// Two sessions that create the same table at once: IF NOT EXISTS has looked before the other one has committed, and the
    /// second meets the first one's rows in the catalogue. By then they are committed, and all is well.
    private static func tolerant(_ statement: String) -> String {
        "DO $leafd$ BEGIN \(statement); EXCEPTION WHEN unique_violation OR duplicate_table OR duplicate_object THEN NULL; "
            + "END $leafd$"
    }
}
