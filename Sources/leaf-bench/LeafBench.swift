internal import ArgumentParser
private import Glibc

/// The benchmarks: each a subcommand, which writes its results to a file, and one that makes the page out of them.
///
/// `Peers`: beside Redis and a C program that does the least there is to do. `Latency`: at a given rate, while leafd is at
/// other work. `Scale`: many tags and connections. `Pool`: the client's pool of IDs. `Report`: Docs/Benchmarks.md. What
/// they share is in `Kit`.
@main
struct LeafBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leaf-bench",
        abstract: "Measures leafd.",
        subcommands: [
            PeersBenchmark.self, LatencyBenchmark.self, ScaleBenchmark.self, PoolBenchmark.self, ReportCommand.self,
        ]
    )

    static func main() {
        Cleanup.handleSignals()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let problem as Problem {
            Progress.say("cannot go on: \(problem)")
            Cleanup.cleanUp()
            Glibc.exit(1)
        } catch {
            Cleanup.cleanUp()
            exit(withError: error)
        }
    }
}
