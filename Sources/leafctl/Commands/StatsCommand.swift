internal import ArgumentParser
internal import LeafClient
internal import LeafCore
internal import LeafProtocol

/// `leafctl stats [TAG] [--json] [--journal PATH]`
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Shows what leafd is doing, or how one tag is doing.",
        discussion: """
            Of many tags, the 100 whose stock would be used up first. Percentiles are over the last minute.

            With --journal, what a leafd that does not run has left, read without changing it: the figures that a journal has, \
            of every tag. RESERVED TO is where issue goes on; LOST is how many IDs below it, at most, a crash left unissued. Exit \
            status: 1 damaged; 2 there is none, or it cannot be read; 3 a running leafd holds it.
            """)

    @Argument(help: "One tag alone.", transform: tag(argument:))
    var tag: Tag?

    @Flag(help: "The figures as one JSON object, as leafd gives them.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Read the journal of a stopped leafd instead: its folder, or a data file that was set aside.",
            valueName: "path"))
    var journal: String?

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        if let journal { return try show(journal) }
        let leafd = try connection.connect()
        let reply = try leafd.answer(to: ["STATS"] + (tag.map { [$0.name] } ?? []))
        guard let text = reply.text else { throw LeafClientError.unexpected(reply, to: "STATS", from: leafd.path) }
        let output = StandardOutput()
        // As it came: a newer leafd may have keys that this leafctl does not know.
        let lines = json ? [text] : try table(of: text)
        for line in lines { output.line(line) }
        try output.flush()
    }

    private func show(_ path: String) throws {
        let answer = try JournalReading(path: path).ask("--dump-journal")
        guard answer.status == 0 else { throw CommandError(status: answer.status, message: answer.text) }
        let output = StandardOutput()
        for line in try lines(of: answer.text, path) { output.line(line) }
        try output.flush()
    }

    private func lines(of text: String, _ path: String) throws -> [String] {
        if json && tag == nil { return [text] }
        let document = try StatsDocument(json: text)
        let style = Style.ofStandardOutput
        guard let tag else { return JournalTable.lines(document, style) }
        guard let stats = document.tags.first(where: { $0.tag == tag.name }) else {
            throw CommandError(status: ExitStatus.rejected, message: "there is no tag \(tag) in the journal \(path)")
        }
        return json ? [stats.jsonText()] : JournalTable.lines(stats, style)
    }

    private func table(of text: String) throws -> [String] {
        let style = Style.ofStandardOutput
        return tag == nil
            ? try StatsTable.lines(StatsDocument(json: text), style)
            : try TagStatsTable.lines(TagStats(json: text), style)
    }
}
