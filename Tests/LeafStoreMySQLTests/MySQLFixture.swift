import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import LeafThreads
import Testing

/// A database of its own on a MariaDB that all tests of this target share, and connections to it.
struct MySQLFixture {
    private static let shared = Result { try MariaDBServer() }
    private static let count = Lock(0)

    let server: MariaDBServer
    let database: String
    let interrupt = Interrupt()
    let dialect = MySQLDialect()

    /// - Parameter server: nil: the shared one.
    init(_ server: MariaDBServer? = nil, table: String? = leafTable) throws {
        self.server = try server ?? Self.shared.get()
        database = Self.count.with { count in
            count += 1
            return "ids\(count)"
        }
        try self.server.makeDatabase(database)
        if let table { try sql(table) }
    }

    static let leafTable = """
        CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) NOT NULL DEFAULT '', max_id BIGINT NOT NULL DEFAULT 1, step INT NOT NULL,
        description VARCHAR(256) DEFAULT NULL, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
        PRIMARY KEY (biz_tag)) ENGINE=InnoDB; INSERT INTO leaf_alloc (biz_tag, max_id, step) VALUES ('orders', 1, 100);
        """

    /// As superuser.
    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, database: database) }

    func login(
        user: String = ServerUser.name, password: String? = ServerUser.password, database: String? = nil,
        tls: TLSPolicy = .disabled, caFile: String? = nil, connectTimeout: Duration = .seconds(20),
        queryTimeout: Duration = .seconds(20)
    ) -> ServerLogin {
        ServerLogin(
            user: user, database: database ?? self.database, password: { password }, tls: tls, caFile: caFile,
            connectTimeout: connectTimeout, queryTimeout: queryTimeout)
    }

    func connect(_ login: ServerLogin? = nil, host: String = "127.0.0.1", port: Int? = nil) throws -> MySQLConnection {
        let connection = try dialect.connect(
            .tcp(host: host, port: port ?? server.port), login ?? self.login(), interrupt)
        return try #require(connection as? MySQLConnection)
    }

    func maxID(_ tag: String = "orders") throws -> Int64? {
        Int64(try sql("SELECT max_id FROM leaf_alloc WHERE biz_tag = '\(tag)'"))
    }
}

/// The texts that the tests run.
enum Texts {
    static let lease = SQLText("UPDATE leaf_alloc SET max_id = LAST_INSERT_ID(max_id + :step) WHERE biz_tag = :tag")
    static let read = SQLText("SELECT max_id FROM leaf_alloc WHERE biz_tag = :tag", returnsRows: true)

    static func lease(_ tag: String = "orders", step: Int64 = 100) -> SQLStatement {
        SQLStatement(lease, ["tag": .text(tag), "step": .integer(step)])
    }

    static func read(_ tag: String = "orders") -> SQLStatement { SQLStatement(read, ["tag": .text(tag)]) }
}

/// Expects an error of that code.
@discardableResult
func storeError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> StoreError {
    let error = try #require(
        #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }, sourceLocation: sourceLocation)
    #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
    return error
}
