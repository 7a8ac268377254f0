internal import ArgumentParser

/// `leafctl check-config FILE`
///
/// leafd itself does the checking, so that there is one reader of the file, and leafctl stays without YAML.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks a configuration file without starting anything (runs leafd --check).")

    @Argument(help: "The file, for example /etc/leafd/leafd.yaml.")
    var file: String

    func run() throws {
        try LeafdProgram.find().replaceLeafctl(["--check", "--config", file])
    }
}
