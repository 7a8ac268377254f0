internal import Glibc

/// Colour on a terminal, plain text everywhere else.
struct Style: Sendable {
    let isColoured: Bool

    static let plain = Style(isColoured: false)

    /// Coloured if standard output is a terminal that can, and nobody objects (https://no-color.org).
    static var ofStandardOutput: Style {
        let objection = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let terminal = getenv("TERM").map { String(cString: $0) } ?? "dumb"
        return Style(isColoured: isatty(STDOUT_FILENO) == 1 && !objection && terminal != "dumb")
    }

    func dim(_ text: String) -> String { escape("2", text) }
    func bold(_ text: String) -> String { escape("1", text) }
    func good(_ text: String) -> String { escape("32", text) }
    func warning(_ text: String) -> String { escape("33", text) }
    func bad(_ text: String) -> String { escape("31", text) }

    private func escape(_ code: String, _ text: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
