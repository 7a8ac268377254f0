/// One key of the configuration: what it is called, what it takes, and where its value lives.
///
/// The table of them, `Key.all`, is the only place that knows the keys. Reading the file, the environment and
/// `--set`, finding what is unknown, telling what a reload may change, the dump and the documentation's tests
/// all go through it.
package struct Key: Sendable {
    /// `section.key`; `access` is a section and key in one.
    package let name: String
    /// The kind of value, in a word or two.
    package let type: String
    /// What values there may be.
    package let range: String
    /// Whether SIGHUP applies a new value; the others need a restart.
    package let isReloadable: Bool
    /// Whether the environment and `--set` cannot give it, because it has parts.
    package let isFileOnly: Bool

    let read: @Sendable (Input, inout Configuration, inout [Problem]) -> Bool
    let write: @Sendable (Configuration) -> String
    let isEqual: @Sendable (Configuration, Configuration) -> Bool
    let copy: @Sendable (Configuration, inout Configuration) -> Void

    /// A key that needs a restart.
    init<Value>(
        _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable, _ kind: Kind<Value>,
        isReloadable: Bool = false
    ) {
        self.name = name
        self.isReloadable = isReloadable
        type = kind.type
        range = kind.range
        isFileOnly = kind.isFileOnly
        read = { input, configuration, problems in
            guard let value = kind.read(input, &problems) else { return false }
            configuration[keyPath: path] = value
            return true
        }
        write = { kind.write($0[keyPath: path]) }
        isEqual = { $0[keyPath: path] == $1[keyPath: path] }
        copy = { from, to in to[keyPath: path] = from[keyPath: path] }
    }

    /// A key that SIGHUP applies.
    static func live<Value>(
        _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable, _ kind: Kind<Value>
    ) -> Key {
        Key(name, path, kind, isReloadable: true)
    }

    /// The first part of the name.
    package var section: String { String(name.prefix { $0 != "." }) }

    /// The name within its section.
    package var shortName: String { String(name.drop { $0 != "." }.dropFirst()) }

    /// The variable that overrides it: `LEAFD_<SECTION>_<KEY>`.
    package var variable: String {
        "LEAFD_" + name.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    /// The value in a configuration, as it stands in a file; passwords are masked.
    package func text(in configuration: Configuration) -> String { write(configuration) }

    /// The value without any configuration.
    package var defaultText: String { write(Configuration()) }
}
