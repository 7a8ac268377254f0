internal import LeafStoreSQL

/// How leafd's tables are made. Leaf's table as Leaf has it, so that a Leaf server can serve the same tags.
enum MySQLSchema {
    /// Told apart byte by byte, in all of Unicode.
    private static let text = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    private static let engine = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

    /// - Parameter table: the quoted name of the central table.
    static func statements(_ table: String) -> [SQLText] {
        [
            SQLText(
                """
                CREATE TABLE IF NOT EXISTS \(table) (
                    biz_tag VARCHAR(128) \(text) NOT NULL,
                    max_id BIGINT NOT NULL DEFAULT 1,
                    step INT NOT NULL,
                    description VARCHAR(256) \(text) DEFAULT NULL,
                    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
                    PRIMARY KEY (biz_tag)
                ) \(engine)
                """),
            SQLText(
                """
                CREATE TABLE IF NOT EXISTS leafd_state (
                    name VARCHAR(255) \(text) NOT NULL,
                    value VARCHAR(256) \(text) NOT NULL,
                    PRIMARY KEY (name)
                ) \(engine)
                """),
            SQLText(
                """
                CREATE TABLE IF NOT EXISTS leafd_agent (
                    agent_id VARCHAR(32) \(text) NOT NULL,
                    host VARCHAR(255) \(text) NOT NULL,
                    beat BIGINT NOT NULL,
                    nonce VARCHAR(32) \(text) NOT NULL,
                    contested INT NOT NULL DEFAULT 0,
                    seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                    PRIMARY KEY (agent_id)
                ) \(engine)
                """),
        ]
    }

    static let workers = SQLText(
        """
        CREATE TABLE IF NOT EXISTS leafd_worker (
            worker_id INT NOT NULL,
            holder VARCHAR(32) \(text) NOT NULL,
            machine VARCHAR(64) \(text) NOT NULL,
            host VARCHAR(255) \(text) NOT NULL,
            generation BIGINT NOT NULL,
            ts_hi BIGINT NOT NULL,
            seen_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
            PRIMARY KEY (worker_id)
        ) \(engine)
        """)
}
