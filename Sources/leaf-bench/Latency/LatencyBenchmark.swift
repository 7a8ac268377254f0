internal import ArgumentParser

/// `leaf-bench latency`: how long a request takes while leafd is at other work, under a load that does not wait for it.
struct LatencyBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Latency at a given rate: quiet, and during commits, prefetches, outages, reloads, STATS.")

    @OptionGroup var options: BenchmarkOptions

    @Option(help: "Requests a second: well below what leafd and this machine can do.")
    var rate: Double?

    @Option(help: "Connections, which take turns.")
    var connections = 50

    @Option(help: "Tags that are asked for.")
    var tags = 20

    @Option(help: "Threads of the load generator.")
    var threads = 1

    @Flag(help: "Requests at random (a Poisson process) rather than evenly spaced.")
    var poisson = false

    @Option(help: "How often each is measured, in turn.")
    var rounds = 7

    @Option(help: "Seconds each time.")
    var seconds = 4.0

    @Option(help: "Percentiles to report.")
    var percentiles = Percentiles.usual

    @Option(
        help: "What to measure, separated by commas: \(Disturbance.allCases.map(\.rawValue).joined(separator: ",")).")
    var only: String?

    /// Requests a second, unless another rate is asked for.
    private static let usualRate = 20_000.0

    func validate() throws {
        guard rate ?? 1 > 0, tags > 0, threads > 0, connections >= threads, rounds > 0, seconds > 0 else {
            throw ValidationError(
                "--rate, --tags, --threads, --rounds and --seconds are above 0, and --connections at least --threads")
        }
    }

    func run() throws {
        let plan = LatencyCourse.Plan(
            load: OpenLoad(
                requestsPerSecond: rate ?? (options.quick ? 500 : LatencyBenchmark.usualRate),
                spacing: poisson ? .poisson(seed: 1) : .even, connections: options.quick ? 4 : connections,
                threads: options.quick ? 1 : threads,
                tags: (0..<(options.quick ? 2 : tags)).map { "load-\($0)" }),
            disturbances: try disturbances(), rounds: options.quick ? 1 : rounds,
            warmUp: options.quick ? .milliseconds(50) : .seconds(1),
            duration: options.quick ? .milliseconds(300) : .seconds(seconds),
            manyTags: options.quick ? 100 : 100_000)
        let machine = try options.machine()
        var course = try LatencyCourse(plan, leafd: try options.leafdPath)
        try course.run()
        var results = Results(
            name: "latency", title: "Latency while leafd is at other work", machine: machine, isQuick: options.quick)
        LatencyTables(course: course, percentiles: percentiles).fill(&results)
        TableText.print(results)
        Progress.say("latency: results in \(try results.write(to: options.results))")
    }

    private func disturbances() throws -> [Disturbance] {
        guard let only else { return Disturbance.allCases }
        return try only.split(separator: ",").map { word in
            guard let disturbance = Disturbance(rawValue: String(word)) else {
                throw ValidationError("--only: \"\(word)\" is none")
            }
            return disturbance
        }
    }
}
