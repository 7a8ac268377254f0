/// What happens in each row.
extension FaultPlay {
    /// - Returns: whether the fault has happened, as the world shows it.
    func perform() -> Bool {
        hosts[0].isWatched = true
        // None of those that the other is leased.
        if fault.isConfigured { world.hosts[0].snow.configured = 4 + random.below(4) }
        switch fault.kind {
        case .none: return performNothing()
        case .wallStep(let step): return performStep(step)
        case .wallStepAlone(let step): return performStepAlone(step)
        case .wallOff(let offset): return performOff(offset)
        case .databaseStep(let step): return performDatabaseStep(step)
        case .suspend(let duration): return performSuspension(duration)
        case .paused(let isAnyFree): return performPause(isAnyFree: isAnyFree)
        case .kill(let times): return performKills(times)
        case .reboot(let isStoreDown): return performReboot(isStoreDown: isStoreDown)
        case .commitLost(let isStoreDown): return performLostCommit(isStoreDown: isStoreDown)
        case .journalLost: return performLoss()
        case .journalRestored: return performRestoration()
        case .journalCopied(let copy): return performCopy(copy)
        case .twin: return performTwin()
        case .sameWorker: return performSameWorker()
        case .outage(let isLeaseOver): return performOutage(isLeaseOver: isLeaseOver)
        case .failover(let loss): return performFailover(loss)
        case .otherFormat: return performOtherFormat()
        }
    }

    private func performNothing() -> Bool {
        settle([0, 1])
        begin()
        lookOn()
        return isServing(0)
    }

    // MARK: Clocks

    private func performStep(_ step: Int64) -> Bool {
        settle([0, 1])
        begin()
        let seen = stepsSeen(0)
        switch fault.moment {
        case .running: stepWall(0, step)
        case .restart, .reboot:
            restart(0, rebooting: fault.moment == .reboot) { stepWall(0, step) }
        }
        run(.seconds(2))
        let clock = world.machines[world.hosts[0].machine].clock
        let hasHappened = fault.moment == .running ? stepsSeen(0) > seen : clock.wallOffset == step
        lookOn()
        stepWall(0, -step)
        undo()
        lookOn()
        return hasHappened && world.hosts[0].daemon != nil
    }

    private func performStepAlone(_ step: Int64) -> Bool {
        settle([0, 1], shortest: isBrief ? 4500 : random.pick([4000, 5000, 6500]))
        begin()
        setStore(isDown: true)
        run(.seconds(5))
        stepWall(0, step)
        run(.seconds(590))
        stir()
        run(.seconds(15))
        run(.seconds(random.pick([10, 300, 1500])))
        let hasBelieved = worker(of: 0).map { abs($0.clock.now / 1000 - trueTime) > 1000 } ?? false
        stepWall(0, -step)
        setStore(isDown: false)
        undo()
        lookOn()
        return hasBelieved
    }

    private func performOff(_ offset: Int64) -> Bool {
        settle([1])
        begin()
        stepWall(0, offset)
        start(0)
        lookOn()
        let hasStarted = world.hosts[0].daemon?.snow?.workers.isEmpty == false
        stepWall(0, -offset)
        undo()
        lookOn()
        return hasStarted
    }

    private func performDatabaseStep(_ step: Int64) -> Bool {
        settle([0, 1])
        begin()
        world.stores[0].clockOffset += step / 1000
        let renewals = world.tally.renewals
        run(.seconds(25))
        let hasHappened = world.tally.renewals > renewals
        lookOn()
        world.stores[0].clockOffset = 0
        undo()
        run(.seconds(25))
        lookOn()
        return hasHappened
    }

    private func performSuspension(_ duration: Duration?) -> Bool {
        settle([0, 1])
        begin()
        let left = (worker(of: 0)?.lastTime ?? trueTime) - trueTime
        let duration = duration ?? .milliseconds(left + 1000 + Int64(random.below(60_000)))
        freeze(0)
        run(duration)
        let isOver = worker(of: 0).map { trueTime > $0.lastTime } ?? false
        thaw(0)
        undo()
        lookOn()
        return fault.kind != .suspend(nil) || isOver
    }

