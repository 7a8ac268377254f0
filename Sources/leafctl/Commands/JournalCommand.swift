internal import ArgumentParser

/// `leafctl journal …`
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Examines the journal of a leafd that does not run.",
        subcommands: [JournalVerifyCommand.self])
}

/// `leafctl journal verify PATH`
struct JournalVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks every record of a journal, as leafd does at its start. Changes nothing.",
        discussion: """
            What it finds is on standard output. Exit status: 0 sound; 1 damaged; 2 there is none, or it cannot be read; 3 a \
            running leafd holds it.
            """)

    @Argument(help: "The journal's folder, or a data file: one that leafd has set aside as damaged-….mdb.")
    var path: String

    func run() throws {
        let journal = JournalReading(path: path)
        let answer: JournalReading.Answer
        do {
            answer = try journal.ask("--verify-journal")
        } catch let error as DeadlyJournal {
            return try report(damage: error.reason, journal)
        }
        let words = answer.text.split(separator: " ", maxSplits: 1).map(String.init)
        let rest = words.count > 1 ? words[1] : ""
        switch words[0] {
        case "sound": try report(sound: rest.split(separator: " ").map(String.init), journal)
        case "damaged": try report(damage: rest, journal)
        case "absent":
            throw CommandError(status: ExitStatus.unreadable, message: "there is no journal in \(path)")
        case "unknown":
            throw CommandError(status: ExitStatus.unreadable, message: "\(path) could not be verified: \(rest)")
        default:
            throw CommandError(
                status: ExitStatus.unreadable,
                message: "leafd answered \"\(answer.text)\": are leafctl and leafd of one version?")
        }
    }

    /// - Parameter figures: how many tags, and the number of the newest commit.
    private func report(sound figures: [String], _ journal: JournalReading) throws {
        let output = StandardOutput()
        let size = journal.bytes.map { ", \(Units.bytes($0)) on disk" } ?? ""
        output.line("sound: \(figures.first ?? "?") tags, commit \(figures.last ?? "?")\(size)")
        try output.flush()
    }

    private func report(damage reason: String, _ journal: JournalReading) throws {
        let output = StandardOutput()
        output.line("damaged: \(reason)")
        if journal.isFolder {
            output.line(
                "When leafd starts on it, it sets the file aside, keeps the floors that are sound, and leases afresh:")
            output.line("a gap in the IDs, no duplicate.")
        }
        try output.flush()
        throw ExitCode(ExitStatus.damaged)
    }
}
