internal import ArgumentParser
internal import LeafClient

/// `leafctl snowflake [COUNT] [--worker N]`
struct SnowflakeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snowflake",
        abstract: "Prints a snowflake ID, or COUNT of them, one a line.",
        discussion: """
            IDs out of time, worker id and sequence number: unique among all hosts of one central store, without asking it. \
            If leafd fails half-way through a large COUNT, the IDs printed are valid and the exit status is not 0.
            """)

    @Argument(help: "How many IDs (default: 1).", transform: positive(argument:))
    var count: Int64?

    @Option(
        help: ArgumentHelp("With this worker id, which this host must hold (default: any of them).", valueName: "id"),
        transform: worker(argument:))
    var worker: Int64?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var batches: BatchOptions

    func run() throws {
        let leafd = try connection.connect()
        let output = StandardOutput()
        guard let count else {
            output.line(try leafd.snowflake(worker: worker))
            return try output.flush()
        }
        for batch in batches.split(count) {
            for id in try leafd.snowflakes(batch, worker: worker) { output.line(id) }
            // With each batch: an ID that was issued but not printed is lost.
            try output.flush()
        }
    }
}
