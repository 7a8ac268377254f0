internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

extension StoreDriver {
    /// Leases for all these tags in one transaction, and hands each what it brought.
    func lease(_ entries: [TagEntry], _ keeper: StoreSessionKeeper, _ engine: Engine) {
        let orders = entries.compactMap { entry in
            entry.handle { stock, now, _ in stock.beginLoad(now: now) }.map { (entry: entry, order: $0) }
        }
        guard !orders.isEmpty else { return }
        let started = MonotonicTime.now()
        let results = attempt(keeper, engine) { session throws(StoreError) in
            try session.lease(orders.map { request(for: $0.entry, $0.order, engine.agent) })
        }
        switch results {
        case .success(let results):
            desk.with { $0.latency.record(MonotonicTime.now().since(started), now: started) }
            keeper.didSucceed()
            var isBehind = false
            for ((entry, order), result) in zip(orders, results) {
                if case .leased(let lease) = result { isBehind = isBehind || lease.lifted }
                take(result, order, entry, keeper, engine)
            }
            if isBehind { attempt(keeper, engine) { _ throws(StoreError) in try keeper.liftAll() } }
        case .failure(let error):
            // Settling the next session mends that, and then they are leased: whoever waits goes on waiting. But what stays
            // the same time after time is an outage.
            if error.code == .wentBackward, keeper.mayTryAgain() {
                for (entry, order) in orders { again(entry, order) }
                return
            }
            // Whatever it was, trying again at once would not mend it.
            if !error.isOutage { noteFailure(error, engine) }
            for (entry, order) in orders { fail(entry, order) }
        }
    }

    private func request(for entry: TagEntry, _ order: LoadOrder, _ agent: AgentMark) -> LeaseRequest {
        LeaseRequest(tag: entry.tag, count: order.count, floor: order.floor, jump: order.jump, agent: agent)
    }

    private func take(
        _ result: LeaseResult, _ order: LoadOrder, _ entry: TagEntry, _ keeper: StoreSessionKeeper, _ engine: Engine
    ) {
        switch result {
        case .leased(let lease):
            if lease.lifted {
                let text =
                    "the counter of \(entry.tag) had gone backward, below \(order.floor): lifted to \(lease.segment.start)"
                engine.log.critical("\(text)")
                noteTrouble(text, for: .seconds(600))
                noteLift()
            }
            let isUsed = entry.handle { stock, now, effects in
                stock.loaded(order, segment: lease.segment, tableStep: lease.tableStep, now: now, effects: &effects)
            }
            if !isUsed {
                engine.log.warning("a lease of \(entry.tag), \(lease.segment), came too late and is given up")
            }
        case .noSuchTag:
            noSuchTag(order, entry, keeper, engine)
        case .overflow:
            engine.log.warning("\(entry.tag) is at its maximum: no further IDs can be leased for it")
            entry.handle { $0.loadFailed(order, .overflow, now: $1, effects: &$2) }
        case .abandoned(let reason):
            engine.log.error("a lease of \(entry.tag) is abandoned: \(reason)")
            entry.handle { $0.loadFailed(order, .unusable, now: $1, effects: &$2) }
            noteTrouble("the row of \(entry.tag) cannot be leased from: \(reason)")
        }
    }

    /// The tag has no row: created now where that is asked for, else the requests that wait learn it.
    private func noSuchTag(_ order: LoadOrder, _ entry: TagEntry, _ keeper: StoreSessionKeeper, _ engine: Engine) {
        // A tag this host has leased before is never created again: its counter would start anew.
        guard engine.settings.autoCreate, order.floor == 0 else {
            entry.handle { $0.loadFailed(order, .noTag, now: $1, effects: &$2) }
            if entry.handle({ stock, _, effects in stock.vanished(effects: &effects) }) { engine.forget(entry) }
            return
        }
        let tag = NewTag(
            tag: entry.tag, step: order.count, start: nil, limit: nil,
            description: "created by leafd at the first request")
        let created = attempt(keeper, engine) { session throws(StoreError) in
            try session.create(tag, ifAbsent: true, gap: engine.settings.rules.failoverGap, agent: engine.agent)
        }
        switch created {
        case .success(true): again(entry, order)
        case .success(false):
            // Another daemon was faster, or it was dropped on purpose: the list tells.
            entry.handle { $0.loadFailed(order, .noTag, now: $1, effects: &$2) }
            desk.with { $0.wantsCatalog = true }
        case .failure: fail(entry, order)
        }
    }

    /// Puts the tag back on the list; nobody is told anything.
    private func again(_ entry: TagEntry, _ order: LoadOrder) {
        entry.handle { stock, _, _ in stock.loadAgain(order) }
        desk.with { $0.due.append(entry) }
    }

    /// Puts the tag back on the list: its load is still wanted. Whoever the stock cannot serve is told.
    private func fail(_ entry: TagEntry, _ order: LoadOrder) {
        entry.handle { $0.loadFailed(order, .store, now: $1, effects: &$2) }
        desk.with { $0.due.append(entry) }
    }
}
