/// The store's thread of the host, as in the daemon: one call at a time, signs of life before tag lists before leases.
extension FleetHost {
    /// The most tags leased for in one transaction, as in the daemon.
    private static let batchMax = 128

    func callStore() {
        guard work == nil else { return }
        guard link.mayTry(now: time) else { return }
        if now >= beatAt {
            work = .beat
        } else if now >= listAt {
            work = .list
        } else if !due.isEmpty {
            let batch = due.prefix(FleetHost.batchMax)
            due.removeFirst(batch.count)
            let orders = batch.compactMap { tag in tags[tag].stock.beginLoad(now: time).map { (tag: tag, order: $0) } }
            guard !orders.isEmpty else { return callStore() }
            work = .lease(orders)
        } else if link.isBackingOff {
            work = .probe
        } else {
            return callStore(at: min(beatAt, listAt))
        }
        agenda.add(.reply, at: now + UInt64(plan.roundTrip.inNanoseconds))
    }

    /// Looks again then, unless it does earlier.
    private func callStore(at: UInt64) {
        guard at < callAt else { return }
        callAt = at
        agenda.add(.look, at: at)
    }

    func takeReply() {
        guard let done = work else { return }
        work = nil
        guard !plan.isAway(seconds) else { return fail(done) }
        if !isSessionOpen { tally.note(\.opens, seconds) }
        isSessionOpen = true
        _ = link.succeeded(now: time)
        switch done {
        case .probe: break
        case .beat:
            tally.note(\.beats, seconds)
            beatAt = after(plan.beat)
        case .list:
            tally.note(\.lists, seconds)
            for tag in tags.indices {
                handle(tag) { $0.described(tableStep: self.plan.tableStep, now: $1, effects: &$2) }
            }
            listAt = after(plan.list)
        case .lease(let orders):
            tally.note(\.batches, seconds)
            for (tag, order) in orders { take(order, tag) }
        }
    }

    private func take(_ order: LoadOrder, _ tag: Int) {
        tally.note(\.leases, seconds)
        tally.note(\.leased, seconds, order.count)
        // Other hosts lease in between: what this one gets does not touch what it had.
        let segment = Segment(start: tags[tag].counter, end: tags[tag].counter + order.count)
        tags[tag].counter = segment.end + 1
        handle(tag) {
            _ = $0.loaded(order, segment: segment, tableStep: self.plan.tableStep, now: $1, effects: &$2)
        }
    }

    private func fail(_ failed: Work) {
        isSessionOpen = false
        tally.failures += 1
        _ = link.failed(now: time, using: &random)
        if let retryAt = link.retryAt { callStore(at: retryAt.nanoseconds) }
        switch failed {
        case .probe, .list: break
        case .beat: beatAt = after(plan.beat)
        case .lease(let orders):
            for (tag, order) in orders {
                handle(tag) { $0.loadFailed(order, .store, now: $1, effects: &$2) }
                due.append(tag)
            }
        }
        for tag in due { handle(tag) { stock, _, effects in stock.loadPostponed(effects: &effects) } }
    }

    private func handle(_ tag: Int, _ event: (inout TagStock, MonotonicTime, inout StockEffects) -> Void) {
        var effects = StockEffects()
        event(&tags[tag].stock, time, &effects)
        carryOut(effects, tag)
        present(tag)
    }

    /// A pause that differs by a tenth either way, so that a fleet does not do it all at once.
    func after(_ pause: Double) -> UInt64 {
        let factor = 0.9 + 0.2 * random.unit()
        return now + UInt64(pause * factor * 1e9)
    }
}
