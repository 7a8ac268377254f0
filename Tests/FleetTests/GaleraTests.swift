import LeafClient
import LeafTestKit
import Testing

extension FleetSuite {
    /// Three nodes that are one store, which come and go under four daemons.
    ///
    /// Some daemons name the nodes in another order, so that several are written to: each lease may lose against one of
    /// another node's at its commit (error 1213), and is repeated.
    @Suite("On a Galera cluster", .enabled(if: GaleraCluster.isAvailable, "\(GaleraCluster.obstacle ?? "")"))
    struct GaleraTests {
        @Test("nodes are killed, stopped, frozen, cut off, and all of them started anew: no ID twice")
        func comeAndGo() throws {
            let start = ContinuousClock.now
            let cluster = try GaleraCluster()
            try cluster.nodes[0].makeDatabase()
            figure("Galera is there after \(start.duration(to: .now).shown)")
            let fleet = DaemonFleet(
                url: cluster.url, tags: ["{name: orders, step: 100}", "{name: users, step: 100}"],
                settings: [
                    "segments.reserve=0s", "segments.default-step=100", "segments.max-step=500", "store.beat=500ms",
                ])
            for (number, order) in [[0, 1, 2], [0, 1, 2], [1, 2, 0], [2, 0, 1]].enumerated() {
                let url = MariaDBServer.url(of: order.map { cluster.nodes[$0] })
                let daemon = try fleet.add(nil, url: url)
                if number == 0 { try daemon.waitUntilServing() }
                try fleet.take(1, from: number)
            }
            let load = FleetLoad(fleet.ledger)
            let clients = (0..<4).map {
                FleetClient(
                    of: fleet[$0], $0, number: $0, tags: ["orders", "users"], .nextMany(5), width: 10,
                    every: .milliseconds(5))
            }
            try load.run(clients) {
                try goOn(load, "three nodes, all written to")
                let conflicts = try (0..<3).map {
                    try cluster.status($0, "wsrep_local_cert_failures") + "+"
                        + cluster.status($0, "wsrep_local_bf_aborts")
                }
                figure("Galera: certification failures + aborts by node: \(conflicts), errors met: \(load.errors)")
                #expect(load.errors == [:])

                cluster.nodes[1].kill()
                try goOn(load, "one node killed")
                try cluster.start(1)
                try goOn(load, "it is back")
                try cluster.nodes[2].stop()
                try goOn(load, "one node stopped")
                try cluster.start(2)
                try cluster.nodes[0].pause()
                try goOn(load, "one node frozen")
                cluster.nodes[0].resume()
                try waitUntilWhole(cluster)
                try goOn(load, "it goes on")
                try cluster.isolate(2)
                try goOn(load, "one node cut off")
                try cluster.rejoin(2)
                try waitUntilWhole(cluster)
                try goOn(load, "it is back")

                try cluster.stop()
                // Its last node to stop is the one that may begin: it lacks nothing.
                try cluster.bootstrap(0)
                try goOn(load, "all stopped, one begins anew")
                try cluster.start(1)
                try goOn(load, "a second joins")
            }
            // One cluster all the time: no failover, nothing lost.
            #expect(try fleet.lifts() == 0)
            let harmless: Set = ["EXHAUSTED", "TIMEOUT"]
            #expect(load.errors.filter { !harmless.contains($0.key) } == [:])
            figure("Galera: \(fleet.ledger.count) IDs, errors met: \(load.errors)")
            fleet.expectNoDuplicates()
        }

        /// Waits until all three are one again: a node that was given up may take itself for synced for a while.
        private func waitUntilWhole(_ cluster: GaleraCluster) throws {
            try eventually("the cluster is whole", within: .seconds(60), every: .milliseconds(50)) {
                try cluster.nodes.indices.allSatisfy {
                    try cluster.status($0, "wsrep_cluster_size") == "3"
                        && cluster.status($0, "wsrep_local_state_comment") == "Synced"
                }
            }
        }

        /// Waits until every daemon has leased again and again.
        private func goOn(_ load: FleetLoad, _ title: String) throws {
            for number in 0..<4 { _ = load.takeLongestWait(of: number) }
            let time = try elapsed { try load.waitForMore(Int(2000 * soakScale), from: 0..<4) }
            let waits = (0..<4).map { load.takeLongestWait(of: $0).shown }
            figure("Galera, \(title): 2000 IDs more from each after \(time.shown), longest waits \(waits)")
        }
    }
}
