/// How worker ids come, are kept and go.
extension World {
    func plan(_ host: Int) -> (SnowflakeRoster.Plan, SnowflakeRules)? {
        guard let rules = parameters.snowflakes else { return nil }
        let choice = hosts[host].snow
        let format = rules.formats[choice.format]
        return (
            SnowflakeRoster.Plan(
                configured: choice.configured.map { $0 % format.layout.workers }, extra: choice.extra,
                horizon: rules.horizon, machine: machines[hosts[host].machine].machineID),
            SnowflakeRules(format: format, window: rules.window)
        )
    }

    /// What a host is configured for.
    func configureSnowflakes(_ host: Int) {
        guard let rules = parameters.snowflakes else { return }
        let configured = rules.hasConfigured && random.chance(50) ? random.below(2) : nil
        hosts[host].snow = SimulatedHost.SnowflakeChoice(
            configured: configured, extra: random.below(rules.extraMax + 1), format: random.chance(10) ? 1 : 0)
    }

    func reconfigureSnowflakes(_ host: Int) {
        if hosts[host].daemon != nil { crash(host) }
        guard hosts[host].daemon == nil else { return }
        configureSnowflakes(host)
        note(host, "is configured anew: \(hosts[host].snow)")
        start(host)
    }

    func recoverSnowflakes(
        _ host: Int, _ content: JournalContent?, _ recovery: Recovery, _ header: JournalHeader
    ) -> SimulatedSnowflakes? {
        guard let (plan, rules) = plan(host) else { return nil }
        var snow = SimulatedSnowflakes(SnowflakeRoster(plan, rules))
        guard recovery.use != .giveUp || !DuplicateGuard.epoch.isOn else { return snow }
        let objects = snow.roster.recover(
            content.map { Array($0.workers.values) } ?? [], recovery, header, reading(host), seed: random.next())
        for object in objects {
            var worker = SimulatedWorker(serial: nextSerial(), object: object, store: storeNumber(header.storeID))
            worker.wantsCommit = true
            snow.workers.append(worker)
            note(host, "takes up \(describe(object))")
        }
        return snow
    }

    func describe(_ object: SnowflakeWorker) -> String {
        "worker \(object.worker)/\(object.generation), \(object.phase), until \(object.lastTime), mark \(object.limit), unit \(object.unit) (\(object.rules.format.time(ofUnit: object.unit)))"
    }

    // MARK: Asking

    func askWorkers(_ host: Int) {
        guard let count = hosts[host].daemon?.snow?.roster.asks(now: reading(host).boot).count else { return }
        hosts[host].daemon!.snow!.due = Array(0..<count)
        guard let daemon = hosts[host].daemon, case .ready = daemon.session else { return }
        _ = beginAsk(host)
    }

    /// One question to the store; its session is ready.
    func beginAsk(_ host: Int) -> Bool {
        guard let daemon = hosts[host].daemon, let facts = daemon.facts, let snow = daemon.snow,
            let slot = snow.due.first
        else { return false }
        hosts[host].daemon!.snow!.due.removeFirst()
        let asks = snow.roster.asks(now: reading(host).boot)
        guard let ask = asks.first(where: { $0.slot == slot })?.ask else { return false }
        send(
            host,
            .worker(
                slot: slot, ask: ask, epoch: daemon.header.epoch, plan: snow.roster.plan,
                format: snow.roster.rules.format),
            facts, thenReady: true)
        return true
    }

    /// What the store makes of it, in one transaction.
    func carryOut(
        _ request: StoreRequest, _ ask: SnowflakeRoster.Ask, _ plan: SnowflakeRoster.Plan, _ format: SnowflakeFormat
    ) throws(SimulatedStore.Failure) -> StoreAnswer {
        let number = request.store
        if !isCalm && fails() && random.chance(30) { throw .transient }
        try stores[number].check(server: request.server, agent: (request.agentID, request.beat))
        let before = stores[number].state
        stores[number].remember()
        let time = stores[number].clock
        let answer: StoreAnswer
        switch ask {
        case .claim(let configured, let ahead, let succeeding):
            let reply = stores[number].claimWorker(
                SimulatedWorkerTable.Claim(
                    configured: configured, machine: plan.machine, workers: format.layout.workers,
                    format: format.text, holder: request.agentID, ahead: ahead, succeeding: succeeding), now: time)
            answer = .claim(reply)
        case .renew(let worker, let generation, let lastTime, let isConfigured, let ahead):
            let reply = stores[number].renewWorker(
                SimulatedWorkerTable.Renewal(
                    worker: worker, generation: generation, lastTime: lastTime,
                    machine: isConfigured ? plan.machine : "", format: format.text, holder: request.agentID,
                    ahead: ahead), now: time)
            answer = .renewal(reply)
        }
        note(request.host, "store \(number) at \(time): \(ask): \(answer)")
        guard !isCalm, random.chance(parameters.faultPercent) else { return answer }
        // The commit is not acknowledged: it is rolled back, or not.
        if random.chance(50) { stores[number].rollBack(to: before) }
        throw .unavailable
    }

