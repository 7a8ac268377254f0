internal import ArgumentParser

/// `leaf-bench scale`: many tags, many connections, and what they cost.
struct ScaleBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "What a request costs with many tags; memory of a tag and of a connection; time to start.")

    @OptionGroup var options: BenchmarkOptions

    @Option(help: "How many are many tags.")
    var tags = 100_000

    @Option(help: "How many idle connections.")
    var connections = 10_000

    @Option(help: "How often each load is put on, in turn.")
    var rounds = 5

    // Four: as often as the ticker looks at tags that issue little.
    @Option(help: "Seconds each time, after as long a warm-up.")
    var seconds = 4.0

    @Option(help: "Event loops of leafd (server.event-loops).")
    var eventLoops = 1

    @Option(
        help: "What to measure, separated by commas: \(ScalePart.allCases.map(\.rawValue).joined(separator: ",")).")
    var only: String?

    func validate() throws {
        guard tags > 0, connections > 0, rounds > 0, seconds > 0, eventLoops > 0 else {
            throw ValidationError("--tags, --connections, --rounds, --seconds and --event-loops take numbers above 0")
        }
    }

    func run() throws {
        let path = try options.leafdPath
        let many = options.quick ? 200 : tags
        let machine = try options.machine()
        var results = Results(
            name: "scale", title: "Many tags, many connections", machine: machine, isQuick: options.quick)
        for part in try parts() {
            switch part {
            case .request:
                var cost = try RequestCost(plan(many), leafd: path)
                try cost.measure()
                cost.report(to: &results)
            case .memory:
                try MemoryCost(tags: many, connections: options.quick ? 50 : connections, path: path)
                    .measure(into: &results)
            case .start:
                try StartTime(tags: many, rounds: options.quick ? 1 : rounds, path: path).measure(into: &results)
            }
        }
        TableText.print(results)
        Progress.say("scale: results in \(try results.write(to: options.results))")
    }

    private func plan(_ many: Int) -> RequestCost.Plan {
        RequestCost.Plan(
            tagCounts: many > 1000 ? [1, 1000, many] : [1, many], connections: options.quick ? 4 : 50,
            rounds: options.quick ? 1 : rounds, duration: options.quick ? .milliseconds(100) : .seconds(seconds),
            eventLoops: eventLoops)
    }

    private func parts() throws -> [ScalePart] {
        guard let only else { return ScalePart.allCases }
        return try only.split(separator: ",").map { word in
            guard let part = ScalePart(rawValue: String(word)) else {
                throw ValidationError("--only: \"\(word)\" is none")
            }
            return part
        }
    }
}

enum ScalePart: String, CaseIterable, Sendable {
    /// The cost of a request.
    case request
    /// The memory of a tag and of a connection.
    case memory
    /// The time to start.
    case start
}
