internal import ArgumentParser
internal import LeafCore

/// `leafctl forget TAG`
struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forgets what was leased of a tag, so that it can start again below.",
        discussion: """
            For a counter that was reset on purpose. Stock, floor and tombstone of the tag go, and with them what keeps \
            leafd from issuing its IDs a second time.
            """)

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag

    @Flag(help: "Do it without asking.")
    var yes = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        StandardError.line(
            """
            IDs of \(tag) that were issued before may be issued again: this host forgets up to where it was leased.
            Every host that has ever leased \(tag) must forget it too; one that has not goes on above its own IDs, and lifts \
            the counter there.
            """)
        if !yes {
            guard Terminal.asks else {
                throw CommandError(
                    status: ExitStatus.refused,
                    message:
                        "nothing was forgotten: standard input is no terminal to ask at; give --yes if this is what you want"
                )
            }
            guard Terminal.confirms("Forget \(tag)? [y/N] ") else {
                throw CommandError(status: ExitStatus.refused, message: "nothing was forgotten")
            }
        }
        try connection.connect().expectOK(["FORGET", tag.name])
    }
}
