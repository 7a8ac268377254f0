internal import ArgumentParser
internal import LeafClient

/// The command line of leafd: for shells and scripts, and for the operator.
///
/// One command a file in `Commands/`; what they share is beside them. Results go to standard output, and for `next` and
/// `lease` nothing but the IDs; everything else goes to standard error behind `leafctl: `.
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
            file is not valid), or with 127 where there is no leafd.
            """,
        subcommands: [
            NextCommand.self, LeaseCommand.self, StatsCommand.self, TagsCommand.self, CreateCommand.self,
            AlterCommand.self, DropCommand.self, HealthCommand.self, CheckConfigCommand.self,
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
