internal import Glibc

/// The daemon's own executable, for what leafctl leaves to it: reading configuration files and journals.
struct LeafdProgram {
    /// Its path, or its name if it is to be looked for on PATH.
    let path: String

    /// The one beside leafctl first: the two belong to one version.
    static func find() -> LeafdProgram {
        if let beside = besideLeafctl, access(beside, X_OK) == 0 { return LeafdProgram(path: beside) }
        return LeafdProgram(path: "leafd")
    }

    /// Replaces this process by leafd. Returns only by throwing.
    func replaceLeafctl(_ arguments: [String]) throws -> Never {
        let words = CStrings([path] + arguments)
        execvp(path, words.pointers)
        throw cannotRun(errno)
    }

    enum Ending {
        case exit(Int32)
        case signal(Int32)
    }

    /// Runs leafd to its end. Its standard error is leafctl's own.
    ///
    /// - Returns: how it ended, and what it wrote to standard output.
    func run(_ arguments: [String]) throws -> (ending: Ending, output: String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw cannotRun(errno) }
        defer { close(ends[0]) }
        // leafd gets the writing end as its standard output alone.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        // Its death is an answer, not an accident to be traced.
        setenv("SWIFT_BACKTRACE", "enable=no", 1)
        var child: pid_t = 0
        let words = CStrings([path] + arguments)
        let problem = posix_spawnp(&child, path, &actions, nil, words.pointers, environ)
        close(ends[1])
        guard problem == 0 else { throw cannotRun(problem) }
        let output = readToEnd(ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return (signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal), output)
    }

    private func cannotRun(_ number: Int32) -> CommandError {
        CommandError(
            status: ExitStatus.notFound,
            message:
                "leafd, which does this, cannot be run: neither \(LeafdProgram.besideLeafctl ?? "beside leafctl") nor on "
                + "PATH (\(String(cString: strerror(number)))); install it, or add its folder to PATH")
    }

    private static var besideLeafctl: String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { "\(text[..<$0])/leafd" }
    }
}

private func readToEnd(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { bytes += buffer[..<count] }
        if count == 0 || count < 0 && errno != EINTR { return String(decoding: bytes, as: UTF8.self) }
    }
}

/// Words as C has them, for as long as this lives.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ words: [String]) {
        count = words.count
        pointers = .allocate(capacity: count + 1)
        for (index, word) in words.enumerated() { pointers[index] = strdup(word) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
