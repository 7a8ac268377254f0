internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl lease TAG COUNT`
struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Takes COUNT IDs of a tag as ranges, and prints one a line: the first ID, a space, the last ID.",
        discussion: """
            Both ends are included, and the ranges have exactly COUNT IDs in all. They are yours: leafd issues them to nobody \
            else.
            """)

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @Argument(help: "How many IDs.", transform: positive(argument:))
    var count: Int64

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var batches: BatchOptions

    func run() throws {
        let leafd = try connection.connect()
        var ranges: [IDRange] = []
        do {
            for batch in batches.split(count) {
                for range in try leafd.lease(tag.name, count: Int64(batch)) { ranges.extend(with: range) }
            }
        } catch {
            // What was leased before the failure is the caller's all the same.
            try print(ranges)
            throw error
        }
        try print(ranges)
    }

    private func print(_ ranges: [IDRange]) throws {
        let output = StandardOutput()
        for range in ranges { output.line("\(range.first) \(range.last)") }
        try output.flush()
    }
}
