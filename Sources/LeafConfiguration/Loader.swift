extension Configuration {
    /// A checked configuration, and what its author should know about it.
    package struct Loaded: Sendable {
        package let configuration: Configuration
        /// One line each; nothing in them keeps the daemon from starting.
        package let warnings: [String]
    }

    /// Finds the values: defaults, then the file, then the environment, then the arguments; the later one holds.
    ///
    /// - Parameters:
    ///   - file: the path of a YAML file; nil: none.
    ///   - environment: all variables of the process; those that do not begin with `LEAFD_` are ignored.
    ///   - sets: the values of `--set`, each `section.key=value`.
    ///   - now: the wall clock, in milliseconds since 1970.
    /// - Throws: every problem at once. A value that a later one overrides must be right all the same.
    package static func load(
        file: String?, environment: [String: String] = [:], sets: [String] = [], now: Int64 = WallClock.milliseconds
    ) throws(ConfigurationError) -> Loaded {
        let text = if let file { try FileText.contents(of: file) } else { "" }
        return try load(yaml: text, name: file ?? "", environment: environment, sets: sets, now: now)
    }

    /// The same for a file's text.
    ///
    /// - Parameter name: what errors call the file.
    package static func load(
        yaml: String, name: String, environment: [String: String] = [:], sets: [String] = [],
        now: Int64 = WallClock.milliseconds
    ) throws(ConfigurationError) -> Loaded {
        var loader = Loader(now: now)
        if let root = try YAMLFile.parse(yaml, name: name) { loader.take(root) }
        loader.take(environment: environment)
        for argument in sets { loader.take(argument: argument) }
        loader.check()
        guard loader.problems.isEmpty else { throw ConfigurationError(loader.problems) }
        return Loaded(configuration: loader.configuration, warnings: loader.warnings)
    }
}

/// Collects values, problems and warnings from one source after the other.
struct Loader {
    /// Variables that begin with `LEAFD_` and are no key: by the one leafctl finds the socket, the other holds a password.
    static let foreignVariables: Set = ["LEAFD_SOCKET", StorePassword.variable]

    /// The wall clock, in milliseconds since 1970.
    let now: Int64
    var configuration = Configuration()
    var problems: [Problem] = []
    var warnings: [String] = []
    /// The last value given for a key, whether it is right or not.
    private(set) var given: [String: Input] = [:]
    /// Keys without a right value: what depends on them cannot be checked.
    private(set) var failed: Set<String> = []

    init(now: Int64) {
        self.now = now
    }

    mutating func take(_ key: Key, _ input: Input) {
        given[key.name] = input
        if !key.read(input, &configuration, &problems) { failed.insert(key.name) }
    }

    // MARK: The file

    mutating func take(_ root: Input) {
        guard case .mapping(let sections) = root.content else {
            if case .nothing = root.content { return }
            let names = Key.sections.joined(separator: ", ")
            problems.append(
                Problem(
                    origin: root.origin, key: nil, value: nil, reason: "must consist of sections",
                    remedy: "write one of \(names), a colon, and below it, indented, its keys"))
            return
        }
        for section in sections { take(section: section.name, at: section.origin, section.value) }
    }

    private mutating func take(section: String, at origin: Origin, _ value: Input) {
        if !section.contains("."), let key = Key.named(section) { return take(key, value) }
        guard Key.sections.contains(section) else {
            return unknown(section, at: origin, reason: "unknown section", Suggestion.section(section))
        }
        switch value.content {
        case .nothing:
            // All keys of the section are commented out.
            break
        case .mapping(let entries):
            for entry in entries {
                let name = "\(section).\(entry.name)"
                if let key = Key.named(name) {
                    take(key, entry.value)
                } else {
                    unknown(name, at: entry.origin, reason: "unknown key", Suggestion.key(name))
                }
            }
        case .scalar, .list:
            let remedy = "put its keys below it, indented: \(Suggestion.keys(of: section))"
            problems.append(value.problem("must be a section", remedy))
        }
    }

    /// Reports a name without its value: nobody knows whether that is a secret.
    private mutating func unknown(_ name: String, at origin: Origin, reason: String, _ remedy: String) {
        problems.append(Problem(origin: origin, key: name, value: nil, reason: reason, remedy: remedy))
    }

    // MARK: The environment

    mutating func take(environment: [String: String]) {
        let keys = Dictionary(uniqueKeysWithValues: Key.all.map { ($0.variable, $0) })
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix("LEAFD_") {
            if let key = keys[variable] {
                take(key, text: value, from: .environment(variable))
            } else if !Loader.foreignVariables.contains(variable) {
                let near = Nearest.name(to: variable, in: keys.keys.sorted())
                let remedy = near.map { "did you mean \($0)?" } ?? "unset it if it was meant for leafd"
                warnings.append("\(variable): no such key; the variable is ignored — \(remedy)")
            }
        }
    }

    // MARK: Arguments

    mutating func take(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else {
            let origin = Origin.argument(Redaction.quoted(argument))
            let problem = Problem(
                origin: origin, key: nil, value: nil, reason: "has no value",
                remedy: "write --set section.key=value, like --set log.level=debug")
            return problems.append(problem)
        }
        let name = String(argument[..<equals])
        let value = String(argument[argument.index(after: equals)...])
        if let key = Key.named(name) {
            let shown = Redaction.quoted(value, isURL: name == "store.url")
            take(key, text: value, from: .argument("\(name)=\(value.isEmpty ? "" : shown)"))
        } else {
            let origin = Origin.argument("\(Redaction.quoted(name))=…")
            unknown(name, at: origin, reason: "unknown key", Suggestion.key(name))
        }
    }

    private mutating func take(_ key: Key, text: String, from origin: Origin) {
        let input = Input(origin: origin, key: key.name, content: .scalar(text))
        guard key.isFileOnly else { return take(key, input) }
        failed.insert(key.name)
        problems.append(input.problem("can be given only in the file", "write it there: it has parts"))
    }
}

/// Advice for names that do not exist.
enum Suggestion {
    static func section(_ name: String) -> String {
        if name.contains("."), let key = Key.named(name) {
            return "write it on two lines: \(key.section): and below it, indented, \(key.shortName): …"
        }
        if let near = Nearest.name(to: name, in: Key.sections) { return "did you mean \(near)?" }
        let homes = Key.all.filter { !name.isEmpty && $0.shortName == name }.map(\.name)
        if !homes.isEmpty { return "did you mean \(homes.joined(separator: " or "))?" }
        return "the sections are \(Key.sections.joined(separator: ", "))"
    }

    static func key(_ name: String) -> String {
        let section = String(name.prefix { $0 != "." })
        let short = String(name.dropFirst(section.count + 1))
        if Key.named(section) != nil { return "\(section) has no keys below it: write it as a list" }
        if short.isEmpty { return self.section(section) }
        if let near = Nearest.name(to: short, in: Key.inSection(section).map(\.shortName)) {
            return "did you mean \(section).\(near)?"
        }
        if let home = Key.all.first(where: { $0.shortName == short }) { return "did you mean \(home.name)?" }
        if Key.sections.contains(section) { return "the keys here are \(keys(of: section))" }
        if let near = Nearest.name(to: name, in: Key.all.map(\.name)) { return "did you mean \(near)?" }
        return self.section(section)
    }

    static func keys(of section: String) -> String {
        Key.inSection(section).map(\.shortName).joined(separator: ", ")
    }
}
