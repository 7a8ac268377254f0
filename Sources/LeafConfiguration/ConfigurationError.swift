/// Why a configuration cannot be used: every problem there is, so that one look repairs them all.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one; those of the file first, in its order.
    package let problems: [Problem]

    init(_ problems: [Problem]) {
        self.problems = problems.enumerated()
            .sorted { ($0.element.origin.rank, $0.offset) < ($1.element.origin.rank, $1.offset) }
            .map(\.element)
    }

    /// One line a problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One thing that is wrong with a configuration: where, what, why, and what to do about it.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package let origin: Origin
    /// The key, as `section.key`; nil for what concerns the file as a whole.
    package let key: String?
    /// The value as it was given, fit to be shown; nil where there is none, or it is not known to be no secret.
    package let value: String?
    package let reason: String
    package let remedy: String

    /// `file:line:column: section.key: value: reason — what to do`
    package var description: String {
        var parts = [origin.description]
        // An argument shows its key and value already.
        if !origin.isArgument { parts += [key, value].compactMap { $0 } }
        return "\(parts.joined(separator: ": ")): \(reason) — \(remedy)"
    }

    /// The same problem with more advice.
    func adding(_ advice: String) -> Problem {
        Problem(origin: origin, key: key, value: value, reason: reason, remedy: remedy + advice)
    }
}

/// Where a value comes from.
package enum Origin: Hashable, Sendable, CustomStringConvertible {
    /// Line and column count from 1; nil where the whole file is meant.
    case file(String, line: Int?, column: Int?)
    /// An environment variable's name.
    case environment(String)
    /// A `--set`, as it was given, without passwords.
    case argument(String)

    package var description: String {
        switch self {
        case .file(let name, let line?, let column?): "\(name):\(line):\(column)"
        case .file(let name, _, _): name
        case .environment(let variable): variable
        case .argument(let argument): "--set \(argument)"
        }
    }

    var isFile: Bool {
        if case .file = self { true } else { false }
    }

    var isArgument: Bool {
        if case .argument = self { true } else { false }
    }

    /// The order of problems: through the file, then the environment, then the arguments.
    fileprivate var rank: Int {
        switch self {
        case .file(_, let line, let column): (line ?? 0) << 24 + min(column ?? 0, 0xFF_FFFF)
        case .environment: Int.max - 1
        case .argument: Int.max
        }
    }
}

/// Why a text is no value of its kind, before it is known where the text stands.
struct Rejection: Error, Hashable {
    let reason: String
    let remedy: String

    init(_ reason: String, _ remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }
}
