private import Glibc
package import LeafClient
private import LeafCore

/// The real leafd, started by a test: configured in a temporary folder, killed at the end at the latest.
package final class LeafDaemon: Sendable {
    package let setup: DaemonSetup
    private let child = TestLock<ChildProcess?>(nil)

    /// Starts it, and waits until it answers.
    package init(_ setup: DaemonSetup) throws {
        self.setup = setup
        DaemonLogs.add(setup.logPath)
        try start()
    }

    deinit {
        child.with { $0 }?.kill()
        DaemonLogs.remove(setup.logPath)
    }

    // MARK: Life

    /// Starts it (again), and waits until it answers.
    package func start() throws {
        let process = try LeafDaemon.launch(setup)
        child.with { $0 = process }
        try eventually("leafd answers", within: .seconds(60)) { () throws -> Bool in
            if let exit = process.exit() { throw TestProblem("leafd ended with \(exit):\n\(log)") }
            return (try? connect().command("PING")) == .simple("PONG")
        }
    }

    /// Runs leafd with a setup's configuration, and does not wait for anything.
    package static func launch(_ setup: DaemonSetup, _ more: [String] = []) throws -> ChildProcess {
        try setup.write()
        return try ChildProcess(
            try Tool.product("leafd"),
            ["--config", setup.configurationPath] + setup.settings.flatMap { ["--set", $0] } + more,
            environment: ChildProcess.environment(setup.environment), output: setup.outputPath, errors: setup.logPath)
    }

    /// SIGTERM, and waits for the end.
    @discardableResult
    package func stop() throws -> ChildProcess.Exit {
        process.terminate()
        return try process.wait(atMost: .seconds(30))
    }

    /// SIGKILL.
    package func kill() { process.kill() }

    /// A clean stop and a new start.
    package func restart() throws {
        let exit = try stop()
        guard exit == .code(0) else { throw TestProblem("leafd ended with \(exit)") }
        try start()
    }

    package var process: ChildProcess {
        guard let process = child.with({ $0 }) else { preconditionFailure("leafd has not been started") }
        return process
    }

    package var pid: Int32 { process.pid }
    /// Everything it has logged so far, over all its lives.
    package var log: String { Tool.text(setup.logPath) }
    package var usage: ProcessUsage { get throws { try ProcessUsage(of: pid) } }

    // MARK: Talk

    package func connect(timeout: Duration = .seconds(30)) throws -> LeafConnection {
        try LeafConnection(path: setup.socketPath, timeout: timeout)
    }

    /// One command on a connection of its own.
    package func ask(_ words: String...) throws -> Reply {
        try connect().command(words)
    }

    /// One ID on a connection of its own.
    package func next(_ tag: String = "orders") throws -> Int64 {
        try connect().next(tag)
    }

    /// What HEALTH answers, on one line.
    package func health() throws -> String { "\(try ask("HEALTH"))" }

    /// Waits for a line in the log that contains `text`.
    package func waitForLog(_ text: String) throws {
        try eventually("\"\(text)\" in the log", isTrue: { log.contains(text) })
    }
}

extension LeafConnection {
    /// LEASE, with every ID of the ranges.
    package func leaseIDs(_ tag: String, count: Int) throws -> [Int64] {
        try lease(tag, count: Int64(count)).flatMap { Array($0.first...$0.last) }
    }
}

/// The logs of the daemons that run, for whoever reports a failing test.
package enum DaemonLogs {
    private static let paths = TestLock<[String]>([])
    private static let last = TestLock("")

    static func add(_ path: String) {
        paths.with { $0.append(path) }
        last.with { $0 = "" }
    }

    static func remove(_ path: String) {
        paths.with { paths in paths.removeAll { $0 == path } }
        // An error that a test throws is reported only after its daemon has gone.
        last.with { $0 = tail(path) }
    }

    /// The last lines of each.
    package static var tails: String {
        let running = paths.with { $0 }
        return running.isEmpty ? last.with { $0 } : running.map(tail).joined(separator: "\n")
    }

    private static func tail(_ path: String) -> String {
        let lines = Tool.text(path).split(separator: "\n").suffix(25)
        return lines.isEmpty ? "" : "\(path):\n" + lines.joined(separator: "\n")
    }
}
