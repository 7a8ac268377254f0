extension Configuration {
    /// One key whose value differs between two configurations.
    package struct Change: Hashable, Sendable, CustomStringConvertible {
        /// `section.key`
        package let key: String
        /// As they stand in a file, passwords masked.
        package let from: String
        package let to: String
        /// Whether SIGHUP applies it; otherwise it takes a restart.
        package let isReloadable: Bool

        package var description: String {
            let values = from == to ? "changed" : "\(from) → \(to)"
            return "\(key): \(values)\(isReloadable ? "" : " (needs a restart)")"
        }
    }

    /// What differs in another configuration, in the order of the file.
    package func changes(to other: Configuration) -> [Change] {
        Key.all.filter { !$0.isEqual(self, other) }.map { key in
            Change(
                key: key.name, from: key.text(in: self), to: key.text(in: other), isReloadable: key.isReloadable)
        }
    }

    /// This configuration with what SIGHUP may take over from another: what a daemon runs with after a reload.
    package func reloading(_ other: Configuration) -> Configuration {
        var result = self
        for key in Key.all where key.isReloadable { key.copy(other, &result) }
        return result
    }
}

extension Configuration: CustomStringConvertible {
    /// The effective configuration as YAML: every key, and `***` for every password.
    package var description: String {
        var lines: [String] = []
        for section in Key.sections {
            let keys = Key.inSection(section)
            if !keys.contains(where: { $0.name == section }) { lines.append("\(section):") }
            for key in keys {
                let name = key.name == section ? section : "    \(key.shortName)"
                lines.append("\(name): \(key.text(in: self))")
            }
        }
        return lines.joined(separator: "\n")
    }
}
