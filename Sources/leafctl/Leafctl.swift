internal import ArgumentParser
internal import LeafClient

/// The command line of leafd: for shells and scripts, and for the operator.
///
/// One command a file in `Commands/`; what they share is beside them. Results go to standard output, and for `next`,
/// `lease` and `snowflake` nothing but the IDs; everything else goes to standard error behind `leafctl: `.
@main
struct Leafctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leafctl",
        abstract: "Asks leafd for IDs, and shows how it is doing.",
        discussion: """
            The socket is the one given by --socket, else $LEAFD_SOCKET, else /run/leafd/leafd.sock, else \
            ./.leafd/run/leafd.sock if it is yours.

            Exit status: 0 done; 1 leafd answered with an error (health: degraded); 2 health: unhealthy; 3 no answer from \
            leafd; 64 wrong usage; 74 standard output cannot be written. check-config exits as leafd --check does (78: the \
            file is not valid). journal verify and stats --journal: 1 damaged; 2 there is none, or it cannot be read; 3 a \
            running leafd holds it. These three need leafd itself, beside leafctl or on PATH: 127 where there is none.
            """,
        subcommands: [
            NextCommand.self, LeaseCommand.self, SnowflakeCommand.self, DecodeCommand.self, StatsCommand.self,
            TagsCommand.self, CreateCommand.self,
            AlterCommand.self, DropCommand.self, BumpCommand.self, ForgetCommand.self, FenceCommand.self,
            WorkersCommand.self,
            HealthCommand.self, CheckConfigCommand.self, JournalCommand.self,
        ]
    )

    @OptionGroup var connection: ConnectionOptions

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exitReporting(error)
        }
    }
}
