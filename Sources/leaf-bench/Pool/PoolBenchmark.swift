internal import ArgumentParser
internal import CLeafPlatform
internal import Glibc
internal import LeafClient

/// `leaf-bench pool`: how fast an IDPool deals, and whether anybody ever waits for its refill.
struct PoolBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "IDs a second out of an IDPool, with one thread and with two, and the longest wait of a caller.",
        discussion: """
            Against a running leafd, whose tag should be allowed large segments (segments.max-step): at 100 million IDs a \
            second, a step of a million means a hundred leases a second from the central store.
            """)

    @Option(help: "The path of leafd's socket.")
    var socket: String = LeafSocket.defaultPath

    @Option(help: "The tag. Its counter runs far ahead: use one of its own.")
    var tag = "bench"

    @Option(help: "How long one round lasts, in seconds.")
    var duration = 2.0

    @Option(help: "How many rounds; the medians are reported.")
    var rounds = 5

    @Option(help: "Write the rows to this file, as JSON.")
    var json: String?

    func validate() throws {
        guard duration > 0, duration <= 3600 else { throw ValidationError("--duration must be above 0, up to 3600") }
        guard 1...1000 ~= rounds else { throw ValidationError("--rounds must be 1 to 1000") }
    }

    func run() throws {
        let pool = try IDPool(tag, client: LeafClient(socketPath: socket))
        // The pool learns the rate, and the daemon the step.
        standardError("warming up for \(duration) s")
        _ = try PoolRound(pool, threads: 2, seconds: duration)
        var rounds: [Int: [PoolRound]] = [:]
        for number in 1...self.rounds {
            // In turn, so that a busy minute of the machine falls on both.
            for threads in [1, 2] {
                standardError("round \(number) of \(self.rounds): \(threads) thread\(threads == 1 ? "" : "s")")
                rounds[threads, default: []].append(try PoolRound(pool, threads: threads, seconds: duration))
            }
        }
        let rows = [1, 2].map { PoolRow(threads: $0, rounds: rounds[$0]!) }
        print(PoolRow.heading)
        for row in rows { print(row.line) }
        if let json { try write(rows, to: json) }
    }

    private func write(_ rows: [PoolRow], to path: String) throws {
        let text = "{\"name\":\"pool\",\"rows\":[\(rows.map(\.json).joined(separator: ","))]}\n"
        guard let file = fopen(path, "w") else { throw ValidationError("\(path) cannot be written") }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else { throw ValidationError("\(path) cannot be written") }
    }

    private func standardError(_ text: String) {
        let line = "leaf-bench pool: \(text)\n"
        _ = Glibc.write(2, line, line.utf8.count)
    }
}
