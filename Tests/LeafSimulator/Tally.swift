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
    // Of snowflakes.
    package var stamped = 0
    package var claims = 0
    package var takeovers = 0
    package var successions = 0
    package var renewals = 0
    package var lostWorkers = 0
    package var noneFree = 0
    package var waits = 0
    package var refusals = 0
    package var clockSteps = 0
    /// How far stamps were ahead of, and behind, the true time where no clock was wrong, in milliseconds.
    package var aheadMax = 0
    package var behindMax = 0

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

    private static let ofSnowflakes: [(name: String, path: any WritableKeyPath<Tally, Int> & Sendable)] = [
        ("snowflakes", \.stamped),
        ("worker ids leased", \.claims),
        ("taken over", \.takeovers),
        ("taken over before their time", \.successions),
        ("renewals", \.renewals),
        ("lost to others", \.lostWorkers),
        ("found none free", \.noneFree),
        ("waits", \.waits),
        ("refusals", \.refusals),
        ("clock steps", \.clockSteps),
    ]

    package static func += (a: inout Tally, b: Tally) {
        for (_, path) in counts + ofSnowflakes { a[keyPath: path] += b[keyPath: path] }
        a.aheadMax = max(a.aheadMax, b.aheadMax)
        a.behindMax = max(a.behindMax, b.behindMax)
    }

    package var description: String {
        let counts = Tally.counts + (stamped > 0 ? Tally.ofSnowflakes : [])
        let limits = stamped > 0 ? ", at most \(aheadMax) ms ahead and \(behindMax) ms behind the true time" : ""
        return counts.map { "\(self[keyPath: $0.path]) \($0.name)" }.joined(separator: ", ") + limits
    }

    /// What has never happened.
    package var idle: [String] { Tally.counts.filter { self[keyPath: $0.path] == 0 }.map(\.name) }
    package var idleSnowflakes: [String] { Tally.ofSnowflakes.filter { self[keyPath: $0.path] == 0 }.map(\.name) }
}
