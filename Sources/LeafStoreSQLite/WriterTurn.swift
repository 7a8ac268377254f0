import Foundation
import GRDB

/// How a connection waits for its turn on a file that has one writer at a time.
///
/// SQLite's own busy handler sleeps longer with each try, up to 100 ms, while the lock is free for microseconds: of eight
/// busy writers one got 47 leases in 5 s, another 2573. Here it is the other way round. Who has waited longer asks more
/// often, and so comes before the newcomers; the sleeps are random, so that two waiters never stay in step.
///
/// There is a price to asking: with a shortest sleep of 0.2 ms, 24 writers on two cores asked so much that they leased a
/// tenth of what they do with 2 ms.
struct WriterTurn {
    /// The longest sleep of a newcomer.
    static let longestSleep = Duration.milliseconds(5)
    /// The longest sleep of one who has waited long.
    static let shortestSleep = Duration.milliseconds(2)

    /// How long to ask at most.
    let timeout: Duration

    /// Runs `attempt` until it meets no lock, or rethrows the last refusal when the time is up.
    func wait<T>(_ attempt: () throws -> T) throws -> T {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: timeout)
        var refusals = 0
        while true {
            do {
                return try attempt()
            } catch let error as DatabaseError where error.isBusy && clock.now < deadline {
                refusals += 1
                Self.sleep(Self.pause(afterRefusals: refusals))
            }
        }
    }

    /// A random time up to a bound that shrinks with every refusal.
    static func pause(afterRefusals refusals: Int) -> Duration {
        let bound = max(longestSleep / refusals, shortestSleep)
        return .nanoseconds(Int64.random(in: 50_000...(bound.components.attoseconds / 1_000_000_000)))
    }

    private static func sleep(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        // A signal cuts the sleep short: one try too early, which does no harm.
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
    }
}
