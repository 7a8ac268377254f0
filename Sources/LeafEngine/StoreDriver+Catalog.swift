internal import CLeafPlatform
internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

extension StoreDriver {
    /// Reads the central table's tags: new ones become known, vanished ones end when their stock does.
    func readCatalog(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        var started = MonotonicTime.now()
        let result = attempt(keeper, engine) { session throws(StoreError) in
            started = .now()
            return try session.listTags()
        }
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
        if let session = try? keeper.session() { noteWarnings(session) }
        let now = MonotonicTime.now()
        let took = now.since(started)
        let pause = StoreDriver.pause(afterReading: took, jitter: .random(in: 0.9...1.1))
        // What a start has read of a hundred thousand tags is more than what it keeps.
        if desk.with({ $0.catalogReadAt == nil }) { leaf_return_memory() }
        let wantsWarming = desk.with { desk in
            defer { desk.wantsWarming = false }
            desk.catalogReadAt = now
            desk.catalogTook = took
            desk.catalogAt = now.advanced(by: pause)
            return desk.wantsWarming
        }
        if wantsWarming { warm(engine) }
    }

    /// How long until the list is read again: less than a minute, and longer only where a reading takes so long that a daemon
    /// would be at it for more than a hundredth of its time. There may be ten thousand daemons.
    ///
    /// - Parameter jitter: 0.9 to 1.1, so that they do not read in step.
    static func pause(afterReading took: Duration, jitter: Double) -> Duration {
        min(max(.seconds(54), took * 100), .seconds(600)) * jitter
    }

    /// Somebody asked for a tag that is not in the list: read it again, but not all the time.
    func wantCatalog() {
        desk.post { desk in
            let pause = max(.seconds(1), desk.catalogTook * 20)
            guard !desk.wantsCatalog, let readAt = desk.catalogReadAt, MonotonicTime.now().since(readAt) > pause
            else { return false }
            desk.wantsCatalog = true
            return true
        }
    }

    /// Creates the configured tags that are not there. The warm ones are filled when the list, which is read next, tells which
    /// there are.
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
        desk.with { desk in
            desk.wantsCatalog = true
            desk.wantsWarming = true
        }
    }

    /// Fills the configured tags before anybody asks for them.
    private func warm(_ engine: Engine) {
        for tag in engine.current.warm {
            engine.entry(tag)?.handle { $0.warm(now: $1, effects: &$2) }
        }
    }
}
