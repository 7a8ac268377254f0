import Foundation
import LeafStore
import LeafStoreMySQL
import LeafStorePostgreSQL
import LeafStoreSQL
import LeafTestKit
import Testing

/// The databases that each test of a session runs on.
enum Database: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case mariadb
    case postgresql

    var testDescription: String { rawValue }

    var dialect: any SQLDialect {
        switch self {
        case .mariadb: MySQLDialect()
        case .postgresql: PostgreSQLDialect()
        }
    }

    /// One server for all tests of a run: starting one takes a second.
    func server() throws -> any DatabaseServer {
        switch self {
        case .mariadb: try Self.mariadbServer.get()
        case .postgresql: try Self.postgresqlServer.get()
        }
    }

    private static let mariadbServer = Result { try MariaDBServer() as any DatabaseServer }
    private static let postgresqlServer = Result { try PostgreSQLServer() as any DatabaseServer }
}

/// A database of its own on a server that tests share, and a second way into it for breaking it.
struct SQLFixture {
    enum Trigger {
        /// It puts max_id back.
        case changes
        /// It refuses the update.
        case refuses
    }

    let database: Database
    let name: String
    private let server: any DatabaseServer

    init(_ database: Database) throws {
        self.database = database
        server = try database.server()
        name = "t" + UUID().uuidString.replacing("-", with: "").lowercased()
        // One at a time: PostgreSQL refuses to make the same role twice at once.
        try Self.making.withLock { try server.makeDatabase(name) }
    }

    private static let making = NSLock()

    func store(
        table: String = "leaf_alloc", createSchema: Bool = true, identity: Bool = true, user: String = ServerUser.name,
        queryTimeout: Duration = .seconds(10)
    ) throws -> SQLStore {
        let login = ServerLogin(
            user: user, database: name, password: { ServerUser.password }, tls: .preferred, caFile: nil,
            connectTimeout: .seconds(10), queryTimeout: queryTimeout)
        return try SQLStore(
            dialect: database.dialect, hosts: [.tcp(host: "127.0.0.1", port: server.port)], login: login, table: table,
            createSchema: createSchema, defaultStep: 1000, identity: identity, maxSessions: 4)
    }

    func open() throws -> SQLSession { try store().open(knownStore: nil) }

    /// A session that has read its facts, so that it compares servers.
    func open(facts agentID: String) throws -> SQLSession {
        let session = try open()
        _ = try session.facts(agentID: agentID)
        return session
    }

    /// A session on a new store with one tag in it.
    func open(tag: String, step: Int64 = 100, start: Int64? = nil, limit: Int64? = nil) throws -> SQLSession {
        let session = try open()
        try session.create(tag, step: step, start: start, limit: limit)
        return session
    }

    /// Runs SQL past leafd, as an operator or an accident would.
    @discardableResult
    func sql(_ text: String) throws -> String {
        // PostgreSQL: what the superuser makes here belongs to leafd all the same.
        let prefix = database == .postgresql ? "SET ROLE \(ServerUser.name); " : ""
        let output = try server.sql(prefix + text, database: name)
        return output.hasPrefix("SET\n") ? String(output.dropFirst(4)) : output == "SET" ? "" : output
    }

    func counter(of tag: String) throws -> Int64? {
        Int64(try sql("SELECT max_id FROM leaf_alloc WHERE biz_tag = '\(tag)'"))
    }

    func state(_ name: String) throws -> String? {
        let text = try sql("SELECT value FROM leafd_state WHERE name = '\(name)'")
        return text.isEmpty ? nil : text
    }

    func tables() throws -> [String] {
        let text = try sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = "
                + (database == .mariadb ? "DATABASE()" : "'public'"))
        return text.split(separator: "\n").map(String.init)
    }

    /// Every column of every table, as the database describes it.
    func columns() throws -> String {
        try sql(
            "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
                + (database == .mariadb ? ", collation_name" : "")
                + " FROM information_schema.columns WHERE table_schema = "
                + (database == .mariadb ? "DATABASE()" : "'public'") + " ORDER BY table_name, ordinal_position")
    }

    /// A trigger on updates of one tag's row.
    func trigger(_ tag: String, _ kind: Trigger) throws {
        switch (database, kind) {
        case (.mariadb, .changes):
            try sql(
                "CREATE TRIGGER tr_\(tag) BEFORE UPDATE ON leaf_alloc FOR EACH ROW "
                    + "SET NEW.max_id = IF(OLD.biz_tag = '\(tag)', OLD.max_id, NEW.max_id)")
        case (.mariadb, .refuses):
            try sql(
                "DELIMITER //\nCREATE TRIGGER tr_\(tag) BEFORE UPDATE ON leaf_alloc FOR EACH ROW BEGIN "
                    + "IF OLD.biz_tag = '\(tag)' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END//\nDELIMITER ;"
            )
        case (.postgresql, _):
            let action = kind == .changes ? "NEW.max_id = OLD.max_id;" : "RAISE EXCEPTION 'no';"
            try sql(
                "CREATE FUNCTION f_\(tag)() RETURNS trigger AS $$ BEGIN IF OLD.biz_tag = '\(tag)' THEN \(action) END IF; RETURN NEW; END $$ "
                    + "LANGUAGE plpgsql")
            try sql(
                "CREATE TRIGGER tr_\(tag) BEFORE UPDATE ON leaf_alloc FOR EACH ROW EXECUTE FUNCTION f_\(tag)()")
        }
    }

    /// Lets a user write to one table more.
    func grant(_ user: String, _ table: String) throws {
        let host = database == .mariadb ? "@'%'" : ""
        try sql("GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO \(user)\(host)")
    }

    /// A user who may lease from one table and make none.
    func makeLimitedUser(mayUpdate table: String) throws -> String {
        let user = "limited" + name.suffix(8)
        switch database {
        case .mariadb:
            try server.sql(
                "CREATE USER \(user)@'%' IDENTIFIED BY '\(ServerUser.password)'; GRANT SELECT, UPDATE ON \(name).\(table) TO \(user)@'%'",
                database: name)
        case .postgresql:
            try server.sql(
                "CREATE ROLE \(user) LOGIN PASSWORD '\(ServerUser.password)'", database: name)
            try server.sql("GRANT SELECT, UPDATE ON \(table) TO \(user)", database: name)
            try server.sql("REVOKE CREATE ON SCHEMA public FROM public", database: name)
        }
        return user
    }
}
