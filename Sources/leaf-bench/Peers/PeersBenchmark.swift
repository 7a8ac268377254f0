internal import ArgumentParser

/// leafd beside Redis and the C floor, under the same load in one run.
struct PeersBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "leafd beside Redis and a C program that only counts, each on a Unix socket, under redis-benchmark.",
        discussion: """
            The peers take turns within each round, so that whatever else the machine does meets all of them. The steady \
            figure is the server's processor time per request; requests/s also depend on the load generator, which is one \
            thread. Peers: \(Peer.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    @OptionGroup var options: BenchmarkOptions

    @Option(help: "The C floor (default: leaf-floor beside leaf-bench).")
    var floor: String?

    @Option(help: "How often each point is measured; the medians count.")
    var rounds = 5

    @Option(help: "How long each measurement takes, in seconds.")
    var seconds = 2.5

    @Option(help: "Requests that a client sends at once, separated by commas.")
    var pipelines = "1,16,128"

    @Option(help: "Numbers of clients, separated by commas; 1 shares a core with the server.")
    var clients = "1,50,500"

    @Option(help: "Which peers, separated by commas.")
    var peers = Peer.allCases.map(\.rawValue).joined(separator: ",")

    @Flag(help: "Leave out NEXT with a count, and LEASE.")
    var noBatches = false

    func run() throws {
        let course = try PeersCourse(
            peers: items(peers, "--peers") { Peer(rawValue: $0) }, points: try points(),
            rounds: options.quick ? 1 : rounds,
            seconds: options.quick ? 0.1 : seconds, withBatches: !noBatches)
        let versions = try redisVersions(course.peers)
        let leafd = course.peers.contains(where: \.isLeafd) ? try options.leafdPath : ""
        let floor = course.peers.contains(.floor) ? try Beside.program("leaf-floor", option: "floor", given: floor) : ""
        var results = Results(
            name: "peers", title: "Beside Redis and a C floor", machine: try options.machine(versions: versions),
            isQuick: options.quick)
        let samples = try course.run(leafd: leafd, floor: floor)
        PeersTables(course: course, samples: samples).fill(&results)
        TableText.print(results)
        Progress.say("peers: results in \(try results.write(to: options.results))")
        try TextFile.write(PeersRounds.text(of: samples), to: options.results + "/peers-rounds.csv")
    }

    private func points() throws -> [LoadPoint] {
        let pipelines = try items(options.quick ? "1,16" : pipelines, "--pipelines") { Int($0) }
        let clients = try items(options.quick ? "50" : clients, "--clients") { Int($0) }
        guard (pipelines + clients).allSatisfy({ $0 > 0 }), rounds > 0, seconds > 0 else {
            throw ValidationError("--pipelines, --clients, --rounds and --seconds take numbers above 0")
        }
        return pipelines.flatMap { pipeline in clients.map { LoadPoint(pipeline: pipeline, clients: $0) } }
    }

    private func items<Item>(_ text: String, _ option: String, _ item: (String) -> Item?) throws -> [Item] {
        try text.split(separator: ",").map { word in
            guard let item = item(String(word)) else { throw ValidationError("\(option): \"\(word)\" is none") }
            return item
        }
    }

    private func redisVersions(_ peers: [Peer]) throws -> [String: String] {
        let folder = try WorkFolder()
        var versions = ["redis-benchmark": try RedisProgram.version(of: RedisProgram.benchmark(), in: folder)]
        if peers.contains(where: { $0 == .redis || $0 == .redisLog }) {
            versions["redis-server"] = try RedisProgram.version(of: RedisProgram.server(in: folder), in: folder)
        }
        return versions
    }
}
