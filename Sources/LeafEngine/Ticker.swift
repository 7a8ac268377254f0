private import LeafCore
private import LeafThreads

/// Once a second, while any tag is in use: measures the rates and sees to the reserves. Sleeps without a wake-up else.
final class Ticker: Sendable {
    private struct Desk {
        var active: [TagEntry] = []
        var nextAt: MonotonicTime?
        var isStopping = false
    }

    private let desk = Mailbox(Desk())
    private let thread = Lock<DedicatedThread?>(nil)

    private static var pause: Duration { .seconds(1) }

    func start(for engine: Engine) {
        thread.with { [self] thread in
            thread = DedicatedThread(name: "leafd-ticker") { [self] in
                while let active = next() {
                    let still = active.filter { entry in
                        entry.handle { $0.tick(now: $1, effects: &$2) }
                    }
                    desk.with { $0.active.append(contentsOf: still) }
                    engine.router.flush()
                }
            }
        }
    }

    func add(_ entry: TagEntry) {
        desk.post { desk in
            desk.active.append(entry)
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

    /// The active tags, at their time; nil: stop.
    private func next() -> [TagEntry]? {
        desk.wait { desk, now in
            if desk.isStopping { return .done(nil) }
            if desk.active.isEmpty { desk.nextAt = nil }
            guard let nextAt = desk.nextAt else { return .wait(until: nil) }
            if now < nextAt { return .wait(until: nextAt) }
            defer {
                desk.active = []
                desk.nextAt = now.advanced(by: Ticker.pause)
            }
            return .done(desk.active)
        }
    }
}
