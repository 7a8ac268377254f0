import Foundation
import LeafClient
import LeafTestKit

/// One client that asks for snowflakes in batches, and connects again after every break.
struct SnowflakeClient: Sendable {
    let path: String
    /// Names the client in the ledger; one of a daemon's.
    let number: Int
    /// One batch, sent at once.
    var requests = [["SNOWFLAKE"]]
    var pause = Duration.milliseconds(1)

    /// Works until `load` ends.
    func run(for load: SnowflakeLoad) {
        var lastSuccess: ContinuousClock.Instant?
        while !load.isOver {
            do throws(LeafClientError) {
                load.connected(1)
                defer { load.connected(-1) }
                let leafd = try LeafConnection(path: path, timeout: patience)
                while !load.isOver {
                    try batch(leafd, load, &lastSuccess)
                }
            } catch {
                load.note(error: "\(error.code)", "\(error)", of: nil)
                usleep(2000)
            }
        }
    }

    private func batch(_ leafd: LeafConnection, _ load: SnowflakeLoad, _ lastSuccess: inout ContinuousClock.Instant?)
        throws(LeafClientError)
    {
        var ids: [Int64] = []
        let sent = load.now
        defer {
            load.ledger.record(ids, client: number, sent: sent, received: load.now)
            load.note(ids: ids.count, of: number)
        }
        try leafd.send(requests)
        var isRefused = false
        for request in requests {
            let reply = try leafd.receive()
            if case .error(let prefix, let message) = reply {
                load.note(error: prefix, message, of: number)
                // None of these requests is wrong.
                if prefix == "ERR" { load.ledger.note(problem: "\(request) was answered by \(reply)") }
                isRefused = true
                continue
            }
            let found = SnowflakeReply.ids(reply)
            let wanted = request.count > 1 ? Int(request[1]) ?? 1 : 1
            if found.count != wanted {
                load.ledger.note(problem: "\(request) was answered by \(found.count) IDs: \("\(reply)".prefix(200))")
            }
            ids += found
        }
        if !ids.isEmpty {
            let now = ContinuousClock.now
            if let lastSuccess { load.note(stall: lastSuccess.duration(to: now)) }
            lastSuccess = now
        }
        // Who is refused asks again after a while, as any client would.
        if isRefused { usleep(5000) }
        if pause > .zero { pauseThread(pause) }
    }
}

/// IDs in a reply.
enum SnowflakeReply {
    static func ids(_ reply: Reply) -> [Int64] {
        if let array = reply.array { return array.compactMap { $0.integer ?? $0.text.flatMap { Int64($0) } } }
        return [reply.integer ?? reply.text.flatMap { Int64($0) }].compactMap(\.self)
    }
}

/// Clients at work, until they are told to end.
final class SnowflakeLoad: Sendable {
    private struct Counts: Sendable {
        var isOver = false
        var connections = 0
        var errors: [String: Int] = [:]
        var examples: [String: String] = [:]
        var ids: [Int: Int] = [:]
        var refusals: [Int: Int] = [:]
        var longestStall = Duration.zero
    }

    let ledger: SnowflakeLedger
    /// What the world's clocks are ahead of this machine's.
    private let world: ClockShift?
    private let counts = TestLock(Counts())

    init(_ ledger: SnowflakeLedger, world: ClockShift? = nil) {
        self.ledger = ledger
        self.world = world
    }

    /// Lets the clients work on threads of their own while `body` runs on this one.
    func run<R>(_ clients: [SnowflakeClient], while body: () throws -> R) rethrows -> R {
        counts.with { $0.isOver = false }
        let crew = Crew(clients.count) { clients[$0].run(for: self) }
        defer {
            counts.with { $0.isOver = true }
            crew.join()
        }
        return try body()
    }

    var isOver: Bool { counts.with { $0.isOver } }
    /// True time.
    var now: Int64 { trueTime() + Int64((world?.slept.seconds ?? 0) * 1000) }

    func connected(_ change: Int) { counts.with { $0.connections += change } }
    func note(ids: Int, of client: Int) { counts.with { $0.ids[client, default: 0] += ids } }
    func note(stall: Duration) { counts.with { $0.longestStall = max($0.longestStall, stall) } }

    /// - Parameter client: whose request was refused; nil: the connection ended.
    func note(error: String, _ example: String, of client: Int?) {
        counts.with { counts in
            if let client { counts.refusals[client, default: 0] += 1 }
            counts.errors[error, default: 0] += 1
            counts.examples[error] = example
        }
    }

    /// How often each error was met, by its prefix.
    var errors: [String: Int] { counts.with { $0.errors } }
    /// The last text of each.
    var examples: [String: String] { counts.with { $0.examples } }
    func count(of client: Int) -> Int { counts.with { $0.ids[client] ?? 0 } }

    /// Waits until a client has been refused once more.
    func waitForRefusal(of client: Int) throws {
        let before = counts.with { $0.refusals[client] ?? 0 }
        // One that was sent before does not count.
        try eventually("client \(client) is refused", within: patience) {
            counts.with { $0.refusals[client] ?? 0 } > before + 1
        }
    }

    /// The longest that a client was without IDs, since this was asked last.
    func takeLongestStall() -> Duration {
        counts.with { counts in
            defer { counts.longestStall = .zero }
            return counts.longestStall
        }
    }

    /// Waits until no client is connected any more: all that a dead daemon had answered has then been received.
    func waitForAllToBreak() throws {
        try eventually("every client has met the end of its connection", within: patience) {
            counts.with { $0.connections } == 0
        }
    }

    /// Waits until each of these clients has so many IDs more.
    func waitForMore(_ count: Int = 1, from clients: some Sequence<Int>) throws {
        let goals = clients.map { (client: $0, goal: self.count(of: $0) + count) }
        do {
            try eventually("\(count) IDs more for each of \(goals.map(\.client))", within: patience) {
                goals.allSatisfy { self.count(of: $0.client) >= $0.goal }
            }
        } catch { throw TestProblem("\(error); errors met: \(errors), \(examples)") }
    }
}
