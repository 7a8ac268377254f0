internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl create TAG`
struct CreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Creates a tag.",
        discussion: "A tag that was dropped before goes on above its old IDs. What is not given is leafd's own default."
    )

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @Option(help: "How many IDs to lease at once, at least.", transform: positive(argument:))
    var step: Int64?

    @Option(help: "The first ID.", transform: positive(argument:))
    var start: Int64?

    @Option(help: "The last ID it may ever issue.", transform: positive(argument:))
    var max: Int64?

    @Option(help: "What it is for.")
    var description: String?

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        var words = ["CREATE", tag.name]
        if let step { words += ["STEP", String(step)] }
        if let start { words += ["START", String(start)] }
        if let max { words += ["MAX", String(max)] }
        if let description { words += ["DESCRIPTION", description] }
        try connection.connect().expectOK(words)
    }
}
