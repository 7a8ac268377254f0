package import LeafCore
package import LeafJournal
private import LeafThreads

/// A worker id in the running daemon: its machine under a lock of its own, and the drivers that carry out what it asks for.
package final class SnowflakeEntry: CommitParticipant {
    package let worker: Int
    private let state: Lock<SnowflakeWorker>
    private unowned let engine: Engine
    // unowned: an entry is reached through its engine alone.

    init(_ worker: SnowflakeWorker, engine: Engine) {
        self.worker = worker.worker
        state = Lock(worker)
        self.engine = engine
    }

    // MARK: The hot path

    /// Takes `count` IDs, all or none.
    ///
    /// - Parameters:
    ///   - token: names the request if it must wait for a commit; nil: it does not wait.
    ///   - ranges: receives the IDs, a range for each unit of time.
    package func take(_ count: Int64, token: ParkToken?, ranges: inout [IDRange]) -> SnowflakeWorker.Verdict {
        var effects = StockEffects()
        let token = engine.mayPark ? token : nil
        let reading = ClockReading.now()
        let verdict = state.with {
            $0.take(count, reading, token: token, ranges: &ranges, effects: &effects)
        }
        if verdict == .parked { engine.router.didPark() }
        if effects.commit != nil || !effects.answers.isEmpty {
            carryOut(effects)
            engine.router.flush()
        }
        return verdict
    }

    /// Takes a parked request back. False if its answer is on the way already.
    package func cancel(_ token: ParkToken) -> Bool {
        guard state.with({ $0.cancel(token) }) else { return false }
        engine.router.didUnpark()
        return true
    }

    var counters: SnowflakeCounters { state.with { $0.counters } }

    package var phase: SnowflakeWorker.Phase { state.with { $0.phase } }

    package func snapshot() -> SnowflakeWorker {
        let reading = ClockReading.now()
        return state.with { worker in
            worker.look(reading)
            return worker
        }
    }

    // MARK: For the drivers

    /// Lets `event` change the worker, and carries out what it asks for. Answers wait for the router's `flush`.
    func handle<R: Sendable>(_ event: (inout SnowflakeWorker, ClockReading, inout StockEffects) -> R) -> R {
        var effects = StockEffects()
        let reading = ClockReading.now()
        let result = state.with { event(&$0, reading, &effects) }
        carryOut(effects)
        return result
    }

    private func carryOut(_ effects: StockEffects) {
        if let urgency = effects.commit { engine.writer.request(self, urgency) }
        engine.router.collect(effects.answers)
    }

    package func beginCommit(now: MonotonicTime) -> JournalOrder? {
        let reading = ClockReading.now()
        return state.with { $0.beginCommit(reading) }.map { .worker($0) }
    }

    package func finishCommit(_ order: JournalOrder, isDurable: Bool, now: MonotonicTime) {
        guard case .worker(let order) = order else { return }
        handle { worker, _, effects in
            if isDurable { worker.committed(order, &effects) } else { worker.commitFailed(order, &effects) }
        }
    }
}
