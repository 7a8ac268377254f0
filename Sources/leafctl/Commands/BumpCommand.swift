internal import ArgumentParser
internal import LeafClient
internal import LeafCore

/// `leafctl bump TAG --to N`, `leafctl bump --all`
struct BumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bump",
        abstract: "Raises the counter of a tag, or of all tags, for all hosts. It never lowers one.",
        discussion: """
            For a database that was put back to an older state, before it is used again: --all lifts every counter by \
            store.failover-gap above all that this host knows to be leased. A gap in the IDs is the price.
            """)

    @Argument(help: "The tag.", transform: tag(argument:))
    var tag: Tag?

    @Option(help: "The first ID of the next lease, at least.", transform: positive(argument:))
    var to: Int64?

    @Flag(help: "Lift the counters of all tags.")
    var all = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if all ? tag != nil || to != nil : tag == nil || to == nil {
            throw ValidationError("give a tag and --to, or --all alone")
        }
    }

    func run() throws {
        let words = if let tag, let to { [tag.name, String(to)] } else { ["ALL"] }
        try connection.connect().expectOK(["BUMP"] + words)
    }
}
