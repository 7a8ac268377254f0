import LeafTestKit
import Testing

@Suite struct ReplicationTests {
    @Test(.enabled(if: MariaDBServer.isAvailable, "MariaDB's server is not installed"))
    func `a promoted MariaDB has lost exactly what was held back`() throws {
        let pair = try MariaDBPair()
        #expect(try pair.replica.sql("SELECT @@read_only") == "1")
        try losesWhatWasHeldBack(pair)
        #expect(try pair.replica.sql("SELECT @@read_only") == "0")
    }

    @Test(.enabled(if: PostgreSQLServer.isAvailable, "PostgreSQL's server is not installed"))
    func `a promoted PostgreSQL has lost exactly what was held back`() throws {
        let pair = try PostgreSQLPair()
        #expect(try pair.replica.sql("SHOW transaction_read_only") == "on")
        try losesWhatWasHeldBack(pair)
        #expect(try pair.replica.sql("SHOW transaction_read_only") == "off")
    }

    private func losesWhatWasHeldBack(_ pair: some ServerPair) throws {
        try pair.primary.makeDatabase()
        try LeafTable.meituan.create(on: pair.primary)
        try LeafTable.meituan.insert("orders", next: 1, step: 10, on: pair.primary)
        let leaf = LeafServerStandIn(pair.primary)
        for _ in 0..<3 { try leaf.lease("orders") }
        try pair.holdReplica()
        try leaf.lease("orders")
        try pair.releaseReplica()
        try pair.waitUntilCaughtUp()
        #expect(try pair.replica.counter("orders") == 41)
        try pair.holdReplica()
        #expect(try leaf.lease("orders") == 41..<51)
        #expect(try leaf.lease("orders") == 51..<61)
        try pair.failOver()
        #expect(!pair.primary.isRunning)
        #expect(try pair.replica.counter("orders") == 41)
        #expect(try LeafServerStandIn(pair.replica).lease("orders") == 41..<51)
        #expect(pair.url.hasSuffix("@127.0.0.1:\(pair.primary.port),127.0.0.1:\(pair.replica.port)/ids"))
    }

    @Test(.enabled(if: GaleraCluster.isAvailable, "Galera is not installed"))
    func `a Galera cluster goes on without one of its nodes, and takes it back`() throws {
        let cluster = try GaleraCluster()
        try cluster.nodes[0].makeDatabase()
        try LeafTable.meituan.create(on: cluster.nodes[0])
        try LeafTable.meituan.insert("orders", next: 1, step: 10, on: cluster.nodes[0])
        #expect(try LeafServerStandIn(cluster.nodes[2]).lease("orders") == 1..<11)

        cluster.nodes[0].kill()
        #expect(try LeafServerStandIn(cluster.nodes[1]).lease("orders") == 11..<21)
        try cluster.start(0)
        #expect(try cluster.nodes[0].counter("orders") == 21)

        try cluster.isolate(1)
        #expect(throws: TestProblem.self) { try LeafServerStandIn(cluster.nodes[1]).lease("orders") }
        #expect(try LeafServerStandIn(cluster.nodes[0]).lease("orders") == 21..<31)
        try cluster.rejoin(1)
        #expect(try LeafServerStandIn(cluster.nodes[1]).lease("orders") == 31..<41)
        try cluster.stop()
    }
}
