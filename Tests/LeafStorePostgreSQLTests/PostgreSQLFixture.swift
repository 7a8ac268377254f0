import Foundation
import LeafStore
import LeafStorePostgreSQL
import LeafStoreSQL
import LeafTestKit
import Testing

/// A PostgreSQL server with the database and the user of leafd, and connections to it.
final class PostgreSQLFixture {
    /// Most tests use one server together, and a database each.
    private static let shared = Result { try PostgreSQLServer(["deadlock_timeout=100ms"]) }
    private static let count = TestLock(0)

    let server: PostgreSQLServer
    let database: String
    let dialect: any SQLDialect = PostgreSQLDialect()

    /// - Parameter settings: those of a server of its own; nil: the one of all tests.
    convenience init(_ settings: [String]? = nil, certificates: Certificates? = nil) throws {
        if settings == nil, certificates == nil {
            try self.init(on: Self.shared.get())
        } else {
            try self.init(on: PostgreSQLServer(settings ?? [], certificates: certificates))
        }
    }

    init(on server: PostgreSQLServer) throws {
        self.server = server
        database =
            "ids"
            + String(
                Self.count.with { count in
                    count += 1
                    return count
                })
        // One at a time: they copy the same template.
        try Self.count.with { _ in try server.makeDatabase(database) }
    }

    func login(
        tls: TLSPolicy = .disabled, caFile: String? = nil, connectTimeout: Duration = .seconds(20),
        queryTimeout: Duration = .seconds(20), password: String? = ServerUser.password, user: String = ServerUser.name
    ) -> ServerLogin {
        ServerLogin(
            user: user, database: database, password: { () throws(StoreError) in password }, tls: tls, caFile: caFile,
            connectTimeout: connectTimeout, queryTimeout: queryTimeout)
    }

    var address: ServerAddress { .tcp(host: "127.0.0.1", port: server.port) }

    func connect(_ login: ServerLogin? = nil, at address: ServerAddress? = nil) throws -> any SQLConnection {
        try dialect.connect(address ?? self.address, login ?? self.login(), Interrupt())
    }

    /// SQL as the superuser.
    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, database: database) }

    /// Leaf's table, with one tag of the counter 1.
    func makeTable() throws {
        try sql("SET ROLE leafd; \(Self.table); INSERT INTO leaf_alloc VALUES ('orders', 1, 100)")
    }

    static let table = """
        CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL DEFAULT 1, step INT NOT NULL,
            description VARCHAR(256), update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
        """

    static let lease = SQLText(
        "UPDATE leaf_alloc SET max_id = max_id + :step WHERE biz_tag = :tag RETURNING max_id", returnsRows: true)

    static func lease(_ tag: String = "orders", step: Int64 = 100) -> SQLStatement {
        SQLStatement(lease, ["tag": .text(tag), "step": .integer(step)])
    }
}

extension SQLConnection {
    /// A statement without kept text.
    @discardableResult
    func run(_ text: String, _ values: [String: SQLValue] = [:]) throws(StoreError) -> SQLReply {
        try run(SQLStatement(SQLText(text, returnsRows: true), values))
    }

    /// The first value of the first row.
    func value(_ text: String, _ values: [String: SQLValue] = [:]) throws -> SQLValue {
        try #require(run(text, values).rows.first?.first)
    }
}

/// The error that `body` throws.
func storeError(_ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) throws -> StoreError {
    do {
        try body()
    } catch let error as StoreError {
        return error
    }
    throw TestProblem("there was no error at \(sourceLocation)")
}

/// A connection that one thread hands to another.
struct Handed: @unchecked Sendable {
    // @unchecked: the tests see to it that one thread at a time uses it.
    let connection: any SQLConnection

    init(_ connection: any SQLConnection) { self.connection = connection }
}
