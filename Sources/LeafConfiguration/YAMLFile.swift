internal import Yams

/// Turns YAML into `Input`. The only file that knows Yams.
struct YAMLFile {
    /// The largest file that is read, in bytes.
    static let mostBytes = 1 << 20
    /// The most values of one file: an alias repeats what it stands for, and aliases of aliases do so without end.
    static let mostValues = 200_000

    private let name: String
    private var values = 0

    /// The top level of a file; nil where the file says nothing.
    static func parse(_ text: String, name: String) throws(ConfigurationError) -> Input? {
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        do {
            guard let root = try Yams.compose(yaml: text, .default, .default, .utf8) else { return nil }
            var file = YAMLFile(name: name)
            return try file.input(root, key: "")
        } catch let error as ConfigurationError {
            throw error
        } catch let error as YamlError {
            throw ConfigurationError([problem(error, name: name)])
        } catch {
            throw ConfigurationError([whole(name, "cannot be read as YAML", "check its syntax")])
        }
    }

    private init(name: String) {
        self.name = name
    }

    private mutating func input(_ node: Node, key: String) throws(ConfigurationError) -> Input {
        values += 1
        guard values <= YAMLFile.mostValues else {
            let reason = "has more than \(YAMLFile.mostValues) values"
            throw ConfigurationError([YAMLFile.whole(name, reason, "remove some; do aliases repeat them?")])
        }
        let origin = origin(node)
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return Input(origin: origin, key: key, content: isNull ? .nothing : .scalar(scalar.string))
        case .sequence(let sequence):
            var items: [Input] = []
            for item in sequence { items.append(try input(item, key: "\(key)[\(items.count)]")) }
            return Input(origin: origin, key: key, content: .list(items))
        case .mapping(let mapping):
            var entries: [(name: String, origin: Origin, value: Input)] = []
            for (entry, value) in mapping {
                let name = entry.scalar?.string ?? "?"
                let path = key.isEmpty ? name : "\(key).\(name)"
                entries.append((name, self.origin(entry), try input(value, key: path)))
            }
            return Input(origin: origin, key: key, content: .mapping(entries))
        case .alias:
            // Yams puts in what an alias stands for before it gives nodes out.
            return Input(origin: origin, key: key, content: .nothing)
        }
    }

    private func origin(_ node: Node) -> Origin {
        .file(name, line: node.mark?.line, column: node.mark?.column)
    }

    /// Says what YAML itself does not like. Yams' own text quotes the line, which may hold a password.
    private static func problem(_ error: YamlError, name: String) -> Problem {
        let advice = "check indentation (spaces, no tabs), colons and quotes here and on the line before"
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let reason = [context?.text, problem].compactMap { $0 }.joined(separator: " ")
            return at(mark, name, "is not valid YAML: \(reason)", advice)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            return at(context.mark, name, "gives the key \(keys) twice, first here", "keep one of the two")
        case .reader(let problem, _, _, _):
            return whole(name, "is not valid YAML: \(problem)", "save the file as UTF-8 without control characters")
        default:
            return whole(name, "cannot be read as YAML", "check its syntax")
        }
    }

    private static func at(_ mark: Mark, _ name: String, _ reason: String, _ remedy: String) -> Problem {
        let origin = Origin.file(name, line: mark.line, column: mark.column)
        return Problem(origin: origin, key: nil, value: nil, reason: reason, remedy: remedy)
    }

    static func whole(_ name: String, _ reason: String, _ remedy: String) -> Problem {
        Problem(origin: .file(name, line: nil, column: nil), key: nil, value: nil, reason: reason, remedy: remedy)
    }
}
