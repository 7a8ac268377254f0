internal import ArgumentParser
internal import LeafClient
internal import LeafProtocol

/// `leafctl workers …`
struct WorkersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Shows who holds which worker id, or releases one.",
        subcommands: [WorkersListCommand.self, WorkersReleaseCommand.self],
        defaultSubcommand: WorkersListCommand.self)
}

/// `leafctl workers [list] [--json]`
struct WorkersListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows the worker ids that were ever given out, as the central store has them.",
        discussion: """
            STATE: mine, held (by another host), over (nobody may stamp with it), released (by an operator). What is over or \
            released is given to the next who asks; but "static" stands with the ids that are configured as a machine's own, \
            which get back to that machine alone until they are released.

            UNTIL: the last time that may be stamped with it. Its holder keeps moving that ahead, and whoever has the id next \
            begins after it.
            """)

    @Flag(help: "A JSON array, with an object for each worker id.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let workers = try connection.connect().workers()
        let output = StandardOutput()
        let lines = json ? [JSONText.array(workers)] : WorkersTable.lines(workers, Style.ofStandardOutput)
        for line in lines { output.line(line) }
        try output.flush()
    }
}

/// `leafctl workers release ID`
struct WorkersReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Takes a worker id from its holder, for good.",
        discussion: """
            For a host that is gone, or a static worker id that is to move to another machine. Once the id's UNTIL is past \
            (leafctl workers shows it), anybody may claim it, and stamps later times only: nobody but the holder of now ever \
            stamps a time up to UNTIL under that id, so that no ID comes twice.

            A holder that still runs may go on up to UNTIL; it is told when it next asks for more, and then claims another \
            worker id, or the same again if that is configured.
            """)

    @Argument(help: ArgumentHelp("The worker id.", valueName: "id"), transform: worker(argument:))
    var number: Int64

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try connection.connect().expectOK(["WORKERS", "RELEASE", String(number)])
    }
}
