internal import ArgumentParser
internal import LeafClient
internal import LeafCore
internal import LeafProtocol

/// `leafctl stats [TAG] [--json]`
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Shows what leafd is doing, or how one tag is doing.",
        discussion: "Of many tags, the 100 whose stock would be used up first. Percentiles are over the last minute.")

    @Argument(help: "One tag alone.", transform: tag(argument:))
    var tag: Tag?

    @Flag(help: "The figures as one JSON object, as leafd gives them.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let leafd = try connection.connect()
        let reply = try leafd.answer(to: ["STATS"] + (tag.map { [$0.name] } ?? []))
        guard let text = reply.text else { throw LeafClientError.unexpected(reply, to: "STATS", from: leafd.path) }
        let output = StandardOutput()
        // As it came: a newer leafd may have keys that this leafctl does not know.
        let lines = json ? [text] : try table(of: text)
        for line in lines { output.line(line) }
        try output.flush()
    }

    private func table(of text: String) throws -> [String] {
        let style = Style.ofStandardOutput
        return tag == nil
            ? try StatsTable.lines(StatsDocument(json: text), style)
            : try TagStatsTable.lines(TagStats(json: text), style)
    }
}
