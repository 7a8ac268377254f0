internal import LeafCore
internal import LeafProtocol

/// What one event loop counts for STATS: read and written on that loop alone.
struct Tally: Sendable {
    private var commandCounts = Array(repeating: Int64(0), count: Command.allCases.count)
    private(set) var errors: [String: Int64] = [:]
    /// Requests that are known by their names, served or being served.
    private(set) var total: Int64 = 0
    /// From the moment the loop sees requests until their replies are sent.
    private(set) var latency = LatencyWindow()

    /// More prefixes than the protocol has; what a bug might add beyond is not counted.
    private static let prefixesMax = 32

    mutating func count(_ command: Command, _ times: Int64 = 1) {
        commandCounts[command.number] += times
        total += times
    }

    /// Records requests that arrived and were answered together.
    mutating func answered(_ times: Int64, since arrival: MonotonicTime, now: MonotonicTime) {
        let took = now.nanoseconds > arrival.nanoseconds ? now.nanoseconds &- arrival.nanoseconds : 0
        latency.record(nanoseconds: took, times: UInt32(truncatingIfNeeded: times), now: now)
    }

    /// Counts an error by its prefix, the first word of its text.
    mutating func countError(_ text: String) {
        let prefix = String(text.prefix { $0 != " " })
        guard errors[prefix] != nil || errors.count < Tally.prefixesMax else { return }
        errors[prefix, default: 0] += 1
    }

    var commands: [String: Int64] {
        var named: [String: Int64] = [:]
        for command in Command.allCases where commandCounts[command.number] > 0 {
            named[command.name] = commandCounts[command.number]
        }
        return named
    }

    mutating func add(_ other: Tally) {
        for index in commandCounts.indices { commandCounts[index] += other.commandCounts[index] }
        errors.merge(other.errors) { $0 + $1 }
        total += other.total
        latency.add(other.latency)
    }
}
