import Foundation
import LeafTestKit

/// Errors that system calls on one file return instead of being carried out. strace puts them there.
struct InjectedError: Hashable, Sendable, CustomStringConvertible {
    /// System calls, as strace names them.
    let calls: String
    /// `EIO`, `ENOSPC`.
    let error: String
    /// Which of these calls of one thread: "3" the third, "3+" the third and all that follow.
    let when: String

    var description: String { "\(error) from \(calls) number \(when)" }

    /// strace's arguments.
    ///
    /// - Parameter path: the file.
    func arguments(path: String, output: String) -> [String] {
        ["-f", "-o", output, "-P", path, "-e", "trace=\(calls)", "-e", "inject=\(calls):error=\(error):when=\(when)"]
    }
}

/// strace on a daemon that runs.
final class Injection {
    private let strace: ChildProcess
    private let files = TemporaryFolder()

    /// Attaches to every thread of a process; when it returns, errors are on their way.
    init(_ error: InjectedError, into pid: Int32, path: String) throws {
        guard let program = Tool.find("strace") else { throw TestProblem("there is no strace") }
        strace = try ChildProcess(
            program, error.arguments(path: path, output: files.file("trace")) + ["-p", "\(pid)"],
            errors: files.file("err"))
        try eventually("strace is attached") { Tool.text(files.file("err")).contains("attached") }
    }

    deinit {
        end()
    }

    /// How many calls have been answered by the error.
    var count: Int { Injection.count(in: files.file("trace")) }

    /// Lets go of the daemon.
    func end() {
        strace.signal(SIGINT)
        _ = try? strace.wait()
    }

    static func count(in path: String) -> Int {
        Tool.text(path).split(separator: "\n").count { $0.hasSuffix("(INJECTED)") }
    }
}
