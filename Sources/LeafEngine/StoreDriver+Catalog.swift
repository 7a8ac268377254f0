internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

extension StoreDriver {
    /// Reads the central table's tags: new ones become known, vanished ones end when their stock does.
    func readCatalog(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let started = MonotonicTime.now()
        let result = attempt(keeper, engine) { session throws(StoreError) in try session.listTags() }
        guard case .success(let rows) = result else {
            desk.with { $0.wantsCatalog = true }
            return
        }
        var listed = Set<Tag>(minimumCapacity: rows.count)
        for row in rows {
            listed.insert(row.tag)
            engine.entry(listed: row.tag, tableStep: row.step).handle {
                $0.described(tableStep: row.step, now: $1, effects: &$2)
            }
        }
        for entry in engine.entries where !listed.contains(entry.tag) && !engine.settings.autoCreate {
            if entry.handle({ stock, _, effects in stock.vanished(effects: &effects) }) { engine.forget(entry) }
        }
        engine.sawTagList()
        noteWarnings(keeper)
        desk.with { desk in
            desk.catalogReadAt = .now()
            desk.catalogTook = MonotonicTime.now().since(started)
        }
    }

    /// Creates the configured tags that are not there, and fills the warm ones.
    func createTags(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let wanted = engine.current
        // First of all which store this is: floors of another one say nothing.
        guard case .success = attempt(keeper, engine, { session throws(StoreError) in try session.ping() }) else {
            desk.with { $0.wantsTags = true }
            return
        }
        for tag in wanted.tags {
            // A tag this host has leased before is never created again: its counter would start anew.
            let isKnown = engine.entry(tag.tag)?.snapshot(now: .now()).floor ?? 0 > 0
            guard !isKnown else { continue }
            let result = attempt(keeper, engine) { session throws(StoreError) in
                try session.create(
                    tag, ifAbsent: true, gap: engine.settings.rules.failoverGap, agent: engine.agent)
            }
            switch result {
            case .success(true): engine.log.notice("created the tag \(tag.tag)")
            case .success(false): break
            case .failure(let error) where error.isOutage:
                desk.with { $0.wantsTags = true }
                return
            case .failure(let error):
                engine.log.error("the configured tag \(tag.tag) cannot be created: \(error)")
            }
        }
        desk.with { $0.wantsCatalog = true }
        for tag in wanted.warm {
            guard
                let entry = engine.entry(tag)
                    ?? wanted.tags.first(where: { $0.tag == tag }).map({
                        engine.entry(listed: tag, tableStep: $0.step)
                    })
            else {
                continue
            }
            entry.handle { $0.warm(now: $1, effects: &$2) }
        }
    }
}
