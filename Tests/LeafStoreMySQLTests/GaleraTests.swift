import LeafStore
import LeafStoreMySQL
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite("A Galera cluster", .enabled(if: GaleraCluster.isAvailable, "Galera is not installed"))
struct GaleraTests {
    @Test func `the nodes are one server, wait for each other's writes, and one that is cut off is left`() async throws
    {
        let cluster = try GaleraCluster()
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
