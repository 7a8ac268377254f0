private import Glibc

/// A program that a test runs. It ends with its last user at the latest, killed by its own process id.
///
/// Its output goes into files, so that neither side ever waits for the other. Descriptors of the test stay with the test.
package final class ChildProcess: Sendable {
    package enum Exit: Hashable, Sendable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        package var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "killed by signal \(signal)"
            }
        }
    }

    package let pid: Int32
    package let name: String
    private let ending = TestLock<Exit?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - environment: its whole environment.
    ///   - folder: where it runs; nil: where the test does.
    ///   - input: a file for its standard input.
    ///   - output: the file that its standard output is appended to.
    ///   - errors: the same for its standard error.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = ChildProcess.environment(),
        folder: String? = nil, input: String = "/dev/null", output: String = "/dev/null", errors: String = "/dev/null"
    ) throws {
        name = program.split(separator: "/").last.map(String.init) ?? program
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let appending = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, appending, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors, appending, 0o644)
        for descriptor in Folder.entries(of: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var everySignal = sigset_t()
        var noSignal = sigset_t()
        sigfillset(&everySignal)
        sigemptyset(&noSignal)
        posix_spawnattr_setsigdefault(&attributes, &everySignal)
        posix_spawnattr_setsigmask(&attributes, &noSignal)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        // The shell makes way for the program under the same process id.
        let inFolder = folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] } ?? []
        let command = inFolder + [program] + arguments
        var words = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var pid: pid_t = 0
        let problem = posix_spawn(&pid, command[0], &actions, &attributes, &words, &variables)
        guard problem == 0 else {
            throw TestProblem("\(program) cannot be started: \(String(cString: strerror(problem)))")
        }
        self.pid = pid
    }

    deinit {
        kill()
    }

    /// The test's own environment without what would configure a daemon, and with `additions`.
    package static func environment(_ additions: [String: String] = [:]) -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        let strange = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "JOURNAL_STREAM"]
        result = result.filter { !$0.key.hasPrefix("LEAFD_") && !strange.contains($0.key) }
        return result.merging(additions) { $1 }
    }

    // MARK: Signals

    /// Sends a signal, unless the process has been seen to end: its id may be another's by then.
    package func signal(_ signal: Int32) {
        ending.with { ending in
            if ending == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    /// SIGKILL, and waits for the end.
    package func kill() {
        signal(SIGKILL)
        while exit() == nil { usleep(500) }
    }

    /// SIGTERM.
    package func terminate() { signal(SIGTERM) }

    // MARK: The end

    /// How it ended; nil while it runs.
    package func exit() -> Exit? {
        ending.with { ending in
            if ending != nil { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            ending = status & 0x7F == 0 ? .code((status >> 8) & 0xFF) : .signal(status & 0x7F)
            return ending
        }
    }

    /// Waits for its end.
    package func wait(atMost limit: Duration = .seconds(60)) throws -> Exit {
        try eventually("\(name) ends", within: limit) { exit() }
    }
}
