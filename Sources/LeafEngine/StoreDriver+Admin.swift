internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// What operators ask for.
extension StoreDriver {
    func run(_ job: AdminJob, _ keeper: StoreSessionKeeper, _ engine: Engine) {
        if case .fence = job.change { return job.completion(fence(keeper, engine)) }
        let gap = engine.settings.rules.failoverGap
        var result = attempt(keeper, engine) { session throws(StoreError) in
            switch job.change {
            case .create(let tag): _ = try session.create(tag, ifAbsent: false, gap: gap, agent: engine.agent)
            case .alter(let tag, let step): try session.alter(tag, step: step)
            case .drop(let tag): try session.drop(tag)
            case .bump(let tag, let counter): _ = try session.bump(tag, to: counter)
            case .bumpAll:
                _ = try session.lift(
                    CounterLift(expected: nil, server: keeper.facts?.server, floors: engine.floors, gap: gap))
                noteLift()
            case .forget(let tag): try session.forget(tag)
            case .fence: break
            }
        }
        if case .success = result { result = apply(job.change, engine) }
        job.completion(result)
    }

    /// What the change means for the stock on this host.
    private func apply(_ change: AdminJob.Change, _ engine: Engine) -> Result<Void, StoreError> {
        switch change {
        case .create(let tag):
            engine.entry(listed: tag.tag, tableStep: tag.step).handle {
                $0.described(tableStep: tag.step, now: $1, effects: &$2)
            }
        case .alter(let tag, let step):
            engine.entry(tag)?.handle { $0.described(tableStep: step, now: $1, effects: &$2) }
        case .drop(let tag):
            engine.entry(tag)?.handle { stock, _, effects in stock.drop(effects: &effects) }
        case .forget(let tag):
            guard let entry = engine.entry(tag) else { break }
            entry.handle { $0.forget(now: $1, effects: &$2) }
            // Only when that is durable may others be leased those IDs.
            return Result { () throws(StoreError) in try engine.record(engine.identity.with { $0.header }) }
        case .bump, .bumpAll, .fence: break
        }
        return .success(())
    }

    /// Gives all stock up, whether the store answers or not; leases come when it does, under a new agent id.
    private func fence(_ keeper: StoreSessionKeeper, _ engine: Engine) -> Result<Void, StoreError> {
        let header = engine.identity.with { $0.header }
        keeper.close()
        engine.log.notice("all stock is given up for fresh leases: an operator asked for it (FENCE)")
        return Result { () throws(StoreError) in
            try engine.startOver(
                header.startingOver(agentID: .randomIdentifier(), journalID: .randomIdentifier()))
        }
    }
}
