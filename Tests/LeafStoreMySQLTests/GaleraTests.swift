import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite("A Galera cluster", .serialized, .enabled(if: GaleraCluster.isAvailable, "Galera is not installed"))
struct GaleraTests {
    private static let shared = Result { try GaleraCluster() }

    @Test func `the nodes are one server, wait for each other's writes, and one that is cut off is left`() async throws
    {
        let cluster = try Self.shared.get()
        let first = try MySQLFixture(cluster.nodes[0])
        let dialect = first.dialect
        func connect(_ node: Int) throws -> MySQLConnection { try first.connect(port: cluster.nodes[node].port) }
        func identity(_ connection: MySQLConnection) throws -> SQLValue {
            let expression = try #require(try dialect.examine(connection, hasIdentity: true).identity)
            return try connection.run(SQLStatement(SQLText("SELECT \(expression)", returnsRows: true))).rows[0][0]
        }
        let connections = try (0..<3).map { try connect($0) }
        let identities = try connections.map { try identity($0) }
        #expect(Set(identities).count == 1 && identities[0].text?.hasPrefix("galera:") == true, "\(identities)")

        // What one node has acknowledged all others build on.
        var last: Int64 = 1
        for turn in 0..<60 {
            let reply = try retrying { try connections[turn % 3].run(Texts.lease(step: 1)) }
            #expect(reply.isAcknowledged && reply.insertID == last + 1)
            last += 1
        }
        let together = try retrying { try connections[1].runTogether([Texts.lease(step: 1), Texts.read()]) }
        #expect(together[0].isAcknowledged && together[1].rows == [[.integer(last + 1)]])

        try cluster.isolate(2)
        var code: StoreError.Code?
        for _ in 0..<300 where code != .unavailable {
            do {
                _ = try connections[2].isClosed ? identity(connect(2)) : identity(connections[2])
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                code = (error as? StoreError)?.code
                if code != .unavailable { try await Task.sleep(for: .milliseconds(100)) }
            }
        }
        #expect(code == .unavailable)
        #expect(try retrying { try connections[0].run(Texts.lease(step: 1)) }.insertID == last + 2)
    }

    /// With wsrep_retry_autocommit=1, Galera's default, one lease in a thousand of those that go together is a duplicate: its node
    /// rolls the transaction back, since another node's was first, runs its COMMIT again, and answers that with OK.
    @Test(arguments: ["alone", "together", "as a transaction"])
    func `no range is acknowledged twice, whoever writes the same row at once`(way: String) throws {
        let cluster = try Self.shared.get()
        let fixture = try MySQLFixture(cluster.nodes[0])
        let conflicts = TestLock(0)
        let threads = 4
        let leases = try onThreads(threads) { number -> [Int64] in
            let connection = try fixture.connect(port: cluster.nodes[number % 2].port)
            var ends: [Int64] = []
            while ends.count < 1500 {
                do {
                    var reply: SQLReply
                    switch way {
                    case "alone": reply = try connection.run(Texts.lease(step: 1))
                    case "together": reply = try connection.runTogether([Texts.lease(step: 1)])[0]
                    default:
                        try connection.begin()
                        reply = try connection.run(Texts.lease(step: 1))
                        reply.isAcknowledged = try connection.commit()
                    }
                    guard reply.affectedRows == 1, reply.isAcknowledged, let end = reply.insertID else {
                        throw TestProblem("\(reply)")
                    }
                    ends.append(end)
                } catch let error as StoreError where error.code == .transient && !error.isSessionLost {
                    conflicts.with { $0 += 1 }
                }
            }
            return ends
        }.flatMap(\.self)
        #expect(Set(leases).count == leases.count, "\(leases.count - Set(leases).count) were issued twice")
        let last = try fixture.sql("SET SESSION wsrep_sync_wait = 1; SELECT max_id FROM leaf_alloc")
        #expect(last == "\(leases.count + 1)")
        #expect(conflicts.with { $0 } > 0, "the nodes did not get in each other's way: this showed nothing")
    }

    /// The nodes see no locks of each other: who is second is told so at the end, and claims anew.
    @Test func `no worker id is claimed twice, whoever claims at once`() throws {
        let cluster = try Self.shared.get()
        let fixture = try MySQLFixture(cluster.nodes[0], table: nil)
        let stores = try (0..<2).map { node in
            try SQLStore(
                dialect: fixture.dialect, hosts: [.tcp(host: "127.0.0.1", port: cluster.nodes[node].port)],
                login: fixture.login(), table: "leaf_alloc", createSchema: true, defaultStep: 1000, identity: true,
                maxSessions: 4)
        }
        try stores[0].open(knownStore: nil).close()
        let conflicts = TestLock(0)
        let claimed = try onThreads(6) { number in
            let session = try retrying { try stores[number % 2].open(knownStore: nil) }
            var workers: [Int] = []
            while workers.count < 20 {
                do {
                    let claim = WorkerClaim(
                        choice: .leased, workers: 1024, format: "f", holder: "h\(number)", host: "h", ahead: 600_000,
                        succeeding: nil, agent: nil)
                    guard case .claimed(let worker, 1, -1, _, _) = try session.claim(claim) else {
                        throw TestProblem("not claimed")
                    }
                    workers.append(worker)
                } catch let error as StoreError where error.code == .transient && !error.isSessionLost {
                    conflicts.with { $0 += 1 }
                }
            }
            return workers
        }.flatMap(\.self)
        #expect(claimed.count == 120 && Set(claimed).count == 120)
        let rows = try fixture.sql("SET SESSION wsrep_sync_wait = 1; SELECT COUNT(*) FROM leafd_worker")
        #expect(rows == "120")
        #expect(conflicts.with { $0 } > 0, "the nodes did not get in each other's way: this showed nothing")
    }

    /// Two nodes that write one row at once: one of them is told to try again.
    private func retrying<T>(_ body: () throws -> T) throws -> T {
        for _ in 0..<20 {
            do { return try body() } catch let error as StoreError
                where error.code == .transient && !error.isSessionLost
            {}
        }
        return try body()
    }
}
