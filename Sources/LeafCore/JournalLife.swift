/// Which run of a daemon wrote a journal, and where it began: numbers of commits repeat when a start goes on from an older
/// state of the journal, and the life tells such commits apart.
package struct JournalLife: Hashable, Sendable {
    /// Random, drawn at each start.
    package var id: String
    /// The life that wrote what this one began from; empty: none.
    package var before: String
    /// The number of its first commit.
    package var firstCommit: UInt64

    package init(id: String, before: String, firstCommit: UInt64) {
        self.id = id
        self.before = before
        self.firstCommit = firstCommit
    }

    package static let none = JournalLife(id: "", before: "", firstCommit: 0)
}

extension Witness {
    /// Whether a journal that ends with this commit of this life has everything that a limit may rest upon.
    func isCovered(by life: JournalLife, _ sequence: UInt64) -> Bool {
        // A life that began where the witness ends, and that no witness has seen: nothing has been issued in it.
        self.life.id == life.id ? self.sequence <= sequence : life.before == self.life.id && self.sequence < .max
    }

    /// Whether a journal that ends with this commit of this life lacks just the one that the witness saw last.
    func isOneAhead(of life: JournalLife, _ sequence: UInt64) -> Bool {
        let isNext = self.life.id == life.id || self.life.before == life.id && self.life.firstCommit == self.sequence
        return isNext && sequence < .max && self.sequence == sequence + 1
    }
}
