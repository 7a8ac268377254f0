internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// Worker ids: claimed where somebody wants snowflakes, renewed every 20 s.
extension StoreDriver {
    /// Somebody waits for a worker id.
    func wantWorkers() {
        desk.post { desk in
            desk.wantsWorkers = true
            return true
        }
    }

    /// Renews what is held, and claims what is missing.
    func askForWorkers(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let started = MonotonicTime.now()
        engine.snowflake.ask()
        let isThrough = ask(keeper, engine)
        desk.with { $0.workersAt = MonotonicTime.now().advanced(by: workersPause * Double.random(in: 0.9...1.1)) }
        // Whoever waits goes on waiting.
        guard isThrough else { return wantWorkers() }
        engine.snowflake.settle(problemsBefore: started)
        engine.router.collect(engine.snowflake.asked())
    }

    /// - Returns: false if this daemon goes by another name since: then it is to be asked anew.
    private func ask(_ keeper: StoreSessionKeeper, _ engine: Engine) -> Bool {
        // First of all who this daemon is: settling may give every worker id up.
        guard case .success = attempt(keeper, engine, { session throws(StoreError) in try session.ping() }) else {
            return true
        }
        let header = engine.identity.with { $0.header }
        renew(engine.snowflake.asks(), keeper, engine, header)
        // What was lost just now is among them.
        for (slot, ask) in engine.snowflake.asks() {
            guard case .claim(let configured, let ahead, let predecessor) = ask else { continue }
            guard claim(slot, configured, ahead, predecessor, keeper, engine, header) else { break }
        }
        return isCurrent(header, engine)
    }

    /// Between two renewals: a third of the first lease at most, and a third of the shortest horizon.
    private var workersPause: Duration { min(beatPause, .seconds(20)) }

    /// Calls the store about worker ids. What is wrong with their table alone is no failure of the store, which the `ping` before has
    /// found well: tags are leased all the same.
    ///
    /// - Returns: nil after a failure. The store's has been noted, another was told.
    private func callAboutWorkers<R>(
        _ keeper: StoreSessionKeeper, _ engine: Engine, _ body: (any StoreSession) throws(StoreError) -> R
    ) -> R? {
        let isOutage = { (error: StoreError) in
            error.isOutage && ![.misconfigured, .missing, .corrupt].contains(error.code)
        }
        switch attempt(keeper, engine, isOutage: isOutage, body) {
        case .success(let result): return result
        case .failure(let error):
            if !isOutage(error), error.code != .wentBackward { tell(error.message, engine) }
            return nil
        }
    }

    /// The database has lost what it knew of worker ids: they are lifted, and with them the counters. Then holders have their rows
    /// written anew, and nobody gets a new one before they had the time for that.
    private func liftWorkers(_ loss: String, _ keeper: StoreSessionKeeper, _ engine: Engine) {
        tell(loss, engine)
        let result = attempt(keeper, engine, isRepeatable: false) { _ throws(StoreError) in
            try keeper.liftAll(.lostWorkers)
        }
        if case .success = result { wantWorkers() }
    }

    // MARK: Renewing

    private func renew(
        _ asks: [(slot: Int, ask: SnowflakeRoster.Ask)], _ keeper: StoreSessionKeeper, _ engine: Engine,
        _ header: JournalHeader
    ) {
        let agent = engine.agent
        let renewals = asks.compactMap { item -> WorkerRenewal? in
            guard case .renew(let worker, let generation, let lastTime, let isConfigured, let ahead) = item.ask else {
                return nil
            }
            return WorkerRenewal(
                hold: WorkerHold(worker: worker, holder: agent.agentID, generation: generation), lastTime: lastTime,
                machine: isConfigured ? engine.snowflake.machine : "", host: hostName(),
                format: engine.settings.snowflake.format.text, ahead: ahead, agent: agent)
        }
        guard !renewals.isEmpty else { return }
        let results = callAboutWorkers(keeper, engine) { session throws(StoreError) in try session.renew(renewals) }
        // What was settled meanwhile under another name has nothing to do with these.
        guard let results, isCurrent(header, engine) else { return }
        for (renewal, result) in zip(renewals, results) {
            take(result, renewal, keeper, engine)
        }
        if case .wentBackward(let loss)? = results.last { liftWorkers(loss, keeper, engine) }
    }

    private func take(
        _ result: WorkerRenewalResult, _ renewal: WorkerRenewal, _ keeper: StoreSessionKeeper, _ engine: Engine
    ) {
        let worker = renewal.hold.worker
        switch result {
        case .renewed(let lastTime, let databaseTime):
            engine.snowflake.renewed(worker, lastTime: lastTime)
            let database = hasOwnClock ? databaseTime : nil
            let isStuck = engine.snowflake.workers.first { $0.worker == worker }?.handle { held, reading, effects in
                held.renewed(
                    lastTime: lastTime, database: database, reading, keepsJournalCurrent: !renewal.machine.isEmpty,
                    effects: &effects)
                return held.isStuck(reading)
            }
            if isStuck == true, renewal.machine.isEmpty { leave(worker, engine) }
        case .lost(let row):
            let by =
                row.holder.isEmpty
                ? "was released by an operator, or lost by the central store after its time was over"
                : "is \(row.host)'s by now (agent \(row.holder))"
            engine.log.error("worker id \(worker) \(by): this daemon stamps no more snowflakes with it")
            noteTrouble("worker id \(worker) \(by)", for: .seconds(600))
            engine.snowflake.lost(worker)?.handle { held, _, effects in held.giveUp(effects: &effects) }
        case .otherFormat(let format):
            let text = Self.otherFormat(format, engine)
            engine.snowflake.lost(worker)?.handle { held, _, effects in held.giveUp(effects: &effects) }
            tell(text, engine)
        case .unsupported(let text):
            // What is leased is leased: it is stamped with up to its last time.
            tell(text, engine)
            // The next session looks whether it has been mended.
            keeper.rest()
        case .wentBackward: break
        }
    }

