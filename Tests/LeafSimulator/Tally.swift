/// What happened in a world, counted.
package struct Tally: Hashable, Sendable, CustomStringConvertible {
    package var events = 0
    package var issued = 0
    package var starts = 0
    package var provenStarts = 0
    package var crashes = 0
    package var reboots = 0
    package var stops = 0
    package var copies = 0
    package var twins = 0
    package var restored = 0
    package var lostCommits = 0
    package var unknownCommits = 0
    package var replacedJournals = 0
    package var leases = 0
    package var failovers = 0
    package var restoredStores = 0
    package var lifts = 0
    package var giveUps = 0
    package var contests = 0
    package var excused = 0

    package init() {}

    private static let counts: [(name: String, path: any WritableKeyPath<Tally, Int> & Sendable)] = [
        ("events", \.events),
        ("IDs", \.issued),
        ("starts", \.starts),
        ("proven", \.provenStarts),
        ("crashes", \.crashes),
        ("reboots", \.reboots),
        ("clean stops", \.stops),
        ("copied journals", \.copies),
        ("twins", \.twins),
        ("older journals put back", \.restored),
        ("lost commits", \.lostCommits),
        ("commits of unknown outcome", \.unknownCommits),
        ("journals replaced", \.replacedJournals),
        ("leases", \.leases),
        ("failovers", \.failovers),
        ("backups put back", \.restoredStores),
        ("lifts", \.lifts),
        ("give-ups", \.giveUps),
        ("contested names", \.contests),
        ("IDs excluded from the promise", \.excused),
    ]

    package static func += (a: inout Tally, b: Tally) {
        for (_, path) in counts { a[keyPath: path] += b[keyPath: path] }
    }

    package var description: String {
        Tally.counts.map { "\(self[keyPath: $0.path]) \($0.name)" }.joined(separator: ", ")
    }

    /// What has never happened.
    package var idle: [String] { Tally.counts.filter { self[keyPath: $0.path] == 0 }.map(\.name) }
}
