internal import ArgumentParser
internal import LeafClient

/// `leafctl health`
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Says how leafd is, on one line, for probes and people.",
        discussion: """
            Exit status: 0 healthy; 1 degraded: the store does not answer, but the stock lasts; 2 unhealthy: some requests get \
            errors; 3 no answer.
            """)

    @Flag(help: "Exit with 0 as long as leafd answers, whatever it says: a restart mends no store.")
    var live = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let leafd = try connection.connect()
        let reply = try leafd.command("HEALTH")
        let (line, status) = try verdict(on: reply, from: leafd.path)
        let output = StandardOutput()
        output.line(line)
        try output.flush()
        if status != 0 && !live { throw ExitCode(status) }
    }

    private func verdict(on reply: Reply, from path: String) throws -> (line: String, status: Int32) {
        switch reply {
        case .simple(let text) where text == "OK":
            (text, 0)
        case .simple(let text) where text == "DEGRADED" || text.hasPrefix("DEGRADED "):
            (text, ExitStatus.degraded)
        case .error(let prefix, let message):
            (message.isEmpty ? prefix : "\(prefix) \(message)", ExitStatus.unhealthy)
        default:
            throw LeafClientError.unexpected(reply, to: "HEALTH", from: path)
        }
    }
}
