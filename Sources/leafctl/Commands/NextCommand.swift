internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl next TAG [COUNT]`
struct NextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Prints the next ID of a tag, or the next COUNT, one a line.",
        discussion:
            "If leafd fails half-way through a large COUNT, the IDs printed are valid and the exit status is not 0.")

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @Argument(help: "How many IDs (default: 1).", transform: positive(argument:))
    var count: Int64?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var batches: BatchOptions

    func run() throws {
        let leafd = try connection.connect()
        let output = StandardOutput()
        guard let count else {
            output.line(try leafd.next(tag.name))
            return try output.flush()
        }
        for batch in batches.split(count) {
            for id in try leafd.next(tag.name, count: batch) { output.line(id) }
            // With each batch: an ID that was issued but not printed is lost.
            try output.flush()
        }
    }
}
