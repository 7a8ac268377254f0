/// The store's thread: settles each session before its first lease, as `Settlement` says, one step at a time.
extension World {
    /// - Returns: whether there was anything to do.
    func stepStore(_ host: Int) -> Bool {
        let daemon = hosts[host].daemon!
        guard !daemon.isStopping else { return false }
        switch daemon.session {
        case .none:
            guard daemon.link.mayTry(now: now) || isCalm else { return false }
            hosts[host].daemon!.session = .reading
        case .reading: readFacts(host)
        case .settling(let facts): settle(host, facts)
        case .recording: return false
        case .ready: return beginAsk(host) || beginLease(host)
        case .sent(let request, let thenReady): arrive(host, request, thenReady: thenReady)
        case .answered(let request, let answer, let thenReady): take(host, request, answer, thenReady: thenReady)
        }
        return true
    }

    func store(of host: Int) -> Int { places[hosts[host].place] }

    /// The session is closed, without blame.
    func disconnect(_ host: Int) {
        if case .sent(let request, _) = hosts[host].daemon!.session {
            ghosts.append(request)
            giveBack(host, request)
        }
        if case .answered(let request, let answer, _) = hosts[host].daemon!.session {
            giveBack(host, request)
            if case .worker = request.kind, random.chance(50) {
                hosts[host].daemon!.snow?.late.append((request, answer))
            }
        }
        hosts[host].daemon!.session = .none
        hosts[host].daemon!.facts = nil
    }

    /// The store as a whole fails: nothing goes out for a while, and whoever the stock cannot serve is told.
    func storeFailed(_ host: Int) {
        disconnect(host)
        _ = hosts[host].daemon!.link.failed(now: now, using: &random)
        for tag in 0..<parameters.tags where hosts[host].daemon!.tags[tag].wantsLoad { postpone(host, tag) }
    }

    private func giveBack(_ host: Int, _ request: StoreRequest) {
        guard case .lease(let orders) = request.kind else { return }
        for (tag, order) in orders { loadFailed(host, tag, order, .store) }
    }

    // MARK: Settling

    private func readFacts(_ host: Int) {
        let number = store(of: host)
        let trace = hosts[host].daemon!.trace
        let facts = stores[number].facts(trace.agentID, hasIdentity: parameters.hasIdentity)
        let isLetIn =
            !stores[number].isAwaitingWitness || hasBeaten(trace, since: stores[number].backupStamp)
        guard !stores[number].isDown, isLetIn, !fails() else {
            note(host, "does not reach store \(number)")
            firstAttemptFailed(host)
            return storeFailed(host)
        }
        _ = hosts[host].daemon!.link.succeeded(now: now)
        hosts[host].daemon!.generation = stores[number].generation
        hosts[host].daemon!.session = .settling(facts)
    }

    /// The start without proof may serve what it has, since nobody is there to ask.
    private func firstAttemptFailed(_ host: Int) {
        guard hosts[host].daemon!.awaitsFirstAttempt || hosts[host].daemon!.cannotTell else { return }
        hosts[host].daemon!.isExcused = hosts[host].daemon!.cannotTell
        guard hosts[host].daemon!.awaitsFirstAttempt else { return }
        hosts[host].daemon!.awaitsFirstAttempt = false
        release(host)
    }

    private func release(_ host: Int) {
        for tag in 0..<parameters.tags {
            var effects = StockEffects()
            hosts[host].daemon!.tags[tag].stock.release(now: now, effects: &effects)
            finish(host, tag, effects)
        }
        releaseWorkers(host)
    }

