/// The manual page of a program, out of what it knows about itself.
struct CommandPage {
    private let command: CommandInfo
    private var page: Roff

    /// - Parameter tail: the sections that no program can know: files, examples, where to read on; in Roff's own language.
    static func write(
        _ command: CommandInfo, section: Int, date: String, source: String, tail: String
    ) -> String {
        var page = CommandPage(
            command: command,
            page: Roff(title: command.commandName, section: section, date: date, source: source))
        page.writeName()
        page.writeSynopsis()
        page.writeDescription()
        page.writeOptions()
        page.writeCommands()
        page.page.append(tail)
        return page.page.text
    }

    private mutating func writeName() {
        page.heading("Name")
        // The first letter small and no full stop, as whatis(1) has it.
        let abstract = command.abstract ?? ""
        let sentence = abstract.prefix(1).lowercased() + abstract.dropFirst()
        let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        page.append("\(Roff.escaped(command.commandName)) \\- \(Roff.escaped(text))")
    }

    private mutating func writeSynopsis() {
        page.heading("Synopsis")
        let options = command.shownArguments.filter { !$0.isHelp }.map(CommandPage.usage)
        let name = Roff.bold(command.commandName)
        if command.shownSubcommands.isEmpty {
            page.append(([name] + options).joined(separator: " "))
        } else {
            page.append(
                "\(name) \(Roff.italic("command")) [\(Roff.italic("arguments"))] [\(Roff.italic("options"))]"
            )
        }
    }

    private mutating func writeDescription() {
        page.heading("Description")
        for lines in CommandPage.paragraphs(command.discussion) { page.paragraph(lines) }
    }

    private mutating func writeOptions() {
        page.heading("Options")
        for argument in command.shownArguments { write(argument) }
    }

    private mutating func writeCommands() {
        guard !command.shownSubcommands.isEmpty else { return }
        page.heading("Commands")
        let common = Set(command.shownArguments.map(\.identity))
        for subcommand in command.shownSubcommands { write(subcommand, above: "", common: common) }
    }

    /// - Parameters:
    ///   - above: the commands that this one belongs to, each with a space behind.
    ///   - common: options that are described with the program itself.
    private mutating func write(_ subcommand: CommandInfo, above: String, common: Set<String>) {
        let name = above + subcommand.commandName
        guard subcommand.shownSubcommands.isEmpty else {
            for inner in subcommand.shownSubcommands { write(inner, above: name + " ", common: common) }
            return
        }
        let own = subcommand.shownArguments.filter { $0.isPositional || !common.contains($0.identity) }
        page.subheading(([Roff.bold(name)] + own.map(CommandPage.usage)).joined(separator: " "))
        if let abstract = subcommand.abstract { page.paragraph([abstract]) }
        for lines in CommandPage.paragraphs(subcommand.discussion) { page.paragraph(lines) }
        for argument in own where !argument.isPositional || (argument.abstract ?? "").contains(" ") {
            write(argument)
        }
    }

    private mutating func write(_ argument: CommandInfo.Argument) {
        page.item([CommandPage.term(argument)]) {
            [argument.abstract.map { [$0] } ?? []] + CommandPage.paragraphs(argument.discussion)
        }
    }

    // MARK: Words

    private static func paragraphs(_ text: String?) -> [[String]] {
        let lines = (text ?? "").split(separator: "\n", omittingEmptySubsequences: true)
        return lines.map { [String($0)] }
    }

    private static func term(_ argument: CommandInfo.Argument) -> String {
        let value = Roff.italic(argument.valueName ?? "value")
        guard !argument.isPositional else { return value }
        let names = (argument.names ?? []).map { Roff.bold($0.text) }.joined(separator: ", ")
        return argument.kind == "flag" ? names : "\(names) \(value)"
    }

    private static func usage(_ argument: CommandInfo.Argument) -> String {
        let text = argument.isPositional ? Roff.italic(argument.valueName ?? "value") : term(argument)
        return (argument.isOptional ? "[\(text)]" : text) + (argument.isRepeating ? "\\|.\\|.\\|." : "")
    }
}
