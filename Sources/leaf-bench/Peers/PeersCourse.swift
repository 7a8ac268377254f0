/// What is measured, in which order.
struct PeersCourse {
    /// One row of figures: a point and a peer.
    struct Key: Hashable {
        var load: Load
        var point: LoadPoint
        var peer: Peer
    }

    /// What is asked for.
    enum Load: String, Hashable, CaseIterable {
        case one, next, lease

        var command: [String] {
            switch self {
            case .one: ["INCR", "orders"]
            case .next: ["NEXT", "orders", "100"]
            case .lease: ["LEASE", "orders", "10000"]
            }
        }

        var idsPerRequest: Int {
            switch self {
            case .one: 1
            case .next: 100
            case .lease: 10_000
            }
        }
    }

    /// By round.
    typealias Samples = [Key: [LoadGenerator.Sample]]

    let peers: [Peer]
    let points: [LoadPoint]
    let rounds: Int
    /// Of one measurement.
    let seconds: Double
    let withBatches: Bool

    /// A warm-up before each measurement takes this share of its time: leafd's journal is a window ahead that goes by
    /// the rate, and Redis's log a buffer.
    private static let warmUpShare = 0.2

    var batchPoints: [LoadPoint] { [LoadPoint(pipeline: 1, clients: 50), LoadPoint(pipeline: 16, clients: 50)] }

    /// All that is measured in one round, but for who begins.
    private var keys: [[Key]] {
        let ones = points.map { point in peers.map { Key(load: .one, point: point, peer: $0) } }
        let own = peers.filter(\.isLeafd)
        let batches = [Load.next, .lease].flatMap { load in
            batchPoints.map { point in own.map { Key(load: load, point: point, peer: $0) } }
        }
        return withBatches && !own.isEmpty ? ones + batches : ones
    }

    /// Measures everything.
    ///
    /// - Parameters: the paths of the programs.
    func run(leafd: String, floor: String) throws -> Samples {
        let generator = LoadGenerator(folder: try WorkFolder())
        var running: [Peer: RunningPeer] = [:]
        for peer in peers { running[peer] = try peer.start(leafd: leafd, floor: floor) }
        var samples = Samples()
        var counts: [Key: Int] = [:]
        var progress = Progress("peers", steps: rounds * keys.reduce(0) { $0 + $1.count })
        for round in 0..<rounds {
            for group in keys {
                // Somebody else begins in each round.
                for key in group.indices.map({ group[($0 + round) % group.count] }) {
                    progress.step(
                        "round \(round + 1): \(key.load.command[0]), \(key.point.description), \(key.peer.title)")
                    guard let server = running[key.peer] else { continue }
                    samples[key, default: []].append(try measure(key, on: server, with: generator, &counts))
                }
            }
        }
        return samples
    }

    private func measure(
        _ key: Key, on server: RunningPeer, with generator: LoadGenerator, _ counts: inout [Key: Int]
    ) throws -> LoadGenerator.Sample {
        func run(_ requests: Int) throws -> LoadGenerator.Sample {
            try generator.run(
                key.load.command, at: key.point, on: server, requests: requests,
                idsPerRequest: key.load.idsPerRequest)
        }
        // Fewer than the clients' pipelines hold would leave some idle.
        let least = 4 * key.point.clients * key.point.pipeline
        func requests(_ sample: LoadGenerator.Sample, lasting share: Double) -> Int {
            max(Int(sample.requestsPerSecond * seconds * share), least)
        }
        let share = PeersCourse.warmUpShare
        let known = try counts[key] ?? requests(firstSample(startingAt: max(2000, least), run), lasting: share)
        let warm = try run(known)
        counts[key] = requests(warm, lasting: share)
        return try run(requests(warm, lasting: 1))
    }

    /// Takes more and more requests, until they last long enough for redis-benchmark's clock, which counts milliseconds:
    /// of a run that is over sooner it says that infinitely many are answered in a second.
    private func firstSample(
        startingAt requests: Int, _ run: (Int) throws -> LoadGenerator.Sample
    ) throws -> LoadGenerator.Sample {
        var requests = requests
        while true {
            let sample = try run(requests)
            if Double(requests) / sample.requestsPerSecond > 0.02 { return sample }
            requests *= 4
        }
    }
}
