private import CLeafPlatform
private import Glibc
private import LeafCore
private import LeafThreads

/// Checks a journal in a process of its own: of many damages LMDB dies (SIGBUS beyond the end of a short file, SIGSEGV
/// at a wrong page), and then it is not the daemon that does.
package struct ChildProcessVerifier: Sendable {
    let executable: String
    let arguments: [String]
    let limit: Duration

    /// - Parameters:
    ///   - executable: prints `Journal.verify(path:).line`.
    ///   - arguments: before the path.
    ///   - limit: how long it may take.
    package init(executable: String, arguments: [String], limit: Duration = .seconds(60)) {
        self.executable = executable
        self.arguments = arguments
        self.limit = limit
    }

    /// Starts the process, and waits for it.
    @Sendable package func verify(_ path: String) -> Verification {
        var pid: Int32 = 0
        var output: Int32 = -1
        let status = spawn(arguments + [path], &pid, &output)
        guard status == 0 else { return .unknown("\(executable) cannot be started: \(errorText(status))") }
        defer { close(output) }
        let deadline = MonotonicTime.now().advanced(by: limit)
        let text = read(output, until: deadline)
        guard let text, let end = wait(for: pid, until: deadline) else {
            kill(pid, SIGKILL)
            _ = wait(for: pid, until: nil)
            return .unknown("no answer within \(limit)")
        }
        return judge(text, end)
    }

    private enum End {
        case exit(Int32)
        case signal(Int32)
        /// Somebody else has taken the exit status.
        case lost
    }

    private func judge(_ text: String, _ end: End) -> Verification {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        let answer = lines.reversed().lazy.compactMap(Verification.init(line:)).first
        let last = lines.last.map { ": \($0)" } ?? ""
        switch end {
        case .signal(let number) where [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains(number):
            // Not the journal's doing: an operator, or a lack of memory.
            return .unknown("the process that verified it was ended by \(name(of: number))")
        case .signal(let number):
            return .damaged("the process that verified it died of \(name(of: number))\(last)")
        case .exit(0), .lost:
            return answer ?? .unknown("the process that verified it gave no answer\(last)")
        case .exit(let code) where [126, 127].contains(code) && answer == nil:
            return .unknown("the process that verified it could not run\(last)")
        case .exit(let code):
            switch answer {
            case .damaged(let reason): return .damaged(reason)
            case .unknown(let reason): return .unknown(reason)
            case .absent: return .absent
            case .sound, nil: return .damaged("the process that verified it ended with status \(code)\(last)")
            }
        }
    }

    private func spawn(_ arguments: [String], _ pid: inout Int32, _ output: inout Int32) -> Int32 {
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        // Its death is an answer, not an accident to be traced.
        let quiet = strdup("SWIFT_BACKTRACE=enable=no")
        defer { free(quiet) }
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var variable = leaf_environment()
        while let word = variable?.pointee {
            if strncmp(word, "SWIFT_BACKTRACE=", 16) != 0 { variables.append(word) }
            variable = variable?.advanced(by: 1)
        }
        variables += [quiet, nil]
        return leaf_spawn_reading(executable, &words, &variables, &pid, &output)
    }

    /// What it prints, up to 64 KiB; nil: it did not come to an end.
    private func read(_ descriptor: Int32, until deadline: MonotonicTime) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = deadline.since(.now())
            guard left > .zero else { return nil }
            let ready = poll(&wanted, 1, Int32(clamping: left.components.seconds * 1000 + 1000))
            if ready < 0 && errno == EINTR || ready == 0 { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count < 1 << 16 { bytes += buffer[..<count] }
        }
    }

    /// How it ended; nil: it has not, by the deadline.
    private func wait(for pid: Int32, until deadline: MonotonicTime?) -> End? {
        while true {
            var status: Int32 = 0
            let result = waitpid(pid, &status, deadline == nil ? 0 : WNOHANG)
            if result == pid {
                let signal = status & 0x7F
                return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
            }
            if result < 0 && errno != EINTR { return .lost }
            if let deadline, MonotonicTime.now() >= deadline { return nil }
            usleep(1000)
        }
    }

    private func name(of signal: Int32) -> String {
        switch signal {
        case SIGBUS: "SIGBUS (the file is shorter than it says)"
        case SIGSEGV: "SIGSEGV (a wrong page or offset)"
        case SIGABRT: "SIGABRT (LMDB found a contradiction)"
        case SIGFPE: "SIGFPE"
        case SIGILL, SIGTRAP: "a trap (signal \(signal))"
        case SIGKILL: "SIGKILL"
        default: "signal \(signal)"
        }
    }
}