    // MARK: Answers

    func takeWorkerAnswer(_ host: Int, _ request: StoreRequest, _ answer: StoreAnswer) {
        guard case .worker(let slot, let ask, let epoch, _, _) = request.kind, hosts[host].daemon?.snow != nil else {
            return
        }
        switch (ask, answer) {
        case (.claim, .claim(.claimed(let worker, let generation, let above, let lastTime, let database))):
            let object = hosts[host].daemon!.snow!.roster.claimed(
                slot, worker: worker, generation: generation, above: above, lastTime: lastTime, database: database,
                epoch: epoch, reading(host), seed: random.next())
            guard let object else { return note(host, "has no use for worker \(worker)") }
            tally.claims += 1
            if above >= 0 { tally.takeovers += 1 }
            if above >= database { tally.successions += 1 }
            var worker = SimulatedWorker(serial: nextSerial(), object: object, store: request.store)
            worker.wantsCommit = true
            if above >= database { worker.forks = hosts[host].daemon!.snow!.forksBefore }
            hosts[host].daemon!.snow!.workers.removeAll {
                $0.object.phase == .gone && !$0.wantsCommit && $0.commit == nil
            }
            hosts[host].daemon!.snow!.workers.append(worker)
            note(host, "holds \(describe(object))")
        case (.renew(let worker, let generation, _, let isConfigured, _), .renewal(let reply)):
            takeRenewal(host, worker, generation, isConfigured: isConfigured, reply)
            // As the daemon does: another one is claimed at once.
            let isLost = hosts[host].daemon!.snow!.roster.asks(now: reading(host).boot)
                .contains { $0.slot == slot && $0.ask.isClaim }
            if isScripted && isLost { hosts[host].daemon!.snow!.due.append(slot) }
        case (.claim(let configured, _, _), .claim):
            if configured == nil { tally.noneFree += 1 }
        default: break
        }
    }

    private func takeRenewal(
        _ host: Int, _ number: Int, _ generation: Int64, isConfigured: Bool, _ reply: SimulatedWorkerTable.RenewalReply
    ) {
        let index = hosts[host].daemon!.snow!.workers.firstIndex {
            $0.object.worker == number && $0.object.generation == generation && $0.object.phase != .gone
        }
        guard let index else { return }
        var effects = StockEffects()
        let serial = hosts[host].daemon!.snow!.workers[index].serial
        switch reply {
        case .renewed(let lastTime, let database):
            tally.renewals += 1
            hosts[host].daemon!.snow!.roster.renewed(worker: number, lastTime: lastTime)
            hosts[host].daemon!.snow!.workers[index].object.renewed(
                lastTime: lastTime, database: isScripted || random.chance(80) ? database : nil, reading(host),
                keepsJournalCurrent: isScripted ? isConfigured : random.chance(30), effects: &effects)
            let isStuck = hosts[host].daemon!.snow!.workers[index].object.isStuck(reading(host))
            if isScripted, isStuck, !isConfigured {
                note(host, "leaves worker \(number), which was stamped ahead of the clock to the end of its lease")
                hosts[host].daemon!.snow!.roster.lost(worker: number)
                hosts[host].daemon!.snow!.workers[index].object.giveUp(effects: &effects)
            }
        case .lost, .otherFormat:
            tally.lostWorkers += 1
            hosts[host].daemon!.snow!.roster.lost(worker: number)
            hosts[host].daemon!.snow!.workers[index].object.giveUp(effects: &effects)
        }
        finish(host, worker: serial, effects)
    }

    /// An answer comes after its session has been closed, and perhaps after everything was given up.
    func takeLateAnswer(_ host: Int) {
        guard let late = hosts[host].daemon?.snow?.late.first else { return }
        hosts[host].daemon!.snow!.late.removeFirst()
        note(host, "gets a late answer")
        takeWorkerAnswer(host, late.request, late.answer)
    }

    // MARK: Going

