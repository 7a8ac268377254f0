internal import ArgumentParser

/// How many IDs to ask for at once: a larger count is split into several requests.
struct BatchOptions: ParsableArguments {
    /// `server.max-batch`, by default.
    static let defaultBatch: Int64 = 100_000

    @Option(
        name: .customLong("batch"),
        help: ArgumentHelp(
            "The most IDs in one request; not above the server.max-batch of leafd (default: \(defaultBatch)).",
            valueName: "count"),
        transform: positive(argument:))
    private var batch: Int64?

    /// The counts to ask for, one after another, that add up to `count`.
    func split(_ count: Int64) -> some Sequence<Int> {
        let batch = min(batch ?? BatchOptions.defaultBatch, Int64(Int.max))
        return sequence(state: count) { missing -> Int? in
            guard missing > 0 else { return nil }
            let next = min(missing, batch)
            missing -= next
            return Int(next)
        }
    }
}
