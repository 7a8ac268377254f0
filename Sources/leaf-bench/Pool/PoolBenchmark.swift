internal import ArgumentParser
internal import LeafClient

/// `leaf-bench pool`: how fast an IDPool deals, and whether anybody ever waits for its refill.
struct PoolBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "IDs a second out of an IDPool, with one thread and with two.")

    @OptionGroup var options: BenchmarkOptions

    @Option(help: "How long one round lasts, in seconds.")
    var seconds = 2.0

    @Option(help: "How many rounds; the medians are reported.")
    var rounds = 5

    func validate() throws {
        guard seconds > 0, rounds > 0 else { throw ValidationError("--seconds and --rounds take numbers above 0") }
    }

    func run() throws {
        let (rounds, seconds) = options.quick ? (1, 0.1) : (rounds, seconds)
        // At hundreds of millions of IDs a second the largest step is a few leases a second from the central store.
        let leafd = try Leafd(
            options.leafdPath, tags: [Leafd.Tag("orders", step: 100_000_000)],
            settings: ["segments.max-step=1000000000"])
        let pool = try IDPool("orders", client: LeafClient(socketPath: leafd.socketPath))
        var progress = Progress("pool", steps: 2 * rounds + 1)
        progress.step("warming up: the pool learns the rate, and the daemon the step")
        _ = try PoolRound(pool, threads: 2, seconds: seconds, leafd: leafd)
        var taken: [Int: [PoolRound]] = [:]
        for number in 1...rounds {
            // In turn, so that a busy minute of the machine falls on both.
            for threads in [1, 2] {
                progress.step("round \(number) of \(rounds): \(threads) thread\(threads == 1 ? "" : "s")")
                taken[threads, default: []].append(
                    try PoolRound(pool, threads: threads, seconds: seconds, leafd: leafd))
            }
        }
        var results = Results(
            name: "pool", title: "IDs out of memory: IDPool", machine: try options.machine(), isQuick: options.quick)
        report(taken, to: &results)
        TableText.print(results)
        Progress.say("pool: results in \(try results.write(to: options.results))")
    }

    private func report(_ taken: [Int: [PoolRound]], to results: inout Results) {
        var table = Table(
            "IDs dealt by one pool",
            """
            Each thread takes IDs with `nextBlocking()` as fast as it can, for \(seconds) s; medians of \(rounds) rounds in turn. The longest wait is \
            of 1,024 IDs in a row, and includes what the system's scheduler takes. leafd's CPU is what its leases cost meanwhile.
            """)
        for threads in [1, 2] {
            let rounds = taken[threads] ?? []
            table.add([
                "threads": .count(threads),
                "million IDs/s": .number(middle(rounds) { $0.idsPerSecond / 1e6 }),
                "ns an ID": .number(middle(rounds) { Double(threads) * 1e9 / $0.idsPerSecond }),
                "longest wait, µs": .number(middle(rounds) { $0.longestWaitMicroseconds }),
                "longest of all rounds, µs": .number(rounds.map(\.longestWaitMicroseconds).max() ?? 0),
                "leafd's CPU, % of a core": .number(middle(rounds) { $0.daemonShare * 100 }),
            ])
        }
        results.tables.append(table)
        let one = middle(taken[1] ?? []) { $0.idsPerSecond }
        let pairs = Array(zip(taken[2] ?? [], taken[1] ?? []))
        let ratio = Statistics.median(pairs.map { $0.idsPerSecond / $1.idsPerSecond }) ?? 0
        results.verdicts.append(
            Verdict(
                what: "IDPool, one thread", target: "at least 100 million IDs/s",
                measured: "\(Int(one / 1e6)) million IDs/s", isMet: one >= 100e6))
        results.verdicts.append(
            Verdict(
                what: "IDPool, two threads together", target: "no slower than one",
                measured: "\((ratio * 100).rounded() / 100) ×", isMet: ratio >= 1))
    }

    private func middle(_ rounds: [PoolRound], _ figure: (PoolRound) -> Double) -> Double {
        Statistics.median(rounds.map(figure)) ?? 0
    }
}
