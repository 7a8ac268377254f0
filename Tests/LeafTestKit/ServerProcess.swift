private import Glibc

/// A database server's process: started, stopped, frozen and killed on one folder and port, as often as a test likes.
///
/// It ends with its last user at the latest, or with the test's process, whatever ends that; its folder goes with it.
final class ServerProcess: Sendable {
    let folder = TemporaryFolder()
    let account: ServerAccount
    private let reserved: FreePort
    private let lifeline: Lifeline
    private let child = TestLock<ChildProcess?>(nil)

    /// - Parameter user: whom it runs as if the tests run as root.
    init(as user: String) throws {
        account = try ServerAccount(user)
        reserved = try FreePort()
        lifeline = try Lifeline(folder)
        try account.own(folder.path)
    }

    deinit {
        kill()
    }

    var port: Int { reserved.number }
    var logPath: String { folder.file("log") }
    var log: String { Tool.text(logPath) }

    private var process: ChildProcess {
        get throws {
            guard let process = child.with({ $0 }) else { throw TestProblem("the server has not been started") }
            return process
        }
    }

    var pid: Int32 { get throws { try process.pid } }
    /// How it ended; nil while it runs, or if it has never been started.
    var exit: ChildProcess.Exit? { child.with { $0 }?.exit() }
    var isRunning: Bool { child.with { $0 }.map { $0.exit() == nil } ?? false }

    // MARK: Life

    /// Starts the server, and waits until it answers.
    ///
    /// - Parameters:
    ///   - command: the program and its arguments; the folder's path must be in one of them.
    ///   - isUp: whether it answers.
    func start(_ command: [String], until isUp: () -> Bool) throws {
        guard !isRunning else { throw TestProblem("\(command[0]) runs already, as \(try pid)") }
        let words = account.command(command)
        guard let program = Tool.find(words[0]) else { throw TestProblem("there is no \(words[0]) here") }
        let process = try ChildProcess(
            program, Array(words.dropFirst()), environment: ChildProcess.environment(["HOME": folder.path]),
            folder: folder.path, output: logPath, errors: logPath)
        lifeline.watch(process.pid)
        child.with { $0 = process }
        try eventually("\(command[0]) answers", within: .seconds(60), every: .milliseconds(10)) { () throws -> Bool in
            if let exit = process.exit() { throw TestProblem("\(command[0]) ended with \(exit):\n\(lastOfLog)") }
            return isUp()
        }
    }

    /// An orderly end, by the signal that the server takes for it; one that is frozen goes on first.
    func stop(_ signal: Int32) throws {
        let process = try process
        resume()
        process.signal(signal)
        _ = try process.wait(atMost: .seconds(60))
        finish(process.pid)
    }

    /// SIGKILL to all of it at once, as when the power goes; waits until none of it is left.
    func kill() {
        guard let process = child.with({ $0 }), process.exit() == nil else { return }
        // The first of them stands still, so that it starts no more of them.
        process.signal(SIGSTOP)
        let family = members
        for pid in family { _ = Glibc.kill(pid, SIGKILL) }
        process.kill()
        finish(process.pid)
        for pid in family { waitForEnd(of: pid) }
    }

    /// SIGSTOP: connections stay, new ones are accepted by the kernel, and nothing is answered.
    func pause() throws {
        try process.signal(SIGSTOP)
        let family = members + [try process.pid]
        for pid in family { _ = Glibc.kill(pid, SIGSTOP) }
        // A thread that runs stops a moment later, and may answer until then.
        try eventually("every thread of the server has stopped") { () throws -> Bool in
            family.allSatisfy { pid in
                Folder.entries(of: "/proc/\(pid)/task").allSatisfy { thread in
                    let text = Tool.text("/proc/\(pid)/task/\(thread)/stat")
                    return text.isEmpty || text.split(separator: ")").last?.hasPrefix(" T") == true
                }
            }
        }
    }

    /// SIGCONT.
    func resume() {
        guard let process = child.with({ $0 }) else { return }
        for pid in members { _ = Glibc.kill(pid, SIGCONT) }
        process.signal(SIGCONT)
    }

    // MARK: Its family

    /// The processes that belong to it, without itself: its children, and what else is in its group.
    private var members: [Int32] {
        guard let own = child.with({ $0 }), own.exit() == nil else { return [] }
        return Folder.entries(of: "/proc").compactMap { Int32($0) }.filter { pid in
            guard pid != own.pid else { return false }
            // After the name in parentheses: state, parent, group.
            let fields = Tool.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 2 && (fields[1] == "\(own.pid)" || fields[2] == "\(own.pid)")
        }
    }

    private func finish(_ group: Int32) {
        lifeline.watch(nil)
        _ = Glibc.kill(-group, SIGKILL)
    }

    private func waitForEnd(of pid: Int32) {
        for _ in 0..<1000 where Glibc.kill(pid, 0) == 0 {
            // Nobody may be there to collect a dead one.
            if Tool.text("/proc/\(pid)/stat").contains(") Z ") { return }
            pauseThread(.milliseconds(2))
        }
    }

    private var lastOfLog: String { log.split(separator: "\n").suffix(25).joined(separator: "\n") }
}
