private import Glibc
internal import LeafClient

/// What leafd is at besides answering.
enum Disturbance: String, CaseIterable, Sendable {
    case commits
    case prefetch
    case outage
    case outageAway = "outage-away"
    case reload
    case stats
    case statsMany = "stats-many"

    /// For the table.
    func name(manyTags: Int) -> String {
        switch self {
        case .commits: "journal commits"
        case .prefetch: "prefetches"
        case .outage: "outage: the store hangs"
        case .outageAway: "outage: the store is gone"
        case .reload: "reloads"
        case .stats: "STATS every second"
        case .statsMany: "STATS every second, \(manyTags) tags known"
        }
    }

    /// Whether the project has a target for it.
    var hasTarget: Bool { self != .stats && self != .statsMany }

    /// The step of each tag that is asked for: of different lengths, so that they do not all want a lease at once.
    ///
    /// - Parameters:
    ///   - tags: how many there are.
    ///   - perTag: requests a second for each of them.
    ///   - phase: how long the load goes on at a time.
    func steps(tags: Int, perTag: Double, phase: Duration) -> [Int] {
        let shortest: Double
        switch self {
        // A lease every half a second for each tag, and every second for some.
        case .prefetch: shortest = perTag / 2
        // What is left when the next segment is wanted, nine tenths of this one, is enough for an outage.
        case .outage, .outageAway: shortest = perTag * phase.inSeconds * 1.2
        case .commits, .reload, .stats, .statsMany: return Array(repeating: Disturbance.largeStep, count: tags)
        }
        return (0..<tags).map { max(100, Int(shortest * (1 + Double($0) / Double(tags)))) }
    }

    /// Nothing is leased during a measurement.
    static let largeStep = 100_000_000

    /// What leafd is configured with, besides. Without a limit the steps would double with each lease.
    func settings(steps: [Int]) -> [String] {
        switch self {
        case .prefetch, .outage, .outageAway: ["segments.max-step=\(steps.max() ?? 100)", "segments.default-step=100"]
        case .commits, .reload, .stats, .statsMany: []
        }
    }

    /// Tags besides those that are asked for: of the second client that makes commits necessary.
    var bulkTags: [String] { self == .commits ? (0..<200).map { "bulk-\($0)" } : [] }

    /// Runs `body` while it goes on.
    func during<R>(_ leafd: Leafd, _ body: () throws -> R) throws -> (R, times: Int) {
        switch self {
        case .prefetch:
            return (try body(), 0)
        case .commits:
            // A second client takes more than a window at a time, of one tag after the other: most have to wait for a
            // commit.
            let (path, tags) = (leafd.socketPath, bulkTags)
            return try during(
                Repeated(every: .milliseconds(1)) {
                    let connection = try LeafConnection(path: path, timeout: .seconds(30))
                    for tag in tags { _ = try connection.lease(tag, count: 10_000) }
                }, body)
        case .outage:
            let lock = try StoreOutage.lock(leafd)
            return try withExtendedLifetime(lock) { (try body(), 1) }
        case .outageAway:
            let file = try StoreOutage.moveAway(leafd)
            return try withExtendedLifetime(file) { (try body(), 1) }
        case .reload:
            let program = leafd.program
            return try during(Repeated(every: .milliseconds(100)) { program.signal(SIGHUP) }, body)
        case .stats, .statsMany:
            let path = leafd.socketPath
            return try during(
                Repeated(every: .seconds(1)) {
                    let connection = try LeafConnection(path: path, timeout: .seconds(30))
                    _ = try connection.answer(to: ["STATS"])
                }, body)
        }
    }

    private func during<R>(_ other: Repeated, _ body: () throws -> R) throws -> (R, times: Int) {
        do {
            let result = try body()
            return (result, try other.stop())
        } catch {
            _ = try? other.stop()
            throw error
        }
    }
}
