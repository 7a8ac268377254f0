internal import ArgumentParser
internal import Glibc

/// `leafctl check-config FILE`
///
/// leafd itself does the checking, so that there is one reader of the file, and leafctl stays without YAML.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks a configuration file without starting anything (runs leafd --check).")

    @Argument(help: "The file, for example /etc/leafd/leafd.yaml.")
    var file: String

    func run() throws {
        // A path beside leafctl first: the two belong to one version.
        let beside = folderOfExecutable().map { "\($0)/leafd" }
        if let beside, access(beside, X_OK) == 0 { execute(beside) }
        execute("leafd")
        let failure = String(cString: strerror(errno))
        throw CommandError(
            status: ExitStatus.notFound,
            message: "leafd, which does the checking, cannot be run: neither \(beside ?? "beside leafctl") nor on PATH "
                + "(\(failure)); install it, or add its folder to PATH")
    }

    /// Replaces this process; returns only on failure, with `errno` set. A name without a slash is looked for on PATH.
    private func execute(_ program: String) {
        let words = [program, "--check", "--config", file]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        execvp(program, arguments)
        for argument in arguments { free(argument) }
    }

    private func folderOfExecutable() -> String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { String(text[..<$0]) }
    }
}
