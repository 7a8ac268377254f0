private import Glibc

/// Three MariaDB servers that are one: each takes writes, and has what the others have acknowledged.
///
/// It takes some ten seconds to start: the tests of a suite share one.
package final class GaleraCluster: Sendable {
    private static let provider = "/usr/lib/galera/libgalera_smm.so"

    package static let obstacle: String? = {
        if let obstacle = MariaDBServer.obstacle { return obstacle }
        if access(provider, R_OK) != 0 { return "there is no \(provider) here" }
        return Tool.isThere("rsync") ? nil : "there is no rsync here"
    }()
    package static let isAvailable = obstacle == nil

    package let nodes: [MariaDBServer]
    /// Three for each node, for what they tell each other.
    private let ports: [FreePort]

    /// Starts all three, and waits until they are one.
    package init(_ options: [String] = []) throws {
        let ports = try (0..<9).map { _ in try FreePort() }
        self.ports = ports
        let group = (0..<3).map { "127.0.0.1:\(ports[$0 * 3].number)" }
        nodes = try (0..<3).map { number in
            let own = ports[(number * 3)..<(number * 3 + 3)].map(\.number)
            return try MariaDBServer(
                [
                    "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON",
                    "--wsrep-provider=\(GaleraCluster.provider)", "--wsrep-cluster-name=leafd-test-\(ports[0].number)",
                    "--wsrep-cluster-address=gcomm://\(group.joined(separator: ","))",
                    "--wsrep-node-address=\(group[number])", "--wsrep-node-name=n\(number + 1)",
                    "--wsrep-sst-method=rsync", "--wsrep-sst-receive-address=127.0.0.1:\(own[1])",
                    "--wsrep-provider-options=gmcast.listen_addr=tcp://\(group[number]);"
                        + "ist.recv_addr=127.0.0.1:\(own[2]);gcache.size=16M;" + GaleraCluster.patience,
                ] + options, certificates: nil, fill: MariaDBServer.copyTemplate)
        }
        try bootstrap(0)
        for number in 1..<3 { try start(number) }
    }

    /// A node that is silent is given up after 2 s instead of 5 s, so that tests do not wait so long.
    private static let patience = "evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S"

    /// All nodes in one URL, to be tried in turn.
    package var url: String { MariaDBServer.url(of: nodes) }

    /// Starts a node that has been stopped or killed, and waits until it has all that the others have.
    package func start(_ number: Int) throws {
        try nodes[number].start()
        try waitUntilSynced(number)
    }

    /// Starts the first node of a cluster none of whose nodes runs.
    package func bootstrap(_ number: Int) throws {
        try nodes[number].start(with: ["--wsrep-new-cluster"])
        try waitUntilSynced(number)
    }

    /// Cuts a node off from the others: it runs, and refuses to work, as they go on without it.
    package func isolate(_ number: Int) throws {
        try nodes[number].sql("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        try eventually("the node is alone") { try status(number, "wsrep_cluster_status") != "Primary" }
        let others = nodes.indices.filter { $0 != number && nodes[$0].isRunning }
        for other in others {
            try eventually("the others go on") {
                try status(other, "wsrep_cluster_status") == "Primary"
                    && status(other, "wsrep_cluster_size") == "\(others.count)"
            }
        }
    }

    /// Ends its isolation, and waits until it has all that the others have.
    package func rejoin(_ number: Int) throws {
        try nodes[number].sql("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        try waitUntilSynced(number)
    }

    /// Waits until a node is one of the cluster, and has all that the others have.
    package func waitUntilSynced(_ number: Int) throws {
        try eventually("node \(number + 1) is synced", within: .seconds(60), every: .milliseconds(20)) {
            // A node that joins may refuse to answer for a while.
            (try? status(number, "wsrep_local_state_comment")) == "Synced"
        }
    }

    /// A status variable of a node.
    package func status(_ number: Int, _ name: String) throws -> String {
        let line = try nodes[number].sql("SHOW STATUS LIKE '\(name)'")
        return line.split(separator: "\t").last.map(String.init) ?? ""
    }

    /// An orderly end of all nodes, one after the other.
    package func stop() throws {
        for node in nodes.reversed() where node.isRunning { try node.stop() }
    }
}
