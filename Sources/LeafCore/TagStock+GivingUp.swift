/// When stock may no longer be issued, or not yet: in doubt about a range it is abandoned, since a gap is cheap.
extension TagStock {
    /// Gives all stock up, for a fresh lease: nobody can say any more that it is this daemon's alone.
    ///
    /// - Parameter epoch: the journal's next; its header makes it final for all tags in one commit.
    package mutating func giveUp(epoch: UInt64, now: MonotonicTime, effects: inout StockEffects) {
        self.epoch = epoch
        counters.lost += stock
        discardStock()
        if phase == .withheld { phase = .open }
        review(now, &effects)
    }

    /// The tag was dropped: its stock is void, whoever waits is told so.
    package mutating func drop(effects: inout StockEffects) {
        discardStock()
        phase = .gone
        refuseWaiters(.noTag, &effects) { _ in false }
        mark.isStale = true
        effects.commit = .soon
        refreshFastPath()
    }

    /// Another store's counters mean nothing here: forgets the floor together with the stock.
    package mutating func forgetStore(epoch: UInt64, now: MonotonicTime, effects: inout StockEffects) {
        self.epoch = epoch
        counters.lost += stock
        discardStock()
        supply.floor = 0
        move(to: 0)
        limit = 0
        if phase == .withheld { phase = .open }
        review(now, &effects)
    }

    /// The counter was reset on purpose, and an operator says that IDs may come again: forgets stock and floor. What comes
    /// next is leased from wherever the counter stands.
    package mutating func forget(now: MonotonicTime, effects: inout StockEffects) {
        counters.lost += stock
        discardStock()
        supply.floor = 0
        supply.ended = nil
        move(to: 0)
        limit = 0
        mark.wish = .now
        effects.commit = .now
        review(now, &effects)
    }

    /// Keeps the journaled stock back until the central store has confirmed that it is the same one.
    package mutating func withhold() {
        guard phase == .open else { return }
        phase = .withheld
        refreshFastPath()
    }

    /// The central store has confirmed: the stock may be issued.
    package mutating func release(now: MonotonicTime, effects: inout StockEffects) {
        guard phase == .withheld else { return }
        phase = .open
        serveWaiters(&effects)
        review(now, &effects)
    }

    private mutating func discardStock() {
        incarnation += 1
        segments = []
        queued = 0
        limit = max(limit, supply.floor)
        move(to: limit)
        mark.cap = 0
        mark.journaledEnd = 0
        mark.isStale = true
        // The number of a load in flight no longer matches: its segment will be refused.
        supply.load = .idle
    }
}
