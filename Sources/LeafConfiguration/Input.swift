/// A value as somebody gave it: where it stands, for which key, and what it consists of.
///
/// The file, the environment and `--set` all become this first, so that every kind of value is read in one way.
struct Input: Sendable {
    indirect enum Content: Sendable {
        /// Nothing where a value should be: `key:` or `key: null`.
        case nothing
        case scalar(String)
        case list([Input])
        /// In the order of the file.
        case mapping([(name: String, origin: Origin, value: Input)])
    }

    let origin: Origin
    /// `section.key`, or deeper: `segments.tags[0].step`.
    let key: String
    let content: Content

    /// The value, fit to be shown.
    var shown: String? {
        switch content {
        case .nothing: nil
        case .scalar(let text): Redaction.quoted(text, isURL: key == "store.url")
        case .list: "[…]"
        case .mapping: "{…}"
        }
    }

    func problem(_ reason: String, _ remedy: String) -> Problem {
        Problem(origin: origin, key: key, value: shown, reason: reason, remedy: remedy)
    }

    /// The items of a list in a file; nil, and a problem, where it is none or too long.
    func items(atMost limit: Int, of example: String, _ problems: inout [Problem]) -> [Input]? {
        switch content {
        case .nothing:
            return []
        case .list(let items) where items.count <= limit:
            return items
        case .list(let items):
            problems.append(problem("has \(items.count) items, more than \(limit)", "remove some"))
        case .scalar, .mapping:
            problems.append(problem("must be a list", "write [\(example)], or one line \"- \(example)\" for each"))
        }
        return nil
    }
}

/// The named parts of one mapping.
struct Fields {
    private let input: Input
    private var values: [String: Input] = [:]

    /// Takes the parts over; nil where there are none. An unknown part is a problem.
    init?(_ input: Input, _ known: [String], _ problems: inout [Problem]) {
        self.input = input
        guard case .mapping(let entries) = input.content else {
            let remedy = "write {\(known[0]): …}, with the parts \(known.joined(separator: ", "))"
            problems.append(input.problem("must be a mapping", remedy))
            return nil
        }
        for entry in entries {
            guard known.contains(entry.name) else {
                let advice = Nearest.name(to: entry.name, in: known).map { "did you mean \($0)?" }
                problems.append(
                    Problem(
                        origin: entry.origin, key: entry.value.key, value: nil, reason: "unknown key",
                        remedy: advice ?? "known here: \(known.joined(separator: ", "))"))
                continue
            }
            values[entry.name] = entry.value
        }
    }

    subscript(name: String) -> Input? { values[name] }

    func optional<Value>(_ name: String, _ kind: Kind<Value>, _ problems: inout [Problem]) -> Value? {
        values[name].flatMap { kind.read($0, &problems) }
    }

    /// A part without which the rest means nothing.
    func required<Value>(_ name: String, _ kind: Kind<Value>, _ problems: inout [Problem]) -> Value? {
        guard let value = values[name] else {
            problems.append(input.problem("has no \(name)", "add \(name): …"))
            return nil
        }
        return kind.read(value, &problems)
    }
}
