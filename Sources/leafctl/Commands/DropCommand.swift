internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl drop TAG`
struct DropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Drops a tag, for all hosts.",
        discussion: "Its counter is remembered: created anew, it goes on above the IDs that were issued.")

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try connection.connect().expectOK(["DROP", tag.name])
    }
}
