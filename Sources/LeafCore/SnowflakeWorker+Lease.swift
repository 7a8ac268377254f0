/// The lease of time, and its end.
extension SnowflakeWorker {
    /// The database has acknowledged that it may be stamped up to a later time.
    ///
    /// - Parameters:
    ///   - database: its clock, in milliseconds since 1970; nil: it is this host's own.
    ///   - keepsJournalCurrent: the journal is to have each renewal, not only those that matter after a crash.
    package mutating func renewed(
        lastTime: Int64, database: Int64?, _ reading: ClockReading, keepsJournalCurrent: Bool,
        effects: inout StockEffects
    ) {
        guard phase == .open || phase == .withheld else { return }
        self.lastTime = max(self.lastTime, lastTime)
        if let database { clock.compare(reading, database: database * 1000) } else { _ = clock.advance(to: reading) }
        let ahead = self.lastTime - clock.now / 1000
        if keepsJournalCurrent || self.lastTime - mark.journaledLastTime > ahead / 4 {
            mark.isStale = true
            if mark.order == nil { effects.commit = max(effects.commit ?? .soon, .soon) }
        }
    }

    /// Stops for good: the lease is another daemon's by now, or nobody can say that it is this one's.
    package mutating func giveUp(effects: inout StockEffects) {
        phase = .gone
        wakeWaiters(&effects)
        // No restart is to take it up again.
        mark.isStale = true
        effects.commit = max(effects.commit ?? .soon, .soon)
    }

    /// Keeps it back until the store has confirmed it, or does not answer.
    package mutating func withhold() {
        if phase == .open { phase = .withheld }
    }

    package mutating func release(effects: inout StockEffects) {
        guard phase == .withheld else { return }
        phase = .open
        wakeWaiters(&effects)
    }

    /// Stops stamping for good, so that the next commit can write the exact position.
    ///
    /// - Returns: whether there is anything to write.
    package mutating func seal(effects: inout StockEffects) -> Bool {
        let wasOpen = phase == .open
        guard phase != .gone else { return false }
        refuseWaiters(.shutdown, &effects)
        // What was kept back is not sealed: its mark stays as it is.
        if wasOpen { phase = .sealed }
        return wasOpen
    }

    /// Whether its lease is used up, but for a second at most, although the wall clock says that it is not: it was stamped with while
    /// the clock was ahead, and the time that is left of the lease lies below that.
    package func isStuck(_ reading: ClockReading) -> Bool {
        phase == .open && unit + rules.unitsAtOnce >= rules.format.unit(at: lastTime)
            && reading.wall / 1000 + 1000 < rules.format.time(ofUnit: unit)
    }
}
