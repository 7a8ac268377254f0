/// What the samples say: medians over the rounds, ratios of each round's pair, and the targets (`PeersVerdicts`).
struct PeersTables {
    typealias Figure = (LoadGenerator.Sample) -> Double

    let course: PeersCourse
    let samples: PeersCourse.Samples

    func fill(_ results: inout Results) {
        results.tables += [processorTime, processorTimeRatios, rates, rateRatios, latencies, generatorUse]
        if course.withBatches && !own.isEmpty { results.tables.append(batches) }
        results.verdicts = verdicts
    }

    // MARK: Figures

    var own: [Peer] { course.peers.filter(\.isLeafd) }
    private var others: [Peer] { course.peers.filter { !$0.isLeafd } }

    private var roundsText: String { course.rounds == 1 ? "one round" : "medians of \(course.rounds) rounds" }

    /// The ratios of two peers' figures, the median of the rounds'.
    func ratio(_ point: LoadPoint, _ peer: Peer, to other: Peer, _ figure: Figure) -> Double? {
        Statistics.medianRatio(values(point, peer, figure), to: values(point, other, figure))
    }

    private func values(
        _ point: LoadPoint, _ peer: Peer, load: PeersCourse.Load = .one, _ figure: Figure
    ) -> [Double] {
        (samples[PeersCourse.Key(load: load, point: point, peer: peer)] ?? []).map(figure)
    }

    private func median(
        _ point: LoadPoint, _ peer: Peer, load: PeersCourse.Load = .one, _ figure: Figure
    ) -> Value {
        Value(Statistics.median(values(point, peer, load: load, figure)))
    }

    // MARK: Tables

    private var processorTime: Table {
        var table = medians(
            "Server CPU per request, µs",
            """
            Of all the server's threads, in user and kernel mode, from /proc: the steady figure, since it does not depend \
            on how fast the load generator is. `INCR orders`; \(roundsText). What Redis's child \
            processes take to rewrite its log is not counted. leafd by itself takes \(min(4, Cores.count)) event loops \
            here; one loop is one thread, as in Redis and in the floor.
            """, \.serverMicrosecondsPerRequest)
        table.chart = Chart(file: "cpu", axis: "server CPU per request, µs", series: course.peers.map(\.title))
        return table
    }

    private var processorTimeRatios: Table {
        ratios(
            "Server CPU per request: ratios",
            "Below 1, leafd is cheaper. The median of the ratios within each round.", \.serverMicrosecondsPerRequest)
    }

    private var rates: Table {
        var table = medians(
            "Requests per second",
            "`INCR orders`; \(roundsText). Where the load generator is the limit (below), all are alike.",
            \.requestsPerSecond)
        table.chart = Chart(file: "rate", axis: "requests per second", series: course.peers.map(\.title))
        return table
    }

    private var rateRatios: Table {
        ratios("Requests per second: ratios", "Above 1, leafd is faster.", \.requestsPerSecond)
    }

    private var latencies: Table {
        var table = Table(
            "Latency, µs: p50 · p99 · p99.9",
            """
            As redis-benchmark sees it: each client waits for its replies before it sends again, so this is the time of a \
            request under the most load that the clients make, not at a given rate.
            """)
        let figures: [Figure] = [\.p50Microseconds, \.p99Microseconds, \.p999Microseconds]
        for point in course.points {
            let cells = course.peers.map { peer in
                let texts = figures.map { median(point, peer, $0).shown }
                return (peer.title, Value.text(texts.joined(separator: " · ")))
            }
            table.add(head(point) + cells)
        }
        return table
    }

    private var generatorUse: Table {
        medians(
            "How busy the load generator was, % of one core",
            """
            redis-benchmark is one thread. Near 100 it is the limit, and the requests per second tell more about it than \
            about the server; on one core it and the server share the 100.
            """
        ) { $0.generatorUse * 100 }
    }

    private var batches: Table {
        var table = Table(
            "IDs per second, many to a request",
            "`NEXT orders 100` is answered with 100 IDs, `LEASE orders 10000` with the ends of ranges of 10,000 IDs.")
        for load in [PeersCourse.Load.next, .lease] {
            for point in course.batchPoints {
                let rates = own.map { peer in
                    let ids = median(point, peer, load: load) { $0.requestsPerSecond * Double(load.idsPerRequest) }
                    return ("\(peer.title): IDs/s", ids)
                }
                let costs = own.map { peer in
                    let cost = median(point, peer, load: load, \.serverMicrosecondsPerRequest)
                    return ("\(peer.title): CPU per request, µs", cost)
                }
                let request = "`\(load.command.joined(separator: " "))`"
                table.add([("request", .text(request))] + head(point) + rates + costs)
            }
        }
        return table
    }

    // MARK: Rows

    private func head(_ point: LoadPoint) -> [(String, Value)] {
        [("pipeline", .count(point.pipeline)), ("clients", .text(point.clientsTitle))]
    }

    private func medians(_ title: String, _ sentence: String, _ figure: Figure) -> Table {
        var table = Table(title, sentence)
        for point in course.points {
            table.add(head(point) + course.peers.map { ($0.title, median(point, $0, figure)) })
        }
        return table
    }

    private func ratios(_ title: String, _ sentence: String, _ figure: Figure) -> Table {
        var table = Table(title, sentence)
        for point in course.points {
            let cells = own.flatMap { peer in
                others.map { ("\(peer.title) / \($0.title)", Value(ratio(point, peer, to: $0, figure))) }
            }
            table.add(head(point) + cells)
        }
        return table
    }
}
