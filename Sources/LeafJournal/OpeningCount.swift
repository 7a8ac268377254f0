private import Glibc

/// How many starts in a row have died between opening the journal and their first commit: the file `opening`.
///
/// What the verification does not find may kill the daemon when it writes: a second death of this kind is taken for
/// damage, so that no journal makes a daemon die for ever. Deaths of another boot do not count: a power cut may bring a
/// removed file back.
struct OpeningCount: ~Copyable {
    /// Dead starts that make a journal a damaged one.
    static let deathsMax = 2

    private let file: String
    private let bootID: String
    /// Deaths before this start.
    let deaths: Int
    private var isPending = true

    init(file: String, bootID: String) {
        self.file = file
        self.bootID = bootID
        let words = firstLine(of: file).split(separator: " ", omittingEmptySubsequences: false)
        deaths = words.count == 2 && words[0] == bootID ? max(0, Int(words[1]) ?? 0) : 0
    }

    /// Counts this start, before it opens the data. That the count cannot be written (on a full disk) is no reason not
    /// to start.
    func begin() { write(deaths + 1) }

    /// The first commit has been made, or this start ends in good order.
    mutating func end() {
        guard isPending else { return }
        isPending = false
        unlink(file)
    }

    /// This start has failed in good order: it says nothing about the journal.
    mutating func undo() {
        guard isPending else { return }
        isPending = false
        if deaths > 0 { write(deaths) } else { unlink(file) }
    }

    /// Another journal has taken the place of the one that starts died of.
    func restart() { write(1) }

    private func write(_ count: Int) {
        let fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard fd >= 0 else { return }
        let text = Array("\(bootID) \(count)\n".utf8)
        _ = Glibc.write(fd, text, text.count)
        close(fd)
    }
}
