import Foundation

/// Writes leafd's manual pages from what the programs and the reference configuration say themselves, so that the pages
/// cannot drift from them:
///
///     leafctl --experimental-dump-help | leaf-manual command 1 TAIL >leafctl.1
///     leaf-manual configuration TAIL <Config/leafd.yaml >leafd.yaml.5
///
/// TAIL is a file with the sections that nothing else knows. `$MANUAL_DATE` (2026-11-22) and `$MANUAL_VERSION` are shown at the
/// foot.
@main
struct LeafManual {
    static func main() {
        do {
            print(try page(Array(CommandLine.arguments.dropFirst())), terminator: "")
        } catch {
            FileHandle.standardError.write(Data("leaf-manual: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func page(_ words: [String]) throws -> String {
        let date = try variable("MANUAL_DATE")
        let source = "leafd \(try variable("MANUAL_VERSION"))"
        let input = FileHandle.standardInput.readDataToEndOfFile()
        switch (words.first, words.count) {
        case ("command", 3):
            guard let section = Int(words[1]) else {
                throw ManualError("\(words[1]) is no section: 1 or 8")
            }
            return CommandPage.write(
                try CommandInfo.parse(input), section: section, date: date, source: source,
                tail: try text(words[2]))
        case ("configuration", 2):
            return try ConfigurationPage.write(
                String(decoding: input, as: UTF8.self), name: "leafd.yaml", date: date, source: source,
                tail: try text(words[1]))
        default: throw ManualError("expected command SECTION TAIL or configuration TAIL, got: \(words)")
        }
    }

    private static func variable(_ name: String) throws(ManualError) -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw ManualError("the variable \(name) is not set")
        }
        return value
    }

    private static func text(_ path: String) throws(ManualError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ManualError("\(path) cannot be read")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Why there is no page.
struct ManualError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
