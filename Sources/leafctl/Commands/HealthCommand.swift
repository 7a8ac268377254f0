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
        guard let health = HealthAnswer(reply) else {
            throw LeafClientError.unexpected(reply, to: "HEALTH", from: leafd.path)
        }
        let output = StandardOutput()
        output.line(health.line)
        try output.flush()
        if health.exitStatus != 0 && !live { throw ExitCode(health.exitStatus) }
    }
}

extension HealthAnswer {
    /// As leafd says it.
    fileprivate var line: String {
        let word =
            switch state {
            case .healthy: "OK"
            case .degraded: "DEGRADED"
            case .unhealthy: "UNHEALTHY"
            }
        return reason.isEmpty ? word : "\(word) \(reason)"
    }

    fileprivate var exitStatus: Int32 {
        switch state {
        case .healthy: 0
        case .degraded: ExitStatus.degraded
        case .unhealthy: ExitStatus.unhealthy
        }
    }
}
