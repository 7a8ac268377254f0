private import LeafCore
private import LeafThreads

/// Once a second, while any tag is in use: has those that are due measure their rates and see to their reserves. Sleeps
/// without a wake-up else.
final class Ticker: Sendable {
    private struct Desk {
        /// Who is due in so many seconds: the first ones are next.
        var due: [[TagEntry]] = Array(repeating: [], count: TagStock.slowTickSeconds)
        var nextAt: MonotonicTime?
        var isStopping = false
    }

    private let desk = Mailbox(Desk())
    private let thread = Lock<DedicatedThread?>(nil)

    private static var pause: Duration { .seconds(1) }

    func start(for engine: Engine) {
        thread.with { [self] thread in
            thread = DedicatedThread(name: "leafd-ticker") { [self] in
                while let due = next() {
                    var again: [[TagEntry]] = Array(repeating: [], count: TagStock.slowTickSeconds)
                    for entry in due {
                        let pause = entry.handle { $0.tick(now: $1, effects: &$2) }
                        if let pause { again[pause - 1].append(entry) }
                    }
                    desk.with { desk in
                        for (index, entries) in again.enumerated() { desk.due[index].append(contentsOf: entries) }
                    }
                    engine.router.flush()
                }
            }
        }
    }

    func add(_ entry: TagEntry) {
        desk.post { desk in
            desk.due[0].append(entry)
            guard desk.nextAt == nil else { return false }
            desk.nextAt = .now().advanced(by: Ticker.pause)
            return true
        }
    }

    func stop() {
        desk.post { desk in
            desk.isStopping = true
            return true
        }
        thread.with { $0.take() }?.join()
    }

    /// Who is due, at their time; nil: stop.
    private func next() -> [TagEntry]? {
        desk.wait { desk, now in
            if desk.isStopping { return .done(nil) }
            if desk.due.allSatisfy(\.isEmpty) { desk.nextAt = nil }
            guard let nextAt = desk.nextAt else { return .wait(until: nil) }
            if now < nextAt { return .wait(until: nextAt) }
            desk.nextAt = now.advanced(by: Ticker.pause)
            desk.due.append([])
            return .done(desk.due.removeFirst())
        }
    }
}
