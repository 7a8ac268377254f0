private import Glibc
internal import Synchronization

/// A program that a benchmark runs: a server, or a load generator. It ends with its last user at the latest.
final class Program: Sendable {
    enum Exit: Hashable, Sendable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "killed by signal \(signal)"
            }
        }
    }

    let pid: Int32
    let name: String
    private let ending = Mutex<Exit?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path, or a name that is looked for on PATH.
    ///   - core: the only processor core it may run on, counted from 0; nil: any.
    ///   - output: the file that its standard output is appended to.
    ///   - errors: the same for its standard error.
    init(
        _ program: String, _ arguments: [String] = [], core: Int? = nil, output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws {
        name = program.split(separator: "/").last.map(String.init) ?? program
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let appending = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, appending, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors, appending, 0o644)
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

        // taskset makes way for the program under the same process id.
        let command = (core.map { ["taskset", "-c", String($0)] } ?? []) + [program] + arguments
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        pid = try Cleanup.start {
            var pid: pid_t = 0
            let problem = posix_spawnp(&pid, command[0], &actions, &attributes, &words, environ)
            guard problem == 0 else { throw Problem("\(command[0]) cannot be started", errno: problem) }
            return pid
        }
    }

    deinit {
        kill()
    }

    /// Runs a program to its end.
    ///
    /// - Returns: its standard output.
    static func output(_ program: String, _ arguments: [String] = [], in folder: WorkFolder) throws -> String {
        let path = folder.file("output-\(UInt64.random(in: .min ... .max))")
        defer { unlink(path) }
        let running = try Program(program, arguments, output: path, errors: path)
        let exit = running.wait()
        let text = TextFile.text(path)
        guard exit == .code(0) else {
            throw Problem("\(([program] + arguments).joined(separator: " ")) ended with \(exit): \(text)")
        }
        return text
    }

    // MARK: Signals

    /// Sends a signal, unless the process has been seen to end: its id may be another's by then.
    func signal(_ signal: Int32) {
        ending.withLock { ending in
            if ending == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    /// SIGKILL, and waits for the end.
    func kill() {
        signal(SIGKILL)
        wait()
    }

    /// SIGTERM, and waits for the end; SIGKILL after `limit`.
    @discardableResult
    func stop(within limit: Duration = .seconds(30)) -> Exit {
        signal(SIGTERM)
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let exit = exit() { return exit }
            usleep(1000)
        }
        kill()
        return .signal(SIGKILL)
    }

    // MARK: The end

    /// How it ended; nil while it runs.
    func exit() -> Exit? {
        ending.withLock { ending in
            if ending != nil { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            Cleanup.forget(pid: pid)
            ending = status & 0x7F == 0 ? .code((status >> 8) & 0xFF) : .signal(status & 0x7F)
            return ending
        }
    }

    /// Waits for its end, without using a processor core for that.
    ///
    /// - Parameter beforeReaping: called once it has ended, while /proc still has its figures.
    @discardableResult
    func wait(_ beforeReaping: () -> Void = {}) -> Exit {
        if let exit = exit() { return exit }
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        beforeReaping()
        while true {
            if let exit = exit() { return exit }
            usleep(100)
        }
    }
}
