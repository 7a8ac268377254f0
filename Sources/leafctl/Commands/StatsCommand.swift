internal import ArgumentParser
internal import LeafClient
internal import LeafCore
internal import LeafProtocol

/// `leafctl stats [TAG] [--json] [--prometheus [--output FILE]] [--watch [--interval 1s]] [--journal PATH]`
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Shows what leafd is doing, or how one tag is doing.",
        discussion: """
            Of many tags, the 100 whose stock would be used up first. Percentiles are over the last minute.

            With --watch, the same on the whole terminal, kept up to date, with what has happened meanwhile; q leaves.

            With --prometheus, metrics for node_exporter's textfile collector, or any other, of all tags that are in use. While leafd cannot be \
            asked they are leafd_up 0 and the time alone, and the exit status is that of the failure.

            With --journal, what a leafd that does not run has left, read without changing it: the figures that a journal has, \
            of every tag. RESERVED TO is where issue goes on; LOST is how many IDs below it, at most, a crash left unissued. Exit \
            status: 1 damaged; 2 there is none, or it cannot be read; 3 a running leafd holds it.
            """)

    @Argument(help: "One tag alone.", transform: tag(argument:))
    var tag: Tag?

    @Flag(help: "The figures as one JSON object, as leafd gives them.")
    var json = false

    @Flag(help: "Metrics in Prometheus' text format.")
    var prometheus = false

    @Option(
        help: ArgumentHelp(
            "With --prometheus: a file to be replaced, at one stroke, instead of standard output.", valueName: "file"))
    var output: String?

    @Flag(help: "Keep the terminal up to date until q is pressed.")
    var watch = false

    @Option(
        help: ArgumentHelp("With --watch: how often leafd is asked: 500ms, 5s.", valueName: "duration"),
        transform: duration(argument:))
    var interval: Duration?

    @Option(
        help: ArgumentHelp(
            "Read the journal of a stopped leafd instead: its folder, or a data file that was set aside.",
            valueName: "path"))
    var journal: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        let kinds = [("--json", json), ("--prometheus", prometheus), ("--watch", watch)].filter(\.1).map(\.0)
        guard kinds.count <= 1 else {
            throw ValidationError("\(kinds.joined(separator: " and ")) are different kinds of output: give one of them")
        }
        if prometheus || watch, let kind = kinds.first {
            if tag != nil { throw ValidationError("\(kind) shows all tags: leave the tag out") }
            if journal != nil {
                throw ValidationError("\(kind) is of a leafd that runs, --journal of one that does not")
            }
        }
        if output != nil && !prometheus { throw ValidationError("--output goes with --prometheus") }
        if interval != nil && !watch { throw ValidationError("--interval goes with --watch") }
        if let interval, interval < .milliseconds(100) {
            throw ValidationError("--interval is 100ms at least: leafd has other things to do")
        }
    }

    func run() throws {
        if let journal { return try show(journal) }
        if prometheus { return try MetricsReport(connection: connection, file: output).run() }
        if watch { return try Watch(connection: connection, interval: interval ?? .seconds(1)).run() }
        let leafd = try connection.connect()
        let output = StandardOutput()
        for line in try lines(from: leafd) { output.line(line) }
        try output.flush()
    }

    private func lines(from leafd: LeafConnection) throws -> [String] {
        if tag == nil && !json {
            return StatsTable.lines(
                try leafd.snapshot(), Style.ofStandardOutput, rows: TerminalSize.ofStandardOutput?.rows)
        }
        let reply = try leafd.answer(to: ["STATS"] + (tag.map { [$0.name] } ?? []))
        guard let text = reply.text else { throw LeafClientError.unexpected(reply, to: "STATS", from: leafd.path) }
        // As it came: a newer leafd may have keys that this leafctl does not know.
        return json ? [text] : TagStatsTable.lines(try TagStats(json: text), Style.ofStandardOutput)
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
}
