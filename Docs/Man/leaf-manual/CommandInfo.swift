import Foundation

/// What a program knows about its own command line: what ArgumentParser prints for `--experimental-dump-help`.
struct CommandInfo: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            var isLong: Bool { kind == "long" }
            var text: String { kind == "long" ? "--" + name : "-" + name }
        }

        let kind: String
        let names: [Name]?
        let valueName: String?
        let abstract: String?
        let discussion: String?
        let isOptional: Bool
        let isRepeating: Bool
        let shouldDisplay: Bool

        var isPositional: Bool { kind == "positional" }
        var isHelp: Bool { (names ?? []).contains { $0.name == "help" } }
        /// Tells two options apart, and finds one that is the same in several commands.
        var identity: String { (names ?? []).map(\.text).joined(separator: " ") }
    }

    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [CommandInfo]?
    let shouldDisplay: Bool

    /// - Parameter json: the program's whole answer.
    static func parse(_ json: Data) throws -> CommandInfo {
        struct Answer: Decodable {
            let command: CommandInfo
        }
        return try JSONDecoder().decode(Answer.self, from: json).command
    }

    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

    /// Without the one that every program has by itself.
    var shownSubcommands: [CommandInfo] {
        (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }
}