    /// - Parameter isNewest: whether nobody can have stamped above the marks.
    func giveWorkersUp(_ host: Int, isNewest: Bool) {
        guard let daemon = hosts[host].daemon, let snow = daemon.snow else { return }
        var marks: [Int: Int64] = [:]
        for worker in snow.workers where worker.object.phase != .gone {
            marks[worker.object.worker] = worker.object.limit
        }
        hosts[host].daemon!.snow!.roster.giveUp(agentID: daemon.trace.agentID, marks: marks, isNewest: isNewest)
        for index in snow.workers.indices {
            var effects = StockEffects()
            hosts[host].daemon!.snow!.workers[index].object.giveUp(effects: &effects)
            finish(host, worker: snow.workers[index].serial, effects)
        }
        hosts[host].daemon!.snow!.forksBefore |= daemon.forks
        if !marks.isEmpty { note(host, "gives its worker ids up") }
    }

    func releaseWorkers(_ host: Int) {
        guard let workers = hosts[host].daemon?.snow?.workers else { return }
        for worker in workers {
            guard let index = hosts[host].daemon!.snow!.workers.firstIndex(where: { $0.serial == worker.serial }) else {
                continue
            }
            var effects = StockEffects()
            hosts[host].daemon!.snow!.workers[index].object.release(effects: &effects)
            finish(host, worker: worker.serial, effects)
        }
    }

    func sealWorkers(_ host: Int) {
        guard let workers = hosts[host].daemon?.snow?.workers else { return }
        for worker in workers {
            guard let index = hosts[host].daemon!.snow!.workers.firstIndex(where: { $0.serial == worker.serial }) else {
                continue
            }
            var effects = StockEffects()
            if hosts[host].daemon!.snow!.workers[index].object.seal(effects: &effects) {
                hosts[host].daemon!.snow!.workers[index].wantsCommit = true
            }
            finish(host, worker: worker.serial, effects)
        }
    }

    /// An operator takes a worker id away, through some daemon.
    func releaseWorker(_ host: Int) {
        guard parameters.snowflakes != nil, let number = connected(host) else { return }
        guard let worker = stores[number].state.workers.rows.keys.sorted().randomElement(using: &random) else { return }
        stores[number].releaseWorker(worker)
        note(host, "releases worker \(worker) for an operator")
    }

    // MARK: The journal

    func beginWorkerCommits(_ host: Int) -> [(serial: Int, order: WorkerOrder)] {
        guard let snow = hosts[host].daemon!.snow else { return [] }
        var orders: [(serial: Int, order: WorkerOrder)] = []
        for index in snow.workers.indices where snow.workers[index].wantsCommit {
            hosts[host].daemon!.snow!.workers[index].wantsCommit = false
            guard
                let order = hosts[host].daemon!.snow!.workers[index].object.beginCommit(reading(host))
            else { continue }
            if let problem = order.record.problem {
                checker.fail(.damaged, "host \(host): \(problem): \(order.record)")
            }
            hosts[host].daemon!.snow!.workers[index].commit = order
            orders.append((snow.workers[index].serial, order))
        }
        return orders
    }

    func completeWorkerCommits(_ host: Int, _ orders: [(serial: Int, order: WorkerOrder)], isDurable: Bool) {
        for (serial, order) in orders {
            guard let index = hosts[host].daemon?.snow?.workers.firstIndex(where: { $0.serial == serial }) else {
                continue
            }
            var effects = StockEffects()
            hosts[host].daemon!.snow!.workers[index].commit = nil
            if isDurable {
                hosts[host].daemon!.snow!.workers[index].object.committed(order, &effects)
            } else {
                hosts[host].daemon!.snow!.workers[index].object.commitFailed(order, &effects)
                hosts[host].daemon!.snow!.workers[index].wantsCommit = true
            }
            finish(host, worker: serial, effects)
        }
    }

    /// Whether a start from the newest commit, or from the one before it should that be lost, would stamp above everything.
    func checkWorkerRecovery(_ host: Int) {
        guard let snow = hosts[host].daemon?.snow, let newest = hosts[host].journal.newest else { return }
        let previous = hosts[host].journal.losable
        for worker in snow.workers where worker.object.phase != .gone && worker.lastUnit >= 0 {
            let object = worker.object
            let last = object.rules.format.time(ofUnit: worker.lastUnit)
            let record = newest.workers[object.worker]
            if let record, isOf(object, record), record.epoch == newest.header.epoch, record.hi <= last {
                checker.fail(.recovery, "host \(host) stamped \(last) with worker \(object.worker): \(record)")
            }
            guard let older = previous?.workers[object.worker], previous?.header.epoch == newest.header.epoch,
                isOf(object, older), older.epoch == object.epoch, older.hi + older.cap <= last
            else { continue }
            checker.fail(
                .recovery,
                "host \(host) stamped \(last) with worker \(object.worker), and its newest commit can be lost: \(older)"
            )
        }
    }

    private func isOf(_ object: SnowflakeWorker, _ record: WorkerRecord) -> Bool {
        record.generation == object.generation && record.epoch == object.epoch
    }
}
