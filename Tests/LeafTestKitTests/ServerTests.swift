import LeafTestKit
import Testing

@Suite struct ServerTests {
    @Test(.enabled(if: MariaDBServer.isAvailable, "MariaDB's server is not installed"))
    func `a MariaDB that is killed comes back with its data`() throws {
        try outlivesItsEnds(try MariaDBServer())
    }

    @Test(.enabled(if: PostgreSQLServer.isAvailable, "PostgreSQL's server is not installed"))
    func `a PostgreSQL that is killed comes back with its data`() throws {
        try outlivesItsEnds(try PostgreSQLServer())
    }

    private func outlivesItsEnds(_ server: some DatabaseServer) throws {
        try server.makeDatabase()
        try LeafTable.meituan.create(on: server)
        try LeafTable.meituan.insert("orders", next: 7, on: server)
        let port = server.port
        server.kill()
        #expect(!server.isRunning)
        #expect(throws: TestProblem.self) { try server.counter("orders") }
        try server.start()
        #expect(try server.counter("orders") == 7)
        try server.restart()
        #expect(try server.counter("orders") == 7)
        #expect(server.port == port)
        #expect(server.url() == "\(type(of: server).scheme)://leafd@127.0.0.1:\(port)/ids")
    }

    @Test(.enabled(if: MariaDBServer.isAvailable, "MariaDB's server is not installed"))
    func `a MariaDB is frozen, made read-only and shared with a Leaf server`() throws {
        // It speaks first.
        try takesWhatBefallsIt(try MariaDBServer(), [])
    }

    @Test(.enabled(if: PostgreSQLServer.isAvailable, "PostgreSQL's server is not installed"))
    func `a PostgreSQL is frozen, made read-only and shared with a Leaf server`() throws {
        // SSLRequest, to which it says N.
        try takesWhatBefallsIt(try PostgreSQLServer(), [0, 0, 0, 8, 4, 210, 22, 47])
    }

    /// - Parameter whatIsAnswered: the first bytes of a connection that the server answers.
    private func takesWhatBefallsIt(_ server: some DatabaseServer, _ whatIsAnswered: [UInt8]) throws {
        try server.makeDatabase()
        for table in LeafTable.shared {
            try table.create(on: server)
            try table.insert("orders", next: 5, step: 10, on: server)
            let leaf = LeafServerStandIn(server, table: table.name)
            #expect(try leaf.lease("orders") == 5..<15)
            #expect(try leaf.lease("orders", step: 100) == 15..<115)
            #expect(try server.counter("orders", table: table.name) == 115)
            try server.ids("DROP TABLE \(table.name)")
        }

        let leaf = LeafServerStandIn(server)
        try LeafTable.meituan.create(on: server)
        try LeafTable.meituan.insert("orders", on: server)
        #expect(try leaf.lease("orders") == 1..<1001)
        #expect(throws: TestProblem.self) { try leaf.lease("payments") }
        server.kill()
        #expect(throws: TestProblem.self) { try leaf.lease("orders") }
        try server.start()
        #expect(try leaf.lease("orders") == 1001..<2001)

        // A frozen server accepts a connection, and says nothing.
        try server.pause()
        let client = try RawClient(port: server.port)
        client.send(whatIsAnswered)
        #expect(client.isSilent)
        server.resume()
        #expect(try !client.read(1).isEmpty)
        #expect(try leaf.lease("orders") == 2001..<3001)
    }

    @Test(.enabled(if: MariaDBServer.isAvailable, "MariaDB's server is not installed"))
    func `MariaDB's user leafd needs its password, may not write when read-only, and talks TLS`() throws {
        let certificates = try Certificates()
        let server = try MariaDBServer(certificates: certificates)
        try server.makeDatabase()
        try server.ids("CREATE TABLE t (i INT)")
        func run(_ sql: String, _ more: [String], password: String = ServerUser.password) throws -> Tool.Result {
            try Tool.run(
                "mariadb",
                [
                    "--no-defaults", "--host=127.0.0.1", "--port=\(server.port)", "--user=leafd",
                    "--password=\(password)", "-N", "-s",
                ] + more + ["ids"], input: sql)
        }
        #expect(try run("INSERT INTO t VALUES (1)", []).isSuccess)
        #expect(try run("SELECT 1", [], password: "wrong").errors.contains("Access denied"))
        try server.setReadOnly(true)
        #expect(try run("INSERT INTO t VALUES (1)", []).errors.contains("read-only"))
        try server.setReadOnly(false)
        let trusting = ["--ssl-verify-server-cert", "--ssl-ca=\(certificates.authorityPath)"]
        #expect(try run("SHOW STATUS LIKE 'Ssl_version'", trusting).output.contains("TLS"))
        let misled = ["--ssl-verify-server-cert", "--ssl-ca=\(certificates.foreignAuthorityPath)"]
        #expect(try !run("SELECT 1", misled).isSuccess)
    }

    @Test(.enabled(if: PostgreSQLServer.isAvailable, "PostgreSQL's server is not installed"))
    func `PostgreSQL's user leafd needs its password, may not write when read-only, and talks TLS`() throws {
        let certificates = try Certificates()
        let server = try PostgreSQLServer(certificates: certificates)
        try server.makeDatabase()
        try server.ids("CREATE TABLE t (i INT); GRANT ALL ON t TO leafd")
        func run(_ sql: String, _ more: String, password: String = ServerUser.password) throws -> Tool.Result {
            let target = "host=127.0.0.1 port=\(server.port) user=leafd dbname=ids \(more)"
            return try Tool.run(
                "psql", ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", target], input: sql,
                environment: ["PGPASSWORD": password])
        }
        #expect(try run("INSERT INTO t VALUES (1)", "").isSuccess)
        #expect(try run("SELECT 1", "", password: "wrong").errors.contains("password authentication failed"))
        try server.setReadOnly(true)
        #expect(try run("INSERT INTO t VALUES (1)", "").errors.contains("read-only"))
        try server.setReadOnly(false)
        let trusting = "sslmode=verify-full sslrootcert=\(certificates.authorityPath)"
        #expect(
            try run("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", trusting).output.contains("TLS"))
        let misled = "sslmode=verify-full sslrootcert=\(certificates.foreignAuthorityPath)"
        #expect(try !run("SELECT 1", misled).isSuccess)
    }
}
