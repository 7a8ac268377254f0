import Foundation
import LeafClient
import LeafTestKit

/// What clients ask for, one request at a time, and how long each waits for its answer.
///
/// Beside `Load`, which asks for batches and does not look at the time.
final class Traffic: Sendable {
    enum Phase: Sendable {
        /// Nobody looks at the time yet.
        case warmingUp
        case before
        case during
        case after
    }

    /// The longest wait of any request that was answered in a phase.
    struct Waits: Sendable {
        var before = Duration.zero
        var during = Duration.zero
        var after = Duration.zero
    }

    private struct State: Sendable {
        var phase = Phase.warmingUp
        var waits = Waits()
        var errors: [String: Int] = [:]
        var isOver = false
    }

    private let state = TestLock(State())

    var phase: Phase {
        get { state.with { $0.phase } }
        set { state.with { $0.phase = newValue } }
    }

    var waits: Waits { state.with { $0.waits } }
    /// How often each error was met, by its prefix.
    var errors: [String: Int] { state.with { $0.errors } }

    struct Client: Sendable {
        let path: String
        let tag: String
        let collector: IDCollector
        let thread: Int
        let pause: Duration
    }

    /// Lets the clients work on threads of their own while `body` runs on this one.
    func run<R>(_ clients: [Client], while body: () throws -> R) rethrows -> R {
        let crew = Crew(clients.count) { self.work(clients[$0]) }
        defer {
            state.with { $0.isOver = true }
            crew.join()
        }
        return try body()
    }

    private var isOver: Bool { state.with { $0.isOver } }

    private func work(_ client: Client) {
        while !isOver {
            do throws(LeafClientError) {
                let leafd = try LeafConnection(path: client.path, timeout: .seconds(30))
                while !isOver { try ask(leafd, client) }
            } catch {
                note("\(error.code)")
                pauseThread(.milliseconds(2))
            }
        }
    }

    private func ask(_ leafd: LeafConnection, _ client: Client) throws(LeafClientError) {
        let start = ContinuousClock.now
        let reply = try leafd.command("NEXT", client.tag)
        let wait = start.duration(to: .now)
        state.with { state in
            switch state.phase {
            case .warmingUp: break
            case .before: state.waits.before = max(state.waits.before, wait)
            case .during: state.waits.during = max(state.waits.during, wait)
            case .after: state.waits.after = max(state.waits.after, wait)
            }
        }
        if let id = reply.integer {
            client.collector.record([id], thread: client.thread)
        } else {
            note(reply.errorPrefix ?? "NEXT was answered by \(reply)")
        }
        pauseThread(client.pause)
    }

    private func note(_ error: String) {
        state.with { $0.errors[error, default: 0] += 1 }
    }
}
