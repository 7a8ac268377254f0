import LeafClient
import LeafTestKit

/// A leafd under attack.
final class Victim: Sendable {
    let setup: DaemonSetup
    let process: ChildProcess
    private let peak = TestLock(0)

    /// Starts a daemon and waits until it answers.
    ///
    /// - Parameters:
    ///   - program: leafd.
    ///   - settings: as for `--set`.
    ///   - descriptors: its limit of open files; nil: as it comes.
    init(_ program: String, settings: [String], descriptors: Int?) throws {
        setup = DaemonSetup(
            tags: [
                "{name: orders, step: 1000000}", "{name: users, step: 1000000}", "{name: scarce, step: 100}",
                "{name: watched, step: 100000}",
            ],
            settings: ["socket.mode=0666", "segments.max-step=100000000", "segments.wait-timeout=1s"] + settings)
        try setup.write()
        let limit = descriptors.map { "ulimit -n \($0); " } ?? ""
        process = try ChildProcess(
            "/bin/sh",
            ["-c", limit + "exec \"$0\" \"$@\"", program, "--config", setup.configurationPath]
                + setup.settings.flatMap { ["--set", $0] },
            output: setup.outputPath, errors: setup.logPath)
        try eventually("leafd answers") { () throws -> Bool in
            if let exit = process.exit() { throw TestProblem("leafd ended with \(exit):\n\(Tool.text(setup.logPath))") }
            return (try? connect().next("watched")) != nil
        }
    }

    func connect() throws -> LeafConnection {
        try LeafConnection(path: setup.socketPath, timeout: .seconds(60))
    }

    /// Resident memory, in MiB.
    func residentMiB() -> Double {
        guard let usage = try? ProcessUsage(of: process.pid) else { return .nan }
        return Double(usage.residentBytes) / 1_048_576
    }
}
