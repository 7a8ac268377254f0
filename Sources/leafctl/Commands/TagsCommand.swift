internal import ArgumentParser
internal import LeafClient

/// `leafctl tags`
struct TagsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tags", abstract: "Prints the tags, one a line.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let leafd = try connection.connect()
        let reply = try leafd.answer(to: ["TAGS"])
        guard let tags = reply.array?.compactMap(\.text), tags.count == reply.array?.count else {
            throw LeafClientError.unexpected(reply, to: "TAGS", from: leafd.path)
        }
        let output = StandardOutput()
        for tag in tags.sorted() { output.line(tag) }
        try output.flush()
    }
}