    private func settle(_ host: Int, _ facts: StoreFacts) {
        let daemon = hosts[host].daemon!
        let number = store(of: host)
        guard daemon.generation == stores[number].generation, facts.storeID == stores[number].id else {
            return storeFailed(host)
        }
        let settlement = Settlement(header: daemon.header, trace: daemon.trace, storePlace: hosts[host].storePlace)
        let step = settlement.step(facts)
        note(host, "settles with store \(number) as \(daemon.trace.agentID) at beat \(daemon.trace.beat): \(step)")
        hosts[host].daemon!.isExcused = false
        switch step {
        case .startOver(let reason):
            giveWorkersUp(host, isNewest: false)
            startOver(host, settlement, facts, forgettingStore: reason == .otherStore)
        case .adoptStore:
            var header = daemon.header
            header.storeID = facts.storeID
            header.storePlace = hosts[host].storePlace
            record(host, header, trace: nil)
        case .acceptBeat(let row):
            var trace = daemon.trace
            trace.acknowledged(row, lift: facts.lift)
            hosts[host].daemon!.session = .reading
            if !noteTrace(host, trace) { storeFailed(host) }
        case .contest: send(host, .contest, facts)
        case .lift:
            if settlement.givesStockUpAtOnce {
                for tag in daemon.tags.indices { giveUp(host, tag, daemon.header.epoch) }
                giveWorkersUp(host, isNewest: false)
                hosts[host].daemon!.awaitsFirstAttempt = false
                forgetDoubts(host)
            }
            let gap = DuplicateGuard.gap.isOn ? parameters.rules.failoverGap : 0
            let floors = daemon.tags.map(\.stock.supply.floor)
            send(host, .lift(expected: facts.lift, floors: floors, gap: gap), facts)
        case .beat: sendBeat(host, over: facts.row, facts, thenReady: false)
        case .ready:
            hosts[host].daemon!.facts = facts
            hosts[host].daemon!.session = .ready
            hosts[host].daemon!.awaitsFirstAttempt = false
            // Of a start over that came to nothing.
            for tag in daemon.tags.indices where daemon.tags[tag].stock.epoch != daemon.header.epoch {
                giveUp(host, tag, daemon.header.epoch)
            }
            release(host)
            askWorkers(host)
        case .refuse(let text): checker.fail(.notServing, "host \(host): \(text)")
        }
    }

    /// All stock is given up: in memory first, then for good by a commit of the header.
    func startOver(_ host: Int, _ settlement: Settlement, _ facts: StoreFacts, forgettingStore: Bool) {
        tally.giveUps += 1
        let header = settlement.headerStartingOver(facts, agentID: name("A"), journalID: name("J"))
        for tag in 0..<parameters.tags { giveUp(host, tag, header.epoch, forgettingStore: forgettingStore) }
        hosts[host].daemon!.awaitsFirstAttempt = false
        forgetDoubts(host)
        record(host, header, trace: AgentTrace(agentID: header.agentID))
    }

    private func record(_ host: Int, _ header: JournalHeader, trace: AgentTrace?) {
        let before = hosts[host].daemon!.header.journalID
        hosts[host].daemon!.writer.change = SimulatedWriter.HeaderChange(
            journalID: before, header: header, trace: trace)
        hosts[host].daemon!.session = .recording
    }

    // MARK: Beats

    /// A sign of life is due.
    func beginBeat(_ host: Int) {
        guard let daemon = hosts[host].daemon, !daemon.isStopping, case .ready = daemon.session,
            let facts = daemon.facts
        else { return }
        let row = AgentRow(beat: daemon.trace.beat, nonce: daemon.trace.nonce, isContested: false)
        sendBeat(host, over: row, facts, thenReady: true)
    }

    private func sendBeat(_ host: Int, over row: AgentRow?, _ facts: StoreFacts, thenReady: Bool) {
        var trace = hosts[host].daemon!.trace
        let nonce = trace.send(name("n"))
        guard noteTrace(host, trace) else { return storeFailed(host) }
        let next = AgentRow(beat: trace.beat + 1, nonce: nonce, isContested: false)
        send(host, .beat(seen: row, next: next), facts, thenReady: thenReady)
    }

    func send(_ host: Int, _ kind: StoreRequest.Kind, _ facts: StoreFacts, thenReady: Bool = false) {
        let daemon = hosts[host].daemon!
        let request = StoreRequest(
            kind: kind, host: host, store: store(of: host), generation: daemon.generation,
            agentID: daemon.trace.agentID, beat: daemon.trace.beat, server: facts.server,
            life: daemon.life, forks: daemon.forks)
        hosts[host].daemon!.session = .sent(request, thenReady: thenReady)
    }
}
