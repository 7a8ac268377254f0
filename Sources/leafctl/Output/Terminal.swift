internal import Glibc

/// The person at the other end, if there is one.
enum Terminal {
    /// Whether somebody can be asked.
    static var asks: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks a question on standard error; anything but a yes is a no.
    static func confirms(_ question: String) -> Bool {
        StandardError.write(question)
        let answer = readLine()?.lowercased()
        return answer == "y" || answer == "yes"
    }
}

/// What is not a result: warnings, questions, errors.
enum StandardError {
    static func line(_ text: String) { write(text + "\n") }

    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
