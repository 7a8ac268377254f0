internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// What operators ask for.
extension StoreDriver {
    func run(_ job: AdminJob, _ keeper: StoreSessionKeeper, _ engine: Engine) {
        if case .fence = job.change { return job.completion(fence(keeper, engine)) }
        let gap = engine.settings.rules.failoverGap
        let result = attempt(keeper, engine, isRepeatable: false) { session throws(StoreError) in
            switch job.change {
            case .create(let tag): _ = try session.create(tag, ifAbsent: false, gap: gap, agent: engine.agent)
            case .alter(let tag, let step): try session.alter(tag, step: step)
            case .drop(let tag): try session.drop(tag)
            case .bump(let tag, let counter): _ = try session.bump(tag, to: counter)
            case .bumpAll:
                _ = try session.lift(
                    CounterLift(
                        expected: nil, server: keeper.facts?.server, floors: engine.floors, gap: gap,
                        workerHold: engine.settings.snowflake.holdMilliseconds,
                        workerHorizon: engine.settings.snowflake.horizonMilliseconds, isLossOfAnyAge: true))
                noteLift()
            case .forget(let tag):
                // The own stock first: were it still journaled when the tag may start anew, a crash would bring it back.
                try forget(tag, session, engine)
            case .listWorkers(let receive): receive(try session.listWorkers())
            case .releaseWorker(let worker):
                let row = try session.releaseWorker(worker)
                engine.log.notice(
                    "worker id \(worker) was released by an operator; it may be stamped above \(row.lastTime) again")
            case .fence: break
            }
        }
        if case .success = result { apply(job.change, engine) }
        job.completion(result)
    }

    /// What the change means for the stock on this host.
    private func apply(_ change: AdminJob.Change, _ engine: Engine) {
        switch change {
        case .create(let tag):
            engine.entry(listed: tag.tag, tableStep: tag.step).handle {
                $0.described(tableStep: tag.step, now: $1, effects: &$2)
            }
        case .alter(let tag, let step):
            engine.entry(tag)?.handle { $0.described(tableStep: step, now: $1, effects: &$2) }
        case .drop(let tag):
            engine.entry(tag)?.handle { stock, _, effects in stock.drop(effects: &effects) }
        case .bump, .bumpAll, .forget, .fence, .listWorkers: break
        // If it was this daemon's own, it stops at once.
        case .releaseWorker: wantWorkers()
        }
    }

    private func forget(_ tag: Tag, _ session: any StoreSession, _ engine: Engine) throws(StoreError) {
        try session.ping()
        if let entry = engine.entry(tag) {
            entry.handle { $0.forget(now: $1, effects: &$2) }
            let header = engine.identity.with { $0.header }
            try engine.record(header, over: header)
        }
        try session.forget(tag)
    }

    /// Gives all stock up, whether the store answers or not; leases come when it does, under a new agent id.
    private func fence(_ keeper: StoreSessionKeeper, _ engine: Engine) -> Result<Void, StoreError> {
        let header = engine.identity.with { $0.header }
        keeper.drop()
        engine.log.notice("all stock is given up for fresh leases: an operator asked for it (FENCE)")
        return Result { () throws(StoreError) in
            try engine.startOver(
                header.startingOver(agentID: .randomIdentifier(), journalID: .randomIdentifier()), over: header)
        }
    }
}
