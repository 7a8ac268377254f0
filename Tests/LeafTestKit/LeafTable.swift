/// A table of counters as Leaf or one of its relatives makes it, column by column: leafd is to serve it as it stands.
package struct LeafTable: Sendable, CustomStringConvertible {
    /// The table's name.
    package let name: String
    /// Whose it is.
    package let description: String
    private let mysql: String
    private let postgresql: String

    /// Leaf itself: <https://github.com/Meituan-Dianping/Leaf/blob/master/scripts/leaf_alloc.sql>.
    ///
    /// No character set and no collation of its own, so mostly one that ignores case. MySQL sets `update_time` by itself.
    /// Leaf knows no PostgreSQL; there it is what its types say.
    package static let meituan = LeafTable(
        name: "leaf_alloc", description: "Leaf",
        mysql: """
            CREATE TABLE `leaf_alloc` (
                `biz_tag` varchar(128) NOT NULL DEFAULT '', `max_id` bigint(20) NOT NULL DEFAULT '1',
                `step` int(11) NOT NULL, `description` varchar(256) DEFAULT NULL,
                `update_time` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
                PRIMARY KEY (`biz_tag`)) ENGINE=InnoDB
            """,
        postgresql: """
            CREATE TABLE leaf_alloc (
                biz_tag varchar(128) NOT NULL DEFAULT '', max_id bigint NOT NULL DEFAULT 1, step integer NOT NULL,
                description varchar(256) DEFAULT NULL, update_time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
                PRIMARY KEY (biz_tag))
            """)

    /// go-id-alloc, and go-leaf after it: <https://github.com/owenliang/go-id-alloc> (README, before it went over to
    /// AUTO_INCREMENT), <https://github.com/vtz123/go-leaf/blob/master/core/mysql.go>.
    ///
    /// A `step` of 64 bits, a tag of 32 characters, counters that start at 0. go-leaf leases [max_id - step, max_id), as
    /// Leaf does, and writes its dynamic step into `step`.
    package static let goLeaf = LeafTable(
        name: "segments", description: "go-leaf",
        mysql: """
            CREATE TABLE `segments` (
                `biz_tag` varchar(32) NOT NULL, `max_id` bigint NOT NULL, `step` bigint NOT NULL,
                `description` varchar(1024) DEFAULT '' NOT NULL,
                `update_time` datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
                PRIMARY KEY (`biz_tag`)) ENGINE=InnoDB DEFAULT CHARSET=utf8
            """,
        postgresql: """
            CREATE TABLE segments (
                biz_tag varchar(32) NOT NULL, max_id bigint NOT NULL, step bigint NOT NULL,
                description varchar(1024) DEFAULT '' NOT NULL, update_time timestamp DEFAULT CURRENT_TIMESTAMP,
                PRIMARY KEY (biz_tag))
            """)

    /// The least of it: three columns.
    package static let bare = LeafTable(
        name: "segments", description: "three columns",
        mysql: """
            CREATE TABLE `segments` (
                `biz_tag` varchar(128) NOT NULL, `max_id` bigint NOT NULL, `step` int NOT NULL,
                PRIMARY KEY (`biz_tag`)) ENGINE=InnoDB
            """,
        postgresql: """
            CREATE TABLE segments (
                biz_tag varchar(128) NOT NULL, max_id bigint NOT NULL, step integer NOT NULL, PRIMARY KEY (biz_tag))
            """)

    /// goLeaf, over GORM: <https://github.com/younglifestyle/goLeaf> (README;
    /// `internal/biz/model/leaf_alloc.go`, `internal/data/segment_repo.go`).
    ///
    /// Leaf's, with `created_time` and `auto_clean`. Tags with `auto_clean` set have their counter put back to 1 (once 0)
    /// every day by goLeaf: no promise of uniqueness can be kept for those. On PostgreSQL as GORM's own migration makes
    /// it.
    package static let gorm = LeafTable(
        name: "leaf_alloc", description: "goLeaf over GORM",
        mysql: """
            CREATE TABLE `leaf_alloc` (
                `biz_tag` varchar(128) NOT NULL DEFAULT '', `max_id` bigint(20) NOT NULL DEFAULT '1',
                `step` int(11) NOT NULL, `description` varchar(256) DEFAULT NULL,
                `update_time` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
                `created_time` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, `auto_clean` tinyint(1) DEFAULT 0 NULL,
                PRIMARY KEY (`biz_tag`)) ENGINE=InnoDB
            """,
        postgresql: """
            CREATE TABLE leaf_alloc (
                biz_tag varchar(128) NOT NULL, max_id bigint NOT NULL DEFAULT 1, step bigint NOT NULL DEFAULT 0,
                description varchar(256), update_time timestamptz, created_time timestamptz,
                auto_clean boolean DEFAULT false, PRIMARY KEY (biz_tag))
            """)

    /// gid: <https://github.com/hwholiday/gid/blob/master/api/mysql.sql>.
    ///
    /// `max_id` and `step` may be NULL, times are integers, tags are told apart by their bytes. gid takes
    /// [max_id, max_id + step) *above* the counter it has just raised (`service/alloc_manage.go`), so that nothing else can
    /// lease from its table.
    package static let gid = LeafTable(
        name: "segments", description: "gid",
        mysql: """
            CREATE TABLE segments (
                biz_tag varchar(128) NOT NULL, max_id bigint NULL, step int NULL, remark varchar(200) NULL,
                create_time bigint NULL, update_time bigint NULL, CONSTRAINT segments_pk PRIMARY KEY (biz_tag))
                ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
            """,
        postgresql: """
            CREATE TABLE segments (
                biz_tag varchar(128) NOT NULL, max_id bigint NULL, step integer NULL, remark varchar(200) NULL,
                create_time bigint NULL, update_time bigint NULL, CONSTRAINT segments_pk PRIMARY KEY (biz_tag))
            """)

    /// Those that leafd can share.
    package static let shared = [meituan, goLeaf, bare, gorm]

    // MARK: On a server

    /// What makes the table there.
    package func definition(for server: any DatabaseServer) -> String {
        type(of: server).scheme == MariaDBServer.scheme ? mysql : postgresql
    }

    /// Makes the table in the database of `makeDatabase()`, the user leafd's own where the server knows owners.
    package func create(on server: any DatabaseServer, database: String = ServerUser.database) throws {
        try server.sql(definition(for: server), database: database)
        if type(of: server).scheme == PostgreSQLServer.scheme {
            try server.sql("ALTER TABLE \(name) OWNER TO \(ServerUser.name)", database: database)
        }
    }

    /// Adds a tag, as people do by hand.
    package func insert(
        _ tag: String, next: Int64 = 1, step: Int64 = 1000, on server: any DatabaseServer,
        database: String = ServerUser.database
    ) throws {
        try server.sql(
            "INSERT INTO \(name) (biz_tag, max_id, step) VALUES ('\(tag)', \(next), \(step))", database: database)
    }
}
