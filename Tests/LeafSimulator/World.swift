/// Several daemons on central stores, under everything that can go wrong between them: the real machines, with drivers
/// that carry out one step at a time. Each rule is checked where it could be broken.
final class World {
    let parameters: WorldParameters
    /// Of the event that is being played.
    var random = SeededRandom(seed: 0)
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var machines: [SimulatedMachine] = []
    var hosts: [SimulatedHost] = []
    var stores: [SimulatedStore]
    /// Which store is found at each place.
    var places = [0, 1]
    /// Requests whose client has given up, and which may still arrive.
    var ghosts: [StoreRequest] = []
    var forks: [Fork] = []
    var checker: Checker
    var tally = Tally()
    /// Nothing goes wrong any more: everybody must be served again.
    var isCalm = false
    let isTracing: Bool
    /// A script says what happens, step by step, and not a seed's events.
    let isScripted: Bool
    /// Whoever measures what clients of snowflakes get: what each request comes to, and each range that is stamped.
    var onVerdict: ((_ host: Int, SnowflakeWorker.Verdict) -> Void)?
    var onStamp: ((Stamp) -> Void)?
    var trace: [String] = []
    private var names = 0
    private var serials = 0
    /// Which worker object has stamped in a unit of time.
    var stampedUnits: [UnitPlace: Int] = [:]
    private var tokens: UInt64 = 0

    static let hostsMax = 6

    /// One memory image resumed twice.
    struct Fork {
        /// Names given before are shared by both.
        let namesBefore: Int
        /// Whether the first image and the second have written their row in the store since, with a nonce of their own.
        var shown = [false, false]
    }

    convenience init(seed: UInt64, subject: Scenario.Subject, minds: Set<Violation.Kind>, isTracing: Bool) {
        self.init(
            WorldParameters(seed: seed, subject: subject), seed: seed, minds: minds, isTracing: isTracing,
            isScripted: false)
        for host in hosts.indices { configureSnowflakes(host) }
        for host in hosts.indices { start(host) }
    }

    /// Hosts and stores, with no daemon started yet.
    init(
        _ parameters: WorldParameters, seed: UInt64, minds: Set<Violation.Kind>, isTracing: Bool, isScripted: Bool
    ) {
        self.isTracing = isTracing
        self.isScripted = isScripted
        self.parameters = parameters
        random = SeededRandom(seed: seed ^ 0xABCD)
        checker = Checker(stores: 2, tags: parameters.tags + 1, minds: minds)
        let isEmpty = random.chance(15)
        stores = (0..<2).map {
            SimulatedStore(
                id: "S\($0)", counters: Array(repeating: isEmpty ? nil : 1, count: parameters.tags),
                server: "srv-\($0)",
                gap: parameters.rules.failoverGap)
        }
        for _ in 0..<parameters.hosts {
            machines.append(SimulatedMachine(machineID: name("M"), bootID: name("B")))
            addHost(on: machines.count - 1)
        }
    }

    /// Plays one event, and checks the rules.
    func play(_ event: Event) {
        random = SeededRandom(seed: event.word)
        guard parameters.hasIdentity || !event.kind.losesFloors else { return }
        let host = random.below(hosts.count)
        switch event.kind {
        case .request: request(host)
        case .take: takeFast(host)
        case .cancel: cancel(host)
        case .journal: run(host, journal: true, store: false)
        case .store: run(host, journal: false, store: true)
        case .both: run(host, journal: true, store: true)
        case .beat: beginBeat(host)
        case .catalog: readCatalog(host)
        case .tick: tick()
        case .drop: drop(host)
        case .create: create(host)
        case .bump: bump(host)
        case .bumpAll: bumpAll(host)
        case .fence: fence(host)
        case .stop: beginStop(host)
        case .start: start(host)
        case .reconfigure: reconfigure(host)
        case .crash: crash(host)
        case .reboot: reboot(host)
        case .copyBeside: copy(host, kind: .beside)
        case .copyElsewhere: copy(host, kind: .elsewhere)
        case .clone: copy(host, kind: .clone)
        case .twin: twin(host)
        case .restoreJournal: restoreJournal(host)
        case .damage: damage(host)
        case .doubleStart: doubleStart(host)
        case .diskFull: hosts[host].isDiskFull.toggle()
        case .witnessTrouble: troubleWitness(host)
        case .storeDown: stores[random.below(10) / 9].isDown = true
        case .storeUp: for store in stores.indices { stores[store].isDown = false }
        case .ghost: playGhost()
        case .failover: failOver()
        case .backup: stores[random.below(10) / 9].makeBackup(stamp: namesGiven)
        case .restoreStore: restoreStore()
        case .swapStores: swapStores()
        case .stamp: stamp(host)
        case .advance: passTime()
        case .askWorkers: askWorkers(host)
        case .stepClock: stepClock(host)
        case .stepDatabaseClock: stepDatabaseClock()
        case .holdReading: holdReading(host)
        case .lateAnswer: takeLateAnswer(host)
        case .releaseWorker: releaseWorker(host)
        case .reconfigureSnowflakes: reconfigureSnowflakes(host)
        }
        checkDrivers()
    }

    func checkDrivers() {
        for host in hosts {
            guard let daemon = host.daemon else { continue }
            for worker in daemon.snow?.workers ?? [] {
                if let stuck = worker.stuck { checker.fail(.stuck, "host \(host.number): \(stuck)") }
            }
            for tag in daemon.tags {
                if let stuck = tag.stock.phase == .gone ? nil : tag.stuck {
                    checker.fail(.stuck, "host \(host.number): \(stuck)")
                }
            }
        }
    }

    // MARK: Names

    /// A name that nothing else has. Those of nonces are compared by when they were made.
    func name(_ prefix: String) -> String {
        names += 1
        return prefix + String(names)
    }

    var namesGiven: Int { names }

    func nextSerial() -> Int {
        serials += 1
        return serials
    }

    func nextToken(_ host: Int) -> ParkToken {
        tokens += 1
        return ParkToken(receiver: Int32(host), ticket: tokens)
    }

    func addHost(on machine: Int) {
        names += 1
        let journal = SimulatedJournal(
            inode: UInt64(names), device: UInt64(machine) + 1, fileSystemID: UInt64(machine) + 100)
        hosts.append(
            SimulatedHost(
                number: hosts.count, machine: machine, afterReboot: parameters.afterReboot, journal: journal))
    }

    /// Writes down what happened, if this is a replay that is to be read.
    func note(_ host: Int, _ text: @autoclosure () -> String) {
        if isTracing && checker.violation == nil { trace.append("host \(host): \(text())") }
    }

    /// Something goes wrong, as often as it does in this world.
    func fails() -> Bool { !isCalm && random.chance(parameters.faultPercent) }
}
