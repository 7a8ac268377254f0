@testable import LeafCore

/// What goes wrong: crashes, stops, stock given up, tags dropped, a store that must be confirmed first.
extension Simulation {
    /// kill -9: memory is gone; the commit under way is on disk or not. Sometimes the newest commit is lost as well, and
    /// then the start cannot prove that it reads the newest.
    mutating func crash(_ host: Int) {
        crashes += 1
        if let order = hosts[host].commit, random.chance(50) { hosts[host].journal.write(order.record) }
        if random.chance(30) {
            hosts[host].journal.isProven = false
            if random.chance(60) {
                hosts[host].journal.loseNewest()
                // Stock of before a DROP may come back by this, and by nothing else: unissued and this host's alone, but
                // lower than what was issued since.
                let restored = hosts[host].journal.newest?.incarnation ?? .max
                if restored < hosts[host].stock.incarnation { hosts[host].lastIssued = 0 }
            }
        }
        note(host) { host in
            "crashes; resumes \(host.journal.isProven ? "" : "unproven ")from \(String(describing: host.journal.newest))"
        }
        restart(host)
    }

    mutating func restart(_ host: Int) {
        let journal = hosts[host].journal
        let record = journal.newest
        hosts[host].stock =
            record.map { TagStock(record: $0, from: journal.isProven ? .hi : .hiPlusCap, rules: rules, now: now) }
            ?? TagStock(epoch: hosts[host].journal.epoch, tableStep: store.step, rules: rules, now: now)
        hosts[host].wantsCommit = false
        hosts[host].wantsLoad = false
        hosts[host].commit = nil
        hosts[host].load = nil
        hosts[host].parked = [:]
        if let record, record.epoch != hosts[host].journal.epoch {
            var effects = StockEffects()
            hosts[host].stock.giveUp(epoch: hosts[host].journal.epoch, now: now, effects: &effects)
            finish(host, effects)
        }
        var effects = StockEffects()
        hosts[host].stock.recovered(effects: &effects)
        finish(host, effects)
    }

    /// SIGTERM: seal, write the exact position, start again: nothing is lost.
    mutating func stopCleanly(_ host: Int) {
        guard hosts[host].stock.phase == .open, hosts[host].journal.isProven else { return }
        if hosts[host].commit != nil { endCommit(host) }
        let (next, left) = (hosts[host].nextID, hosts[host].stock.stock)
        var effects = StockEffects()
        let mustWrite = hosts[host].stock.seal(effects: &effects)
        finish(host, effects)
        if hosts[host].stock.takeOne() != nil { checker.fail("host \(host) issues after it was sealed") }
        if mustWrite {
            guard let order = hosts[host].stock.beginCommit(now: now) else {
                return checker.fail("host \(host): nothing to write at a stop")
            }
            hosts[host].journal.write(order.record)
        }
        note(host) { _ in "stops cleanly at \(next)" }
        restart(host)
        if hosts[host].stock.stock != left || left > 0 && hosts[host].nextID != next {
            checker.fail(
                "a clean stop at \(next) with \(left) IDs went on at \(hosts[host].nextID) with \(hosts[host].stock.stock)"
            )
        }
    }

    /// Gives all stock up: in memory first, then by the header's epoch. A crash in between leaves it as it was.
    mutating func giveUp(_ host: Int) {
        let epoch = hosts[host].journal.epoch + 1
        var effects = StockEffects()
        hosts[host].stock.giveUp(epoch: epoch, now: now, effects: &effects)
        note(host) { _ in "gives its stock up" }
        finish(host, effects)
        if random.chance(20) { return crash(host) }
        hosts[host].journal.epoch = epoch
        hosts[host].leases = []
    }

    mutating func dropOrCreate() {
        if store.exists {
            store.drop()
            let host = random.below(hosts.count)
            var effects = StockEffects()
            hosts[host].stock.drop(effects: &effects)
            note(host) { _ in "drops the tag" }
            finish(host, effects)
        } else {
            store.create()
            for host in hosts.indices {
                var effects = StockEffects()
                hosts[host].stock.described(tableStep: store.step, now: now, effects: &effects)
                finish(host, effects)
            }
            note(0) { _ in "the tag is created" }
        }
    }

    mutating func withholdOrRelease(_ host: Int) {
        var effects = StockEffects()
        if hosts[host].stock.phase == .withheld {
            hosts[host].stock.release(now: now, effects: &effects)
        } else if random.chance(10) {
            hosts[host].stock.withhold()
        }
        finish(host, effects)
    }
}
