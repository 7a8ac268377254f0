/// What operators do through a daemon, and what happens to databases.
extension World {
    /// The store that a daemon is connected to, if it could carry out an operator's command now.
    func connected(_ host: Int) -> Int? {
        guard let daemon = hosts[host].daemon, case .ready = daemon.session, let facts = daemon.facts else {
            return nil
        }
        let number = store(of: host)
        guard !stores[number].isDown, daemon.generation == stores[number].generation,
            (try? stores[number].check(server: facts.server, agent: (daemon.trace.agentID, daemon.trace.beat))) != nil
        else {
            disconnect(host)
            return nil
        }
        return number
    }

    func readCatalog(_ host: Int) {
        guard let number = connected(host) else { return }
        for tag in 0..<parameters.tags {
            var effects = StockEffects()
            if stores[number].state.counters[tag] != nil {
                hosts[host].daemon!.tags[tag].stock.described(
                    tableStep: parameters.tableStep, now: now, effects: &effects)
            } else {
                _ = hosts[host].daemon!.tags[tag].stock.vanished(effects: &effects)
            }
            finish(host, tag, effects)
        }
    }

    func drop(_ host: Int) {
        let tag = random.below(parameters.tags)
        guard let number = connected(host), stores[number].drop(tag) else { return }
        note(host, "drops tag \(tag)")
        guard !fails() else { return }
        var effects = StockEffects()
        hosts[host].daemon!.tags[tag].stock.drop(effects: &effects)
        hosts[host].daemon!.tags[tag].leases = []
        finish(host, tag, effects)
    }

    func create(_ host: Int) {
        let tag = random.below(parameters.tags)
        guard let number = connected(host) else { return }
        let isByItself = random.chance(30) && hosts[host].daemon!.tags[tag].stock.supply.floor == 0
        // Where nothing is left of the tag, an operator's START is taken at its word: not promised.
        let tombstone = isByItself || random.chance(70) ? nil : stores[number].state.tombstones[tag]
        let start = tombstone.map { random.pick([1, $0, $0 + 5]) }
        guard stores[number].create(tag, start: start, isByItself: isByItself) else { return }
        note(host, "creates tag \(tag): it stands at \(stores[number].state.counters[tag]!)")
        var effects = StockEffects()
        hosts[host].daemon!.tags[tag].stock.described(tableStep: parameters.tableStep, now: now, effects: &effects)
        finish(host, tag, effects)
    }

    func bump(_ host: Int) {
        let (tag, by) = (random.below(parameters.tags), Int64(random.below(3000)))
        guard let number = connected(host), let counter = stores[number].state.counters[tag] else { return }
        stores[number].bump(tag, to: counter + by - 1000)
    }

    func bumpAll(_ host: Int) {
        guard let number = connected(host) else { return }
        let floors = hosts[host].daemon!.tags.map(\.stock.supply.floor)
        note(host, "lifts all counters for an operator")
        _ = stores[number].lift(
            expected: nil, floors: floors, gap: parameters.rules.failoverGap, hasIdentity: parameters.hasIdentity)
        liftWorkers(number)
    }

    func fence(_ host: Int) {
        guard connected(host) != nil, let daemon = hosts[host].daemon, let facts = daemon.facts else { return }
        note(host, "is fenced")
        giveWorkersUp(host, isNewest: true)
        let settlement = Settlement(header: daemon.header, trace: daemon.trace, storePlace: hosts[host].storePlace)
        startOver(host, settlement, facts, forgettingStore: false)
    }

    /// The configuration names another place from the next start on.
    func reconfigure(_ host: Int) {
        if hosts[host].daemon != nil { crash(host) }
        guard hosts[host].daemon == nil else { return }
        hosts[host].place = random.below(2)
        hosts[host].stoppedAt = nil
        note(host, "is configured for place \(hosts[host].place)")
        start(host)
    }

    // MARK: Databases

    /// Another server takes over, and lacks the last transactions: within what is promised.
    func failOver() {
        let number = random.below(10) / 9
        guard parameters.hasIdentity || hosts.count == 1 else { return }
        var losing = min(stores[number].history.count, random.below(8))
        while losing > 0 {
            let before = stores[number].history[stores[number].history.count - losing]
            let age = stores[number].age(losing: losing).inNanoseconds / 1_000_000
            if stores[number].isWithinGap(before), age <= parameters.lossMax { break }
            losing -= 1
        }
        tally.failovers += 1
        stores[number].failOver(losing: losing, to: name("srv"))
        if parameters.snowflakes?.stepsDatabaseClock == false { stores[number].clockOffset = Int64(random.below(500)) }
        if losing > 0 { forgetShown() }
        note(-1, "store \(number) fails over to \(stores[number].server), losing \(losing) transactions")
    }

    /// A backup is put back, of before every daemon that is up has last beaten.
    func restoreStore() {
        let number = random.below(10) / 9
        guard let backup = stores[number].backup, stores[number].isWithinGap(backup),
            stores[number].ageOfBackup.inNanoseconds / 1_000_000 <= parameters.lossMax,
            !stores[number].isAwaitingWitness
        else { return }
        var canTell = false
        for host in hosts where places[host.place] == number {
            guard let trace = host.daemon?.trace, trace.beat > 0, host.daemon!.header.storeID == stores[number].id
            else { continue }
            guard hasBeaten(trace, since: stores[number].backupStamp) else { return }
            canTell = true
        }
        guard canTell else { return }
        tally.restoredStores += 1
        stores[number].restoreBackup()
        forgetShown()
        note(-1, "store \(number) gets back a backup")
    }

    /// Whether the beat that was acknowledged last was sent after a moment.
    func hasBeaten(_ trace: AgentTrace, since stamp: Int) -> Bool {
        Int(trace.nonce.dropFirst()).map { $0 > stamp } ?? false
    }

    /// What twins have left of themselves in the store may be lost.
    private func forgetShown() {
        for fork in forks.indices { forks[fork].shown = [false, false] }
        for host in hosts.indices where hosts[host].daemon != nil { hosts[host].daemon!.told = 0 }
    }

    func swapStores() {
        let before = places
        places = random.pick([[0, 1], [0, 1], [0, 0], [1, 0], [1, 1]])
        guard places != before else { return }
        note(-1, "the places now hold the stores \(places)")
        for host in hosts.indices
        where hosts[host].daemon != nil && places[hosts[host].place] != before[hosts[host].place] {
            guard case .recording = hosts[host].daemon!.session else {
                disconnect(host)
                continue
            }
        }
    }
}
