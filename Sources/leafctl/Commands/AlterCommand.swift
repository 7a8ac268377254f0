internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl alter TAG --step N`
struct AlterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alter", abstract: "Changes the step of a tag, for all hosts and from their next leases on.")

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @Option(help: "How many IDs to lease at once, at least.", transform: positive(argument:))
    var step: Int64

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try connection.connect().expectOK(["ALTER", tag.name, "STEP", String(step)])
    }
}
