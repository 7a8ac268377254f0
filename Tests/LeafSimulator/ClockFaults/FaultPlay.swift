/// Plays one seed of a row: a few daemons in the world of the seeds, with clients that ask steadily, as time goes by; then
/// the fault, and what comes of it.
///
/// Where a seed's events say which thread goes next, here each step takes its time: a commit, a way to the database and
/// back, 20 s between two renewals, 30 s between two beats, as in the daemon.
final class FaultPlay {
    let fault: ClockFault
    let world: World
    let isBrief: Bool
    var random: SeededRandom
    var hosts: [FaultHost] = []
    var sum = FaultSum()
    /// nil: before the fault, nothing is measured; 0: it lasts; 1: it is over, or undone.
    var phase: Int?
    var told: Set<FaultReply> = []
    /// All was well before the fault.
    var hasSettled = true
    /// Until then clients ask often: something has just happened.
    private var busyUntil: MonotonicTime
    /// The last ID of each worker id in each host.
    private var lastIDs: [Track: (format: SnowflakeFormat, id: Int64)] = [:]

    // What holds for this seed.
    let commitTime: Int
    let wayTime: Int

    private struct Track: Hashable {
        let host: Int
        let store: Int
        let worker: Int
    }

    /// - Parameter isBrief: shorter, and clients ask seldom where nothing happens.
    init(_ fault: ClockFault, seed: UInt64, isBrief: Bool, isTracing: Bool = false) {
        self.fault = fault
        self.isBrief = isBrief
        random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xC10C)
        world = World(
            WorldParameters(seed: seed, fault: fault), seed: seed, minds: Simulation.everyRule, isTracing: isTracing,
            isScripted: true)
        world.random = SeededRandom(seed: seed ^ 0xFA17)
        busyUntil = world.now
        commitTime = random.pick([50, 500, 3000])
        wayTime = random.pick([100, 500, 10_000])
        world.onVerdict = { [unowned self] in hear($0, $1) }
        world.onStamp = { [unowned self] in hear($0) }
        watchNewHosts()
    }

    static func play(_ fault: ClockFault, seed: UInt64, isBrief: Bool) -> FaultSum {
        let play = FaultPlay(fault, seed: seed, isBrief: isBrief)
        let hasHappened = play.perform()
        play.finish()
        play.sum.plays = 1
        play.sum.happened = hasHappened && play.hasSettled ? 1 : 0
        play.sum.ids = play.world.tally.stamped
        play.sum.duplicates = Int(play.world.checker.duplicates)
        play.sum.repeatedByTwins = Int(play.world.checker.repeatedByTwins)
        for reply in play.told { play.sum.told[reply] = 1 }
        if let violation = play.world.checker.violation { play.sum.violation = (seed, violation) }
        return play.sum
    }

    // MARK: Time

    func run(_ duration: Duration) { run(until: world.now.advanced(by: duration)) }

    func run(until end: MonotonicTime) {
        watchNewHosts()
        while world.now < end, !world.checker.isBroken {
            let next = hosts.reduce(end) { min($0, $1.soonest) }
            world.advance(next.since(world.now))
            guard next < end else { return }
            for host in hosts.indices where !hosts[host].isFrozen { work(host) }
        }
    }

    /// - Returns: whether it came to be so in time.
    func run(atMost duration: Duration, until isSo: () -> Bool) -> Bool {
        let end = world.now.advanced(by: duration)
        while world.now < end, !world.checker.isBroken, !isSo() { run(.milliseconds(50)) }
        return isSo()
    }

    func watchNewHosts() {
        while hosts.count < world.hosts.count {
            hosts.append(FaultHost(client: newClient()))
            if world.hosts[hosts.count - 1].daemon != nil { hosts[hosts.count - 1].wake(world.now) }
        }
    }

    /// Something happens: clients look closely for a while.
    func stir() {
        busyUntil = world.now.advanced(by: isBrief ? .milliseconds(300) : .milliseconds(1500))
        for host in hosts.indices {
            let soon = world.now.advanced(by: hosts[host].client.pause)
            hosts[host].client.dueAt = hosts[host].client.dueAt.map { min($0, soon) }
        }
    }

    var isBusy: Bool { world.now < busyUntil }

    // MARK: Threads

    private func work(_ host: Int) {
        guard world.hosts[host].daemon != nil else { return hosts[host].sleep() }
        let now = world.now
        if hosts[host].isDue(\.journalAt, now) {
            let did = world.stepJournal(host)
            hosts[host].journalAt = did ? now.advanced(by: upTo(commitTime)) : nil
            if did { hosts[host].storeAt = hosts[host].storeAt ?? now }
        }
        guard world.hosts[host].daemon != nil else { return hosts[host].sleep() }
        if hosts[host].isDue(\.beatAt, now) {
            world.beginBeat(host)
            hosts[host].beatAt = now.advanced(by: .seconds(30) * (0.9 + 0.2 * Double(random.below(1000)) / 1000))
            hosts[host].wake(now)
        }
        if hosts[host].isDue(\.renewalAt, now) {
            world.askWorkers(host)
            hosts[host].renewalAt = now.advanced(by: .seconds(20) * (0.9 + 0.2 * Double(random.below(1000)) / 1000))
            hosts[host].wake(now)
        }
        if hosts[host].isDue(\.storeAt, now) { stepStore(host) }
        if hosts[host].isDue(\.client.dueAt, now) {
            ask(host)
            hosts[host].wake(now)
        }
    }

    private func stepStore(_ host: Int) {
        if world.stepStore(host) {
            hosts[host].storeAt = world.now.advanced(by: upTo(wayTime))
            hosts[host].journalAt = hosts[host].journalAt ?? world.now
        } else {
            hosts[host].storeAt = world.hosts[host].daemon?.link.retryAt.flatMap { $0 > world.now ? $0 : nil }
        }
        hearStore(host)
    }

    private func upTo(_ microseconds: Int) -> Duration { .microseconds(1 + random.below(microseconds)) }

    // MARK: What is measured

    private func hear(_ stamp: World.Stamp) {
        let place = stamp.place
        let track = Track(host: stamp.host, store: place.store, worker: place.worker)
        if let last = lastIDs[track], last.format == place.format, last.id >= stamp.range.first { sum.descending += 1 }
        lastIDs[track] = (place.format, stamp.range.last)
        guard phase != nil, !stamp.isStale else { return }
        let off = stamp.time - SimulatedClock.trueTime(world.now) / 1000
        sum.ahead = max(sum.ahead, off)
        sum.behind = max(sum.behind, -off - place.format.unit)
    }

    /// The fault begins.
    func begin() {
        phase = 0
        for host in hosts.indices where hosts[host].client.stalledSince != nil {
            hosts[host].client.stalledSince = world.now
        }
        stir()
    }

    /// The fault is over, or undone.
    func undo() {
        endPhase()
        phase = 1
        // Whoever has waited for long has come to ask seldom.
        for host in hosts.indices where hosts[host].client.dueAt != nil { hosts[host].client.dueAt = world.now }
        stir()
    }

    private func finish() { endPhase() }

    private func endPhase() {
        for host in hosts.indices {
            guard let since = hosts[host].client.stalledSince else { continue }
            noteStall(host, world.now.since(since), hasEnded: false)
            hosts[host].client.stalledSince = world.now
        }
    }

    func noteStall(_ host: Int, _ duration: Duration, hasEnded: Bool) {
        guard let phase, hosts[host].isWatched else { return }
        sum.stalls[phase].note(duration, hasEnded: hasEnded)
    }
}
