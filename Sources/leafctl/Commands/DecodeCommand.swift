internal import ArgumentParser
internal import LeafClient
internal import LeafCore
internal import LeafProtocol

/// `leafctl decode ID… [--epoch MS] [--layout LAYOUT] [--json]`
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Takes snowflake IDs apart: time, worker id and sequence number.",
        discussion: """
            Epoch and layout are those of the leafd that is asked. With --epoch or --layout none is asked; the one of the \
            two that is not given is Leaf's: 1288834974657, leaf.

            Exit status 1: an ID has more bits than the layout. Nothing is printed then.
            """)

    @Argument(help: "The IDs.", transform: snowflake(argument:))
    var ids: [Int64]

    @Option(
        help: ArgumentHelp("The zero of their time, in milliseconds since 1970.", valueName: "ms"),
        transform: epoch(argument:))
    var epoch: Int64?

    @Option(
        help: ArgumentHelp(
            "leaf, js53, or unit of time and bits of time, worker and sequence: 1ms,41,10,12.", valueName: "layout"),
        transform: layout(argument:))
    var layout: SnowflakeLayout?

    @Flag(help: "A JSON array, with an object for each ID.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    /// Leaf's, and leafd's if nothing else is configured.
    private static let epochOfLeaf: Int64 = 1_288_834_974_657

    func run() throws {
        let decoded = try epoch == nil && layout == nil ? connection.connect().decode(ids) : decodeHere()
        let output = StandardOutput()
        let lines = json ? [JSONText.array(decoded)] : DecodeTable.lines(decoded, Style.ofStandardOutput)
        for line in lines { output.line(line) }
        try output.flush()
    }

    private func decodeHere() throws -> [DecodedID] {
        let format = SnowflakeFormat(layout: layout ?? .leaf, epoch: epoch ?? DecodeCommand.epochOfLeaf)
        return try ids.map { id in
            guard let parts = format.parts(of: id) else {
                throw CommandError(status: ExitStatus.rejected, message: DecodedID.problem(of: id, format))
            }
            return DecodedID(id: id, parts: parts)
        }
    }
}