    // MARK: Processes and journals

    private func performKills(_ times: Int) -> Bool {
        settle([0, 1])
        begin()
        for time in 0..<times {
            if time > 0 { run(.milliseconds(random.below(3000))) }
            restart(0)
        }
        lookOn()
        return world.tally.crashes == times && world.tally.provenStarts >= times
    }

    private func performReboot(isStoreDown: Bool) -> Bool {
        settle([0, 1])
        begin()
        restart(0, rebooting: true) { if isStoreDown { setStore(isDown: true) } }
        let isUnproven = world.hosts[0].daemon?.recovery.confidence == .unproven
        run(.seconds(isBrief ? 3 : 3 + random.below(40)))
        if isStoreDown {
            setStore(isDown: false)
            undo()
        }
        lookOn()
        waitUntilServed()
        return isUnproven
    }

    private func performLostCommit(isStoreDown: Bool) -> Bool {
        settle([0, 1])
        begin()
        restart(0) {
            if isStoreDown { setStore(isDown: true) }
            world.loseNewestCommit(0)
        }
        let isUnproven = world.hosts[0].daemon?.recovery.use == (isStoreDown ? .serveUntilStoreAnswers : nil)
        run(.seconds(3))
        if isStoreDown {
            setStore(isDown: false)
            undo()
        }
        lookOn()
        return (isUnproven || !isStoreDown) && world.tally.lostCommits == 1
    }

    /// A static worker id is this daemon's again when its time is over.
    private func waitUntilServed() {
        if fault.isConfigured { _ = run(atMost: .seconds(700)) { isServing(0) } }
    }

    private func performLoss() -> Bool {
        settle([0, 1])
        begin()
        restart(0) {
            world.hosts[0].journal.replace(nil, inode: UInt64(world.name(""))!)
        }
        let isFresh = world.hosts[0].daemon?.recovery.confidence == .fresh
        lookOn()
        waitUntilServed()
        return isFresh
    }

    private func performRestoration() -> Bool {
        settle([0, 1])
        _ = run(atMost: .seconds(30)) { !world.hosts[0].journal.older.isEmpty }
        begin()
        var isOlder = false
        restart(0) {
            guard let content = world.hosts[0].journal.older.randomElement(using: &random) else { return }
            isOlder = content.sequence < world.hosts[0].journal.newest!.sequence
            world.hosts[0].journal.restore(content)
            if random.chance(30) { world.hosts[0].journal.inode = UInt64(world.name(""))! }
        }
        lookOn()
        waitUntilServed()
        return isOlder
    }

    private func performCopy(_ copy: ClockFault.Copy) -> Bool {
        settle([0, 1])
        begin()
        let isKilled = random.chance(50)
        if isKilled { kill(0) }
        let kind: World.CopyKind =
            switch copy {
            case .beside: .beside
            case .elsewhere: .elsewhere
            case .clone: .clone
            }
        world.copy(0, kind: kind)
        let new = world.hosts.count - 1
        watchNewHosts()
        if isKilled { start(0) }
        hosts[new].isWatched = true
        if world.hosts[new].daemon == nil { start(new) } else { hosts[new].client.dueAt = world.now }
        stir()
        lookOn()
        return new == 2 && world.hosts[new].daemon != nil
    }

    private func performTwin() -> Bool {
        settle([0, 1])
        begin()
        world.twin(0)
        watchNewHosts()
        guard world.hosts.count == 3 else { return false }
        hosts[2].isWatched = true
        hosts[2].client.dueAt = world.now
        hosts[2].beatAt = world.now.advanced(by: .seconds(1 + random.below(29)))
        // What was parked is parked in both; only one client is there to ask again.
        for host in [0, 2] { hosts[host].client.dueAt = world.now }
        stir()
        run(.seconds(40))
        lookOn()
        return world.tally.contests > 0 || agent(0) != agent(2)
    }
}
