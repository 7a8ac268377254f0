internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// A tag with the lease that its stock has ordered. There is at most one of a tag at any time, whoever carries it out.
struct LeaseJob {
    let entry: TagEntry
    let order: LoadOrder

    func request(_ agent: AgentMark) -> LeaseRequest {
        LeaseRequest(tag: entry.tag, count: order.count, floor: order.floor, jump: order.jump, agent: agent)
    }
}

extension StoreDriver {
    /// Leases for all these tags in one transaction on the main session, and hands each what it brought.
    func lease(_ entries: [TagEntry], _ keeper: StoreSessionKeeper, _ engine: Engine) {
        let jobs = begin(entries)
        guard !jobs.isEmpty else { return }
        let started = MonotonicTime.now()
        let results = attempt(keeper, engine) { session throws(StoreError) in
            try session.lease(jobs.map { $0.request(engine.agent) })
        }
        switch results {
        case .success(let results):
            keeper.didSucceed()
            handOut(results, jobs, keeper.generation, started: started, engine) { job in
                noSuchTag(job, keeper, engine)
            }
        case .failure(let error):
            // Settling the next session mends that, and then they are leased: whoever waits goes on waiting. But what stays
            // the same time after time is an outage.
            if error.code == .wentBackward, keeper.mayTryAgain() {
                for job in jobs { again(job) }
                return
            }
            // Whatever it was, trying again at once would not mend it.
            if !error.isOutage { noteFailure(error, engine) }
            for job in jobs { fail(job) }
        }
    }

    /// What these tags' stocks order now.
    func begin(_ entries: [TagEntry]) -> [LeaseJob] {
        entries.compactMap { entry in
            entry.handle { stock, now, _ in stock.beginLoad(now: now) }.map { LeaseJob(entry: entry, order: $0) }
        }
    }

    /// Hands each tag what was leased for it, unless the session has been ended meanwhile.
    ///
    /// A stock that has been given up since takes nothing of an order from before (`LoadOrder`). But a database that went
    /// backward, say, has its counters lifted while stocks stay as they are: what was leased before that and arrives after it
    /// is nobody's.
    ///
    /// - Parameters:
    ///   - generation: of the session.
    ///   - missing: what to do where there is no such tag.
    func handOut(
        _ results: [LeaseResult], _ jobs: [LeaseJob], _ generation: UInt64, started: MonotonicTime, _ engine: Engine,
        missing: (LeaseJob) -> Void
    ) {
        let isBehind = results.contains { if case .leased(let lease) = $0 { lease.lifted } else { false } }
        let isCurrent = desk.with { desk in
            desk.latency.record(MonotonicTime.now().since(started), now: started)
            guard desk.generation == generation else { return false }
            desk.handingOut += 1
            return true
        }
        if isCurrent {
            for (job, result) in zip(jobs, results) { take(result, job, engine) }
            desk.post { desk in
                desk.handingOut -= 1
                return true
            }
            // Afterwards: they may call the store, fail, and so end all sessions.
            for (job, result) in zip(jobs, results) where result == .noSuchTag { missing(job) }
        } else {
            log.notice("leases of \(jobs.count) tags came while the store is settled with anew, and are given up")
            for job in jobs { again(job) }
        }
        guard isBehind else { return }
        desk.post { desk in
            desk.wantsLift = true
            if desk.generation == generation { desk.endSessions() }
            return true
        }
        ring()
    }

    private func take(_ result: LeaseResult, _ job: LeaseJob, _ engine: Engine) {
        let (entry, order) = (job.entry, job.order)
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
            break
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
    private func noSuchTag(_ job: LeaseJob, _ keeper: StoreSessionKeeper, _ engine: Engine) {
        let (entry, order) = (job.entry, job.order)
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
        case .success(true): again(job)
        case .success(false):
            // Another daemon was faster, or it was dropped on purpose: the list tells.
            entry.handle { $0.loadFailed(order, .noTag, now: $1, effects: &$2) }
            desk.with { $0.wantsCatalog = true }
        case .failure: fail(job)
        }
    }

    /// Puts the tag back on the list; nobody is told anything.
    func again(_ job: LeaseJob, onMain: Bool = false) {
        job.entry.handle { stock, _, _ in stock.loadAgain(job.order) }
        desk.post { desk in
            if onMain { desk.dueOnMain.append(job.entry) } else { desk.due.append(job.entry) }
            return true
        }
    }

    /// Puts the tag back on the list: its load is still wanted. Whoever the stock cannot serve is told.
    func fail(_ job: LeaseJob) {
        job.entry.handle { $0.loadFailed(job.order, .store, now: $1, effects: &$2) }
        desk.post { desk in
            desk.due.append(job.entry)
            return true
        }
    }
}
