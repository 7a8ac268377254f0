/// What happens in the rows that are about the database and other daemons.
extension FaultPlay {
    func performSameWorker() -> Bool {
        settle([0])
        guard let mine = worker(of: 0) else { return false }
        begin()
        world.hosts[1].snow.configured = mine.worker
        hosts[1].isWatched = true
        start(1)
        lookOn()
        let isRefused = worker(of: 1) == nil && row(mine.worker)?.holder == agent(0) && told.contains(.noWorker)
        // The first host is taken out of service, and the operator says so.
        kill(0)
        world.stores[0].releaseWorker(mine.worker)
        hosts[0].isWatched = false
        undo()
        let comesToServe = run(atMost: .seconds(90)) { isServing(1) }
        lookOn()
        return isRefused && comesToServe && (row(mine.worker)?.generation ?? 0) > mine.generation
    }

    /// A third daemon takes the first one's worker id over, while that one is paused.
    ///
    /// - Parameter isAnyFree: others are left: the third is configured with just this one.
    /// - Returns: the one taken over.
    private func takeOver(isAnyFree: Bool) -> SnowflakeWorker? {
        world.machines.append(SimulatedMachine(machineID: world.name("M"), bootID: world.name("B")))
        world.addHost(on: world.machines.count - 1)
        settle([0, 1])
        guard let mine = worker(of: 0) else { return nil }
        begin()
        freeze(0)
        run(.milliseconds(max(0, mine.lastTime - trueTime) + 1 + Int64(random.below(20_000))))
        if isAnyFree { world.hosts[2].snow.configured = mine.worker }
        start(2)
        let isTaken = run(atMost: .seconds(30)) { worker(of: 2)?.worker == mine.worker && isServing(2) }
        return isTaken && worker(of: 2)!.generation > mine.generation ? mine : nil
    }

    func performPause(isAnyFree: Bool) -> Bool {
        guard takeOver(isAnyFree: isAnyFree) != nil else { return false }
        let lost = world.tally.lostWorkers
        thaw(0)
        if isAnyFree { undo() }
        run(.seconds(isBrief ? 22 : 30))
        if !isAnyFree {
            // The second daemon is stopped for good.
            kill(1)
            undo()
            _ = run(atMost: .seconds(120)) { isServing(0) }
        }
        lookOn()
        return world.tally.lostWorkers > lost
    }

    func performOutage(isLeaseOver: Bool) -> Bool {
        settle([0, 1])
        guard let mine = worker(of: 0) else { return false }
        begin()
        setStore(isDown: true)
        let left = max(0, mine.lastTime - trueTime)
        if isLeaseOver {
            run(.milliseconds(left - 200))
            stir()
            run(.milliseconds(1000 + random.below(60_000)))
        } else {
            run(.milliseconds(left * Int64(20 + random.below(75)) / 100))
        }
        let wasTold = told.contains(.clock)
        setStore(isDown: false)
        undo()
        lookOn()
        return wasTold == isLeaseOver && isServing(0)
    }

    // MARK: Failovers

    func performFailover(_ loss: ClockFault.Loss) -> Bool {
        if loss == .takeover { return performLostTakeover() }
        settle([1])
        settle([0], shortest: loss == .renewal ? 25 : 1)
        guard loss == .renewal || bringBack(toBeforeClaim: 0), let mine = worker(of: 0) else { return false }
        begin()
        let last = row(mine.worker)?.lastTime ?? 0
        failOver { rows in
            loss == .row ? rows[mine.worker] == nil : (rows[mine.worker]?.lastTime ?? 0) < last
        }
        let hasLost =
            loss == .row ? row(mine.worker) == nil : row(mine.worker).map { $0.lastTime < last } ?? false
        let lifts = world.tally.lifts
        // Somebody who would like to have it comes along.
        world.machines.append(SimulatedMachine(machineID: world.name("M"), bootID: world.name("B")))
        world.addHost(on: world.machines.count - 1)
        run(.milliseconds(random.below(5000)))
        start(2)
        run(.seconds(35))
        lookOn()
        return hasLost && world.tally.lifts > lifts && isServing(0)
    }

    /// The first host has claimed its worker id so lately that a failover can lose it: it gives its old one up, if need be.
    private func bringBack(toBeforeClaim host: Int) -> Bool {
        kill(host)
        world.hosts[host].journal.replace(nil, inode: UInt64(world.name(""))!)
        start(host)
        guard run(atMost: .seconds(20), until: { isServing(host) }) else { return false }
        run(.milliseconds(random.below(1500)))
        return true
    }

    private func performLostTakeover() -> Bool {
        guard let mine = takeOver(isAnyFree: true) else { return false }
        run(.milliseconds(random.below(1500)))
        let holder = agent(2)
        failOver { $0[mine.worker]?.holder != holder }
        let hasLost = row(mine.worker)?.generation == mine.generation && row(mine.worker)?.holder == agent(0)
        run(.milliseconds(random.below(3000)))
        thaw(0)
        undo()
        run(.seconds(35))
        lookOn()
        // Until newcomers are let in again.
        return hasLost && run(atMost: .milliseconds(world.parameters.snowflakes!.hold + 60_000)) { isServing(0) }
    }

    /// Another server takes over, which lacks just enough of the last transactions for something to be so.
    private func failOver(until isLost: ([Int: SimulatedWorkerTable.Row]) -> Bool) {
        let history = world.stores[0].history
        let losing = (0...history.count).first { $0 > 0 && isLost(history[history.count - $0].workers.rows) } ?? 0
        guard world.stores[0].age(losing: losing).inNanoseconds / 1_000_000 <= world.parameters.snowflakes!.hold
        else { return }
        world.tally.failovers += 1
        world.stores[0].failOver(losing: losing, to: world.name("srv"))
        world.stores[0].clockOffset = Int64(random.below(500))
        world.note(-1, "the store fails over, losing \(losing) transactions")
        stir()
    }

    // MARK: The configuration

    func performOtherFormat() -> Bool {
        settle([0, 1])
        begin()
        restart(0) { world.hosts[0].snow.format = 1 }
        run(.seconds(2))
        let isRefused = worker(of: 0) == nil && told.contains(.noWorker)
        lookOn()
        undo()
        restart(0) { world.hosts[0].snow.format = 0 }
        run(.seconds(2))
        lookOn()
        return isRefused && isServing(0)
    }
}
