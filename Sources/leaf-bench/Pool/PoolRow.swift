/// The medians of several rounds.
struct PoolRow: Sendable {
    let threads: Int
    let idsPerSecond: Double
    let nanosecondsPerID: Double
    let longestWaitMicroseconds: Double
    let worstWaitMicroseconds: Double

    init(threads: Int, rounds: [PoolRound]) {
        self.threads = threads
        idsPerSecond = PoolRow.median(rounds.map(\.idsPerSecond))
        nanosecondsPerID = PoolRow.median(rounds.map { Double(threads) * 1e9 / $0.idsPerSecond })
        longestWaitMicroseconds = PoolRow.median(rounds.map(\.longestWaitMicroseconds))
        worstWaitMicroseconds = rounds.map(\.longestWaitMicroseconds).max() ?? 0
    }

    static let heading = "threads   million IDs/s   ns an ID   longest wait µs: median   of all rounds"

    var line: String {
        [
            PoolRow.right("\(threads)", 7), PoolRow.right(PoolRow.text(idsPerSecond / 1e6, 1), 16),
            PoolRow.right(PoolRow.text(nanosecondsPerID, 2), 11),
            PoolRow.right(PoolRow.text(longestWaitMicroseconds, 0), 26),
            PoolRow.right(PoolRow.text(worstWaitMicroseconds, 0), 16),
        ].joined()
    }

    var json: String {
        "{\"threads\":\(threads),\"ids_per_s\":\(PoolRow.text(idsPerSecond, 0)),"
            + "\"ns_per_id\":\(PoolRow.text(nanosecondsPerID, 3)),"
            + "\"longest_wait_us\":\(PoolRow.text(longestWaitMicroseconds, 1)),"
            + "\"worst_wait_us\":\(PoolRow.text(worstWaitMicroseconds, 1))}"
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }

    /// A number with so many decimals, without Foundation.
    private static func text(_ value: Double, _ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((value * scale).rounded())
        guard decimals > 0 else { return "\(scaled)" }
        let fraction = String(scaled % Int(scale))
        return "\(scaled / Int(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
