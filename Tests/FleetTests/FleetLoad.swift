import Foundation
import LeafClient
import LeafTestKit

/// One client of one daemon, that asks for IDs of several tags, and connects again after every break.
struct FleetClient: Sendable {
    let path: String
    /// The daemon's number, for what is counted of each.
    let daemon: Int
    /// Names the client in the ledger.
    let number: Int
    let tags: [String]
    /// For each tag that is due.
    let request: LoadClient.Request
    /// How often `request` is repeated in one batch, which is sent at once; each time for the next tag.
    let width: Int
    /// From the beginning of one batch to that of the next, at least.
    let pace: Duration

    init(
        of daemon: LeafDaemon, _ index: Int, number: Int, tags: [String], _ request: LoadClient.Request = .next,
        width: Int = 1, every pace: Duration = .zero
    ) {
        path = daemon.setup.socketPath
        self.daemon = index
        self.number = number
        self.tags = tags
        self.request = request
        self.width = width
        self.pace = pace
    }

    /// Works until `load` ends.
    func run(for load: FleetLoad) {
        var turn = 0
        while !load.isOver {
            do throws(LeafClientError) {
                let leafd = try LeafConnection(path: path, timeout: .seconds(60))
                var due = ContinuousClock.now
                while !load.isOver {
                    try batch(leafd, &turn, load)
                    due = due.advanced(by: pace)
                    let left = ContinuousClock.now.duration(to: due)
                    if left > .zero { pauseThread(left) } else { due = .now }
                }
            } catch {
                load.note(error: "\(error.code)", of: daemon)
                usleep(2000)
            }
        }
    }

    private func batch(_ leafd: LeafConnection, _ turn: inout Int, _ load: FleetLoad) throws(LeafClientError) {
        let due = (0..<width).map { tags[(turn + $0) % tags.count] }
        turn = (turn + width) % tags.count
        var ids: [String: [Int64]] = [:]
        defer {
            var count = 0
            for (tag, some) in ids {
                load.ledger.record(some, of: tag, client: number)
                count += some.count
            }
            load.note(ids: count, of: daemon)
        }
        var isRefused = false
        let start = ContinuousClock.now
        try leafd.send(due.map(words))
        for tag in due {
            let reply = try leafd.receive()
            if let prefix = reply.errorPrefix {
                load.note(error: prefix, of: daemon)
                isRefused = true
            } else {
                ids[tag, default: []] += taken(from: reply, load)
            }
        }
        load.note(wait: start.duration(to: .now), of: daemon)
        // Who is refused asks again after a while, as any client would.
        if isRefused { usleep(5000) }
    }

    private func words(_ tag: String) -> [String] {
        switch request {
        case .next: ["NEXT", tag]
        case .nextMany(let count): ["NEXT", tag, "\(count)"]
        case .lease(let count): ["LEASE", tag, "\(count)"]
        case .incrementBy(let count): ["INCRBY", tag, "\(count)"]
        }
    }

    private func taken(from reply: Reply, _ load: FleetLoad) -> [Int64] {
        let numbers = reply.array?.compactMap(\.integer) ?? []
        let ids: [Int64]
        let expected: Int
        switch request {
        case .next: (ids, expected) = (reply.integer.map { [$0] } ?? [], 1)
        case .nextMany(let count): (ids, expected) = (numbers, count)
        case .lease(let count):
            let ranges = stride(from: 0, to: numbers.count - 1, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
            (ids, expected) = (ranges.filter { $0.0 <= $0.1 }.flatMap { Array($0.0...$0.1) }, count)
        case .incrementBy(let count):
            (ids, expected) = (reply.integer.map { Array($0 - Int64(count) + 1...$0) } ?? [], count)
        }
        if ids.count != expected { load.note(error: "\(words("?")) was answered by \(reply)", of: daemon) }
        return ids
    }
}

/// Clients at work on a fleet, until they are told to end.
final class FleetLoad: Sendable {
    private struct Counts: Sendable {
        var isOver = false
        var errors: [String: Int] = [:]
        var ids: [Int: Int] = [:]
        var longestWait: [Int: Duration] = [:]
    }

    let ledger: Ledger
    private let counts = TestLock(Counts())

    init(_ ledger: Ledger) {
        self.ledger = ledger
    }

    /// Lets the clients work on threads of their own while `body` runs on this one.
    func run<R>(_ clients: [FleetClient], while body: () throws -> R) rethrows -> R {
        let crew = Crew(clients.count) { clients[$0].run(for: self) }
        defer {
            counts.with { $0.isOver = true }
            crew.join()
        }
        return try body()
    }

    var isOver: Bool { counts.with { $0.isOver } }

    func note(error: String, of daemon: Int) {
        counts.with { $0.errors[error, default: 0] += 1 }
    }

    func note(ids: Int, of daemon: Int) {
        counts.with { $0.ids[daemon, default: 0] += ids }
    }

    func note(wait: Duration, of daemon: Int) {
        counts.with { $0.longestWait[daemon] = max($0.longestWait[daemon] ?? .zero, wait) }
    }

    /// How often each error was met, by its prefix.
    var errors: [String: Int] { counts.with { $0.errors } }

    /// How many IDs a daemon has issued.
    func count(of daemon: Int) -> Int { counts.with { $0.ids[daemon] ?? 0 } }

    /// The longest that a batch of a daemon's has taken since this was asked last.
    func takeLongestWait(of daemon: Int) -> Duration {
        counts.with { $0.longestWait.removeValue(forKey: daemon) ?? .zero }
    }

    /// Waits until each of these daemons has issued so many IDs more.
    func waitForMore(_ count: Int, from daemons: some Sequence<Int>, within limit: Duration = .seconds(60)) throws {
        let goals = daemons.map { (daemon: $0, goal: self.count(of: $0) + count) }
        try eventually("\(count) IDs more from each of \(goals.map(\.daemon))", within: limit) {
            goals.allSatisfy { self.count(of: $0.daemon) >= $0.goal }
        }
    }
}
