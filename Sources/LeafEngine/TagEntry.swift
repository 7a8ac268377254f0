package import LeafCore
package import LeafJournal
private import LeafThreads

/// A tag in the running daemon: its stock under a lock of its own, and the drivers that carry out what the stock asks for.
///
/// The lock spans integer arithmetic only, never I/O: effects are taken out of it and carried out afterwards.
package final class TagEntry: CommitParticipant {
    package let tag: Tag
    private let stock: Lock<TagStock>
    private unowned let engine: Engine
    // unowned: an entry lives in its engine's table and is reached through the engine alone.

    init(tag: Tag, stock: TagStock, engine: Engine) {
        self.tag = tag
        self.stock = Lock(stock)
        self.engine = engine
    }

    // MARK: The hot path

    /// Up to `most` IDs in a row, at least one, if nothing stands in the way. Otherwise `request` finds out what does.
    package func take(upTo most: Int64) -> IDRange? {
        stock.with { $0.takeRun(upTo: most) }
    }

    /// Takes IDs, or parks the request under `token`, or says why not.
    package func request(_ demand: Demand, token: ParkToken, ranges: inout [IDRange]) -> TagStock.Verdict {
        let backingOff = engine.isStoreBackingOff
        let mayPark = engine.mayPark
        var effects = StockEffects()
        let verdict = stock.with { stock in
            stock.request(
                demand, token: mayPark ? token : nil, storeIsBackingOff: backingOff, now: .now(), ranges: &ranges,
                effects: &effects)
        }
        if verdict == .parked { engine.router.didPark() }
        // Dropped here, it may have been created anew elsewhere.
        if verdict == .refused(.noTag) { engine.store.wantCatalog() }
        engine.carryOut(effects, for: self)
        engine.router.flush()
        return verdict
    }

    /// Takes a parked request back. False if its answer is on the way already.
    package func cancel(_ token: ParkToken) -> Bool {
        guard stock.with({ $0.cancel(token) }) else { return false }
        engine.router.didUnpark()
        return true
    }

    package func snapshot(now: MonotonicTime) -> StockSnapshot { stock.with { $0.snapshot(now: now) } }

    package var phase: TagStock.Phase { stock.with { $0.phase } }

    // MARK: For the drivers

    /// Lets `event` change the stock, and carries out what the stock asks for. Answers wait for the router's `flush`.
    func handle<R: Sendable>(_ event: (inout TagStock, MonotonicTime, inout StockEffects) -> R) -> R {
        var effects = StockEffects()
        let result = stock.with { event(&$0, .now(), &effects) }
        engine.carryOut(effects, for: self)
        return result
    }

    package func beginCommit(now: MonotonicTime) -> JournalOrder? {
        stock.with { $0.beginCommit(now: now) }.map { .tag(tag, $0) }
    }

    package func finishCommit(_ order: JournalOrder, isDurable: Bool, now: MonotonicTime) {
        guard case .tag(_, let order) = order else { return }
        handle { stock, now, effects in
            if isDurable {
                stock.committed(order, now: now, effects: &effects)
            } else {
                stock.commitFailed(order, now: now, effects: &effects)
            }
        }
    }
}
