/// What a script does to hosts and stores.
extension FaultPlay {
    // MARK: Daemons

    func start(_ host: Int) {
        world.start(host)
        watchNewHosts()
        hosts[host].wake(world.now)
        hosts[host].client.dueAt = world.now
        stir()
    }

    /// kill -9.
    func kill(_ host: Int) {
        world.kill(host)
        hosts[host].sleep()
    }

    /// The machine boots; its daemon is not started yet.
    func reboot(_ host: Int) {
        kill(host)
        world.tally.reboots += 1
        world.boot(world.hosts[host].machine)
    }

    /// Ends the daemon as the moment says, lets something happen meanwhile, and starts it again.
    func restart(_ host: Int, rebooting: Bool = false, _ meanwhile: () -> Void = {}) {
        if rebooting { reboot(host) } else { kill(host) }
        meanwhile()
        run(.milliseconds(rebooting ? 5000 + random.below(20_000) : 1 + random.below(random.pick([5, 100, 2000]))))
        start(host)
    }

    func freeze(_ host: Int) {
        if random.chance(50) { world.holdReading(host) }
        hosts[host].isFrozen = true
    }

    func thaw(_ host: Int) {
        hosts[host].isFrozen = false
        hosts[host].client.stalledSince = nil
        if hosts[host].client.dueAt != nil { hosts[host].client.dueAt = world.now }
        stir()
    }

    /// A wall clock is stepped.
    func stepWall(_ host: Int, _ microseconds: Int64) {
        world.machines[world.hosts[host].machine].clock.wallOffset += microseconds
        world.tally.clockSteps += 1
        world.note(host, "its wall clock steps by \(microseconds) µs")
        stir()
    }

    /// Puts the store out of reach, or back.
    func setStore(isDown: Bool) {
        world.stores[0].isDown = isDown
        world.note(-1, "the store is \(isDown ? "away" : "back")")
        stir()
    }

    // MARK: What is there

    /// The first worker id that a host holds.
    func worker(of host: Int) -> SnowflakeWorker? {
        world.hosts[host].daemon?.snow?.workers.first { $0.object.phase == .open }?.object
    }

    func row(_ worker: Int) -> SimulatedWorkerTable.Row? { world.stores[0].state.workers.rows[worker] }

    func agent(_ host: Int) -> String { world.hosts[host].daemon?.trace.agentID ?? "" }

    /// By the true clock, in milliseconds since 1970.
    var trueTime: Int64 { SimulatedClock.trueTime(world.now) / 1000 }

    /// How many steps of the wall clock a host's worker ids have seen.
    func stepsSeen(_ host: Int) -> Int64 {
        world.hosts[host].daemon?.snow?.workers.map(\.object.clock.steps).max() ?? 0
    }

    func isServing(_ host: Int) -> Bool {
        hosts[host].client.stalledSince == nil && worker(of: host).map { $0.counters.issued > 0 } ?? false
    }

    // MARK: Settling in

    /// Some hosts start, lease and serve for a while.
    ///
    /// - Parameter shortest: by the least, in seconds.
    func settle(_ started: [Int], shortest: Int = 1) {
        for host in started { start(host) }
        hasSettled = run(atMost: .seconds(60)) { started.allSatisfy(isServing) } && hasSettled
        let time = random.pick(isBrief ? [1, 3] : [1, 10, 60, 300])
        run(.milliseconds(1000 * max(time, shortest) + random.below(30_000) / (isBrief ? 10 : 1)))
    }

    /// For how long it is looked at what comes of something: short of an hour.
    func lookOn() { run(.seconds(random.pick(isBrief ? [8, 25] : [8, 30, 120, 900]))) }
}
