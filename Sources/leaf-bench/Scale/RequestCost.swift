/// What a request costs with one tag and with very many.
struct RequestCost {
    struct Plan {
        /// How many tags, leafd by leafd. The first is what the others are compared with.
        var tagCounts: [Int]
        var pipelines = [1, 16]
        var connections: Int
        var rounds: Int
        var duration: Duration
        var eventLoops: Int
    }

    /// One kind of load on one leafd.
    private struct Point: Hashable {
        let tags: Int
        let popularity: Popularity
        let pipeline: Int
    }

    private struct Figures {
        var requestsPerSecond: [Double] = []
        /// Of all of leafd's threads, in microseconds a request.
        var processor: [Double] = []
        /// Of its event loops alone.
        var loops: [Double] = []
        /// Of the thread that commits, and of the one that ticks every one to four seconds for each tag in use.
        var journal: [Double] = []
        var ticker: [Double] = []
        var errors = 0
        var firstError: String?
    }

    private let plan: Plan
    private let daemons: [Int: Leafd]
    private let names: [String]
    private let picks: [String: [Int32]]
    private var figures: [Point: Figures] = [:]

    init(_ plan: Plan, leafd path: String) throws {
        self.plan = plan
        names = ManyTags.names(plan.tagCounts.max() ?? 1)
        var daemons: [Int: Leafd] = [:]
        var picks: [String: [Int32]] = [:]
        for count in plan.tagCounts {
            Progress.say("scale: a leafd with \(count) tags, each asked once")
            daemons[count] = try ManyTags.start(
                path, count: count,
                settings: ["server.event-loops=\(plan.eventLoops)", "segments.wait-timeout=60s", "segments.reserve=0"])
            try ManyTags.touch(Array(names.prefix(count)), of: daemons[count]!)
            for popularity in Popularity.allCases {
                picks["\(popularity) \(count)"] = popularity.picks(tags: count, count: max(10_000, count * 4))
            }
        }
        self.daemons = daemons
        self.picks = picks
    }

    private var points: [Point] {
        plan.pipelines.flatMap { pipeline in
            plan.tagCounts.flatMap { tags in
                (tags == 1 ? [Popularity.uniform] : Popularity.allCases).map {
                    Point(tags: tags, popularity: $0, pipeline: pipeline)
                }
            }
        }
    }

    /// All points in turn, and that round by round: what slows the machine down for a while hits all of them.
    mutating func measure() throws {
        var progress = Progress("scale, cost of a request", steps: plan.rounds * points.count)
        for round in 1...plan.rounds {
            for point in points {
                progress.step(
                    "round \(round): \(point.tags) tags, \(point.popularity.rawValue), pipeline \(point.pipeline)")
                try measure(point)
            }
        }
    }

    private mutating func measure(_ point: Point) throws {
        let leafd = daemons[point.tags]!
        var load = try ClosedLoad(
            socketPath: leafd.socketPath, connections: plan.connections, pipeline: point.pipeline,
            tags: Array(names.prefix(point.tags)), picks: picks["\(point.popularity) \(point.tags)"]!)
        // Windows grow to the rate, idle tags wake up.
        _ = try load.run(for: plan.duration)
        let before = try ThreadTimes(of: leafd.pid)
        let outcome = try load.run(for: plan.duration)
        let used = try ThreadTimes(of: leafd.pid).since(before)
        let requests = Double(max(outcome.requests, 1))
        figures[point, default: Figures()].requestsPerSecond.append(requests / outcome.duration.inSeconds)
        figures[point]!.processor.append(used.total.inMicroseconds / requests)
        figures[point]!.loops.append(used.loops.inMicroseconds / requests)
        figures[point]!.journal.append(used.of("leafd-journal").inMicroseconds / requests)
        figures[point]!.ticker.append(used.of("leafd-ticker").inMicroseconds / requests)
        figures[point]!.errors += outcome.errors
        figures[point]!.firstError = figures[point]!.firstError ?? outcome.firstError
    }

    // MARK: Results

    func report(to results: inout Results) {
        var table = Table(
            "What a request costs, by the number of tags",
            """
            `NEXT` over \(plan.connections) connections, each sending a batch of so many requests and waiting for all \
            replies; medians of \(plan.rounds) rounds of \(plan.duration). Processor time of all of leafd's threads, and of \
            some alone: the event loops (\(plan.eventLoops)), the journal, and the ticker, which looks at each tag in use every \
            second, or every fourth one if it issues little. "Ratio" is to the same load on one tag, round by round.
            """)
        for point in points {
            let found = figures[point]!
            let base = figures[Point(tags: plan.tagCounts[0], popularity: .uniform, pipeline: point.pipeline)]!
            let ratio = Statistics.medianRatio(found.processor, to: base.processor)
            table.add([
                "tags": .count(point.tags),
                "distribution": .text(point.tags == 1 ? "" : point.popularity.rawValue),
                "pipeline": .count(point.pipeline),
                "requests/s": Value(Statistics.median(found.requestsPerSecond)),
                "CPU, µs/request": Value(Statistics.median(found.processor)),
                "of event loops, µs": Value(Statistics.median(found.loops)),
                "of the journal, µs": Value(Statistics.median(found.journal)),
                "of the ticker, µs": Value(Statistics.median(found.ticker)),
                "ratio": Value(ratio),
                "ratio of event loops": Value(Statistics.medianRatio(found.loops, to: base.loops)),
                "errors": .count(found.errors),
            ])
            if point.tags == plan.tagCounts.last, point.tags > 1, let ratio {
                results.verdicts.append(
                    Verdict(
                        what: "server CPU per request, \(point.tags) tags (\(point.popularity.rawValue)) to one, "
                            + "pipeline \(point.pipeline)",
                        target: "at most 1.15 ×", measured: "\(NumberText.number(ratio)) ×", isMet: ratio <= 1.15))
            }
            if let error = found.firstError { Progress.say("scale: \(found.errors) errors, the first: \(error)") }
        }
        results.tables.append(table)
    }
}
