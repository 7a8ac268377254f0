internal import LeafSimulator

/// The clock-fault table: what each fault does to snowflakes.
struct ClockFaults {
    let options: Options

    init(_ options: Options) {
        self.options = options
    }

    private var rows: [ClockFault] {
        options.row.map { row in ClockFault.all.filter { "\($0), \($0.moment.rawValue)".contains(row) } }
            ?? ClockFault.all
    }

    /// - Returns: whether every rule held, and every row's fault happened.
    func run() async -> Bool {
        if let seed = options.seed, let row = rows.first {
            print(row.trace(seed).joined(separator: "\n"))
            return true
        }
        Text.title("What faults of clocks, hosts and databases do to snowflakes")
        let first = options.first
        let seeds = first..<first + options.runs
        print(ClockFaults.legend(runs: options.runs, first: first))
        Text.head(
            [
                "fault", "when", "runs", "IDs", "duplicates", "longest stall", "…once over or undone", "ahead",
                "behind",
                "clients saw", "why",
            ])
        var sums: [Int: FaultSum] = [:]
        var shown = 0
        await withTaskGroup(of: (Int, FaultSum).self) { group in
            let rows = rows
            var waiting = Array(rows.enumerated())[...]
            func addNext() {
                guard let (index, fault) = waiting.popFirst() else { return }
                group.addTask { (index, fault.play(seeds)) }
            }
            for _ in 0..<options.threads { addNext() }
            for await (index, sum) in group {
                sums[index] = sum
                addNext()
                while let sum = sums[shown] {
                    show(rows[shown], sum)
                    shown += 1
                    Text.flush()
                }
            }
        }
        return sumUp(Array(sums.values))
    }

    private static func legend(runs: UInt64, first: UInt64) -> String {
        """
        Each row is played with \(runs) seeds from \(first) on, in simulated time: two or three daemons (a leased worker id each, if nothing
        else is said) with a client each that asks steadily for at most half of what a worker id has; units of 1 or 10 ms, 8 to 4096
        IDs a unit, windows of 100 ms and 1 s, horizons of 1 min to 2 h. Stall: for how long a client that asked got no
        snowflake, be it that it waited or that it was told -CLOCK or -NOWORKER; the time in which the daemon was not there, suspended or
        paused is not in it. Ahead, behind: how far stamps were from the true time, whatever the host's clock said. Seen: in
        how many runs.

        """
    }

    private func show(_ fault: ClockFault, _ sum: FaultSum) {
        let seen = FaultReply.allCases.compactMap { reply in sum.told[reply].map { "\(reply.rawValue) (\($0))" } }
        Text.row([
            "\(fault)", fault.moment.rawValue, runs(sum), Text.count(sum.ids), Text.count(sum.duplicates),
            stall(sum.stalls[0], fault.hasEnd ? "until undone" : "to the end"),
            fault.hasEnd ? stall(sum.stalls[1], "to the end") : "",
            milliseconds(sum.ahead), milliseconds(sum.behind), seen.isEmpty ? "nothing" : seen.joined(separator: ", "),
            fault.reason,
        ])
    }

    /// Of those whose fault did not happen it says so.
    private func runs(_ sum: FaultSum) -> String {
        sum.happened == sum.plays ? Text.count(sum.plays) : "\(sum.happened) of \(sum.plays)"
    }

    private func stall(_ stall: FaultStall, _ end: String) -> String {
        let ended = stall.longest == .zero ? "0" : milliseconds(stall.longest)
        guard stall.unended > 0 else { return ended }
        let longest = milliseconds(stall.longestUnended)
        return "\(end) (\(stall.unended) runs, \(longest) at most)" + (stall.longest == .zero ? "" : "; else \(ended)")
    }

    private func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return Text.span(Double(seconds) * 1000 + Double(attoseconds) / 1e15)
    }

    private func milliseconds(_ number: Int64) -> String { Text.span(Double(number)) }

    private func sumUp(_ rows: [FaultSum]) -> Bool {
        var sum = FaultSum()
        for row in rows { sum += row }
        print(
            "\n\(Text.count(sum.plays)) runs, \(Text.count(sum.ids)) IDs, \(sum.duplicates) duplicates, \(sum.descending) IDs of a worker id not above the one before;"
                + " the fault happened in \(Text.count(sum.happened)) runs; \(sum.repeatedByTwins) IDs were given out by both images of a memory before they were told of each other, which nobody promises"
        )
        if let (seed, violation) = sum.violation { print("seed \(seed): \(violation)") }
        return sum.duplicates == 0 && sum.descending == 0 && sum.violation == nil && sum.happened == sum.plays
    }
}

extension Text {
    /// In milliseconds, seconds or more.
    static func span(_ milliseconds: Double) -> String {
        milliseconds < 1000 ? number(milliseconds) + " ms" : time(milliseconds / 1000)
    }
}
