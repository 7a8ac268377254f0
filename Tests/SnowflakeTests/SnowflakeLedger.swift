import Foundation
import LeafCore
import LeafTestKit

/// All snowflakes that were received, as runs of numbers that follow each other, and whatever is wrong with them.
final class SnowflakeLedger: Sendable {
    private struct State: Sendable {
        var runs: [IDRange] = []
        var count = 0
        /// The last ID of each client and worker id.
        var last: [[Int]: Int64] = [:]
        /// The highest ID of each worker id.
        var highest: [Int: Int64] = [:]
        /// Those of the last `mark`.
        var floors: [Int: Int64] = [:]
        var firstSinceMark: Int64?
        var problems: [String] = []
        var farthestAhead: Int64?
        var farthestBehind: Int64?
    }

    let format: SnowflakeFormat
    private let state = TestLock(State())

    init(_ format: SnowflakeFormat = .leafs) {
        self.format = format
    }

    /// Takes IDs in the order in which one client received them from one daemon.
    ///
    /// - Parameters:
    ///   - sent: when they were asked for, in true milliseconds since 1970; nil: unknown.
    ///   - received: when the reply had come.
    func record(_ ids: [Int64], client: Int, sent: Int64? = nil, received: Int64? = nil) {
        guard let first = ids.first else { return }
        var runs: [IDRange] = []
        var (begin, end) = (first, first)
        for id in ids.dropFirst() {
            if id == end + 1 {
                end = id
            } else {
                runs.append(IDRange(first: begin, last: end))
                (begin, end) = (id, id)
            }
        }
        runs.append(IDRange(first: begin, last: end))
        state.with { state in
            state.count += ids.count
            state.runs += runs
            if state.firstSinceMark == nil { state.firstSinceMark = first }
            for run in runs { take(run, client, &state) }
            if let sent, let received {
                let (low, high) = (ids.min() ?? first, ids.max() ?? first)
                let ahead = (format.parts(of: high)?.time ?? 0) - received
                let behind = sent - (format.parts(of: low)?.time ?? 0)
                state.farthestAhead = max(state.farthestAhead ?? .min, ahead)
                state.farthestBehind = max(state.farthestBehind ?? .min, behind)
            }
        }
    }

    private func take(_ run: IDRange, _ client: Int, _ state: inout State) {
        guard let parts = format.parts(of: run.first) else {
            return state.problems.append("\(run.first) is no ID of this layout")
        }
        let worker = parts.worker
        if let last = state.last[[client, worker]], run.first <= last {
            state.problems.append("client \(client) received \(run.first) after \(last)")
        }
        if let floor = state.floors[worker], run.first <= floor {
            state.problems.append("\(run.first) of worker \(worker) came after all up to \(floor) had been received")
        }
        state.last[[client, worker]] = run.last
        state.highest[worker] = max(state.highest[worker] ?? 0, run.last)
    }

    /// Enters something else that is wrong.
    func note(problem: String) { state.with { $0.problems.append(problem) } }

    /// Draws a line while nobody asks: whatever comes from here on must be above all of its worker id before.
    func mark() {
        state.with { state in
            state.floors = state.highest
            state.firstSinceMark = nil
        }
    }

    /// The first that was entered since the last `mark`.
    var firstSinceMark: Int64? { state.with { $0.firstSinceMark } }
    var count: Int { state.with { $0.count } }
    /// The worker ids that IDs were made with.
    var workers: [Int] { state.with { $0.highest.keys.sorted() } }

    /// The time of the highest ID of a worker id, in milliseconds since 1970; nil: there is none.
    func lastTime(of worker: Int) -> Int64? {
        state.with { $0.highest[worker] }.flatMap { format.parts(of: $0)?.time }
    }

    /// How far stamps were from true time since this was asked last, in milliseconds: ahead, behind.
    func takeDistances() -> (ahead: Int64, behind: Int64) {
        state.with { state in
            defer { (state.farthestAhead, state.farthestBehind) = (nil, nil) }
            return (max(0, state.farthestAhead ?? 0), max(0, state.farthestBehind ?? 0))
        }
    }

    /// IDs that came twice, at most a hundred.
    var duplicates: [Int64] {
        state.with { state in
            state.runs.sort { $0.first < $1.first }
            var found: [Int64] = []
            var highest = Int64.min
            for run in state.runs {
                if run.first <= highest, found.count < 100 { found.append(run.first) }
                highest = max(highest, run.last)
            }
            return found
        }
    }

    /// What is wrong: IDs given twice, IDs that are none, IDs that went down. Empty if all is well.
    var faults: [String] { duplicates.map { "\($0) was issued twice" } + state.with { $0.problems } }
}

extension SnowflakeFormat {
    static let leafs = SnowflakeFormat(layout: .leaf, epoch: 1_288_834_974_657)
    /// As `leafs`, with few worker ids: taking them over matters.
    static func small(workerBits: Int) -> SnowflakeFormat {
        SnowflakeFormat(
            layout: SnowflakeLayout(unit: .milliseconds(1), timeBits: 41, workerBits: workerBits, sequenceBits: 12),
            epoch: 1_288_834_974_657)
    }

    /// The same as a section of a daemon's configuration.
    static func small(workerBits: Int) -> String {
        """
        snowflake:
            layout: {unit: 1ms, time-bits: 41, worker-bits: \(workerBits), sequence-bits: 12}
        """
    }
}

/// This machine's own time, in milliseconds since 1970.
func trueTime() -> Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