    /// It was stamped with while the clock was ahead, and cannot be for a long time now that the clock is right. Another begins
    /// where the clock is.
    private func leave(_ worker: Int, _ engine: Engine) {
        engine.log.warning(
            "worker id \(worker) was stamped ahead of the clock, up to the end of its lease: another one is claimed")
        engine.snowflake.lost(worker)?.handle { held, _, effects in held.giveUp(effects: &effects) }
    }

    /// Whether the database's clock is another than this host's.
    private var hasOwnClock: Bool { isPooled }

    private func isCurrent(_ header: JournalHeader, _ engine: Engine) -> Bool {
        engine.identity.with { $0.header.epoch == header.epoch && $0.header.agentID == header.agentID }
    }

    // MARK: Claiming

    /// - Returns: false if there is no sense in further claims now.
    private func claim(
        _ slot: Int, _ configured: Int?, _ ahead: Int64, _ predecessor: SnowflakeRoster.Predecessor?,
        _ keeper: StoreSessionKeeper, _ engine: Engine, _ header: JournalHeader
    ) -> Bool {
        guard isCurrent(header, engine) else { return false }
        let format = engine.settings.snowflake.format
        let agent = engine.agent
        let claim = WorkerClaim(
            choice: configured.map { .configured($0, machine: engine.snowflake.machine) } ?? .leased,
            workers: format.layout.workers, format: format.text, holder: agent.agentID, host: hostName(), ahead: ahead,
            succeeding: predecessor.map {
                WorkerHold(worker: $0.worker, holder: $0.agentID, generation: $0.generation)
            }, agent: agent)
        let result = callAboutWorkers(keeper, engine) { session throws(StoreError) in try session.claim(claim) }
        guard let result else { return false }
        switch result {
        case .claimed(let worker, let generation, let above, let lastTime, let databaseTime):
            guard isCurrent(header, engine) else { return false }
            let isTaken = engine.snowflake.claimed(
                slot, worker: worker, generation: generation, above: above, lastTime: lastTime, database: databaseTime,
                epoch: header.epoch, for: engine)
            if isTaken {
                engine.log.notice("worker id \(worker) is this daemon's (generation \(generation))")
                // Given up in this very moment by the journal's thread: then it is given up too.
                if !isCurrent(header, engine) { engine.snowflake.giveUp(agentID: header.agentID, isNewest: false) }
            } else {
                engine.log.error("worker id \(worker) was claimed, and cannot be used: it is given up")
            }
            return true
        case .held(let until, let databaseTime):
            tell(
                "nobody takes a worker id for \(Self.seconds(until - databaseTime)), since the central store went backward and "
                    + "holders come first (snowflake.takeover-hold)", engine)
        case .taken(let rows, let databaseTime):
            tell(Self.taken(configured, rows, databaseTime, format), engine)
        case .otherFormat(let other):
            tell(Self.otherFormat(other, engine), engine)
        case .unsupported(let text):
            tell(text, engine)
            keeper.rest()
        case .wentBackward(let loss):
            liftWorkers(loss, keeper, engine)
        }
        return false
    }

    private func tell(_ text: String, _ engine: Engine) {
        let isNew = engine.snowflake.failed(text, now: .now())
        if isNew { engine.log.error("no worker id for snowflakes: \(text)") }
    }

    private static func otherFormat(_ format: String, _ engine: Engine) -> String {
        "the central store's snowflakes have \(format), and this daemon is configured for "
            + "\(engine.settings.snowflake.format.text): set snowflake.epoch and snowflake.layout to the same on all hosts"
    }

    private static func taken(
        _ configured: Int?, _ rows: [WorkerRow], _ now: Int64, _ format: SnowflakeFormat
    ) -> String {
        guard let configured else {
            let hosts = Set(rows.map(\.host)).sorted().prefix(5).joined(separator: ", ")
            return
                "all \(format.layout.workers) worker ids are taken, by \(Set(rows.map(\.holder)).count) daemons (\(hosts), …): leafctl "
                + "workers lists them, leafctl workers release N frees one of a host that is gone"
        }
        guard let row = rows.first else { return "worker id \(configured) is taken" }
        let time = row.lastTime < now ? "" : ", which may stamp for \(seconds(row.lastTime - now)) more"
        return
            "worker id \(configured) is \(row.host)'s (agent \(row.holder)\(time)): give this host another snowflake.worker, or run "
            + "leafctl workers release \(configured) if that host is gone"
    }

    private static func seconds(_ milliseconds: Int64) -> String { "\(max(0, milliseconds + 999) / 1000) s" }
}
