import Glibc
import LeafClient
import LeafTestKit

/// A well-behaved client: one request at a time, with a pause in between, on one connection.
final class Observer: Sendable {
    private let state = TestLock(State())

    private struct State {
        var isOver = false
        var latencies: [Int64] = []
        var ids: [Int64] = []
        var errors: [String] = []
    }

    /// Works until it is told to end. To be called on a thread of its own.
    ///
    /// - Parameter victim: the daemon, connected to once.
    func run(_ victim: Victim, tag: String) {
        guard let connection = try? victim.connect() else {
            return state.with { $0.errors.append("it cannot connect") }
        }
        while !state.with({ $0.isOver }) {
            let start = ContinuousClock.now
            do throws(LeafClientError) {
                let id = try connection.next(tag)
                let took = ContinuousClock.now - start
                state.with {
                    $0.latencies.append(
                        took.components.seconds * 1_000_000_000 + took.components.attoseconds / 1_000_000_000)
                    $0.ids.append(id)
                }
            } catch {
                state.with { $0.errors.append("\(error)") }
                return
            }
            usleep(300)
        }
    }

    func end() { state.with { $0.isOver = true } }

    /// Latencies since the last call, in nanoseconds.
    func takeLatencies() -> [Int64] {
        state.with { state in
            defer { state.latencies = [] }
            return state.latencies
        }
    }

    var ids: [Int64] { state.with { $0.ids } }
    var errors: [String] { state.with { $0.errors } }
}

extension [Int64] {
    /// In microseconds.
    func percentile(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return Double(sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000
    }
}

extension [Double] {
    var least: Double { self.min() ?? .nan }
}
