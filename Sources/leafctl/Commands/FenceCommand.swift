internal import ArgumentParser

/// `leafctl fence`
struct FenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fence",
        abstract: "Has leafd give up all its stock, and lease afresh under a new name.",
        discussion: """
            For a host that may have a double: a cloned disk, a copied journal, a memory image that was resumed. Once each of \
            them has done it, neither issues from what both have held. It costs a gap in the IDs.
            """)

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try connection.connect().expectOK(["FENCE"])
    }
}
