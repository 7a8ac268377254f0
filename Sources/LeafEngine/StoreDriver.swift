internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// The central store's threads. The main one opens the session that settles, sends the beats, keeps the tag list, leases for
/// all tags that are due in one go, and carries out what operators ask for. Where the store serves several sessions at once,
/// helpers lease as well (`LeaseHelper`): when more is due than one batch, or the main thread is held up.
///
/// While the store fails, it is tried once per back-off, and nobody waits for it: tags that are due are told at once.
final class StoreDriver: Sendable {
    let desk: Mailbox<StoreDesk>
    /// Counts what helpers should look at the desk for. Apart from the desk, so that a lone lease wakes the main thread alone.
    let bell = Mailbox<UInt64>(0)
    let store: any SegmentStore
    let log: Logger
    let pool: StorePool
    let beatPause: Duration
    private let threads = Lock<[DedicatedThread]>([])

    /// How long after the start a store may fail before it counts as away: a network, or the turn of another writer, may come
    /// a moment later than this daemon.
    static var awayAfter: Duration { .seconds(2) }
    /// The most tags leased for in one transaction: short transactions let other daemons in between.
    static let batchMax = 128

    init(store: any SegmentStore, beat: Duration, pool: StorePool, log: Logger) {
        self.store = store
        beatPause = beat
        self.pool = pool
        self.log = log
        desk = Mailbox(StoreDesk(now: .now()))
    }

    var kind: String { store.kind }
    var redactedURL: String { store.redactedURL }
    /// The most sessions at once.
    var sessionsMax: Int { max(1, min(pool.maxOpen, store.maxSessions)) }
    /// Whether sessions come and go. Those of a store that serves one at a time are kept.
    var isPooled: Bool { store.maxSessions > 1 }

    func start(for engine: Engine) {
        let main = DedicatedThread(name: "leafd-store") { [self] in
            let keeper = StoreSessionKeeper(store: store, engine: engine, log: log)
            while perform(next(keeper), keeper, engine) {
                engine.router.flush()
            }
            keeper.rest()
        }
        let helpers = (1..<sessionsMax).map { number in
            DedicatedThread(name: "leafd-store-\(number)") { [self] in
                let helper = LeaseHelper(self, engine)
                while perform(next(helper), helper, engine) {
                    engine.router.flush()
                }
                helper.rest()
            }
        }
        threads.with { $0 = [main] + helpers }
    }

    /// Ends the threads, and the calls to the store that they are in.
    func stop() {
        desk.post { desk in
            desk.isStopping = true
            return true
        }
        ring()
        store.interrupt()
        let threads = threads.with { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
        for job in desk.with({ $0.jobs }) { job.completion(.failure(StoreDriver.stopping)) }
    }

    private static let stopping = StoreError(.unavailable, "leafd is stopping: repeat the command when it is back")

    /// Has the helpers look at the desk.
    func ring() {
        guard sessionsMax > 1 else { return }
        bell.post { count in
            count &+= 1
            return true
        }
    }

    // MARK: What is asked of it

    /// A tag wants a lease.
    func request(_ entry: TagEntry) {
        var isBackingOff = false
        var isForHelpers = false
        desk.post { desk in
            isBackingOff = desk.link.isBackingOff && !desk.link.mayTry(now: .now())
            desk.due.append(entry)
            let isBatchFull = desk.due.count > StoreDriver.batchMax && desk.due.count % StoreDriver.batchMax == 1
            isForHelpers = isBatchFull || desk.due.count == 1 && desk.busySince != nil
            return desk.due.count == 1
        }
        if isForHelpers { ring() }
        if isBackingOff { entry.handle { $0.loadPostponed(effects: &$2) } }
    }

    func submit(_ job: AdminJob) {
        var isStopping = false
        desk.post { desk in
            isStopping = desk.isStopping
            if !isStopping { desk.jobs.append(job) }
            return true
        }
        if isStopping { job.completion(.failure(StoreDriver.stopping)) }
    }

    func wantTags() {
        desk.post { desk in
            desk.wantsTags = true
            return true
        }
    }

    /// The journal has been replaced, and with it this daemon's name in the store.
    func settleAnew() {
        desk.post { desk in
            desk.endSessions()
            desk.beatAt = .now()
            return true
        }
        ring()
    }

    /// Closes all sessions. When this returns, what they had brought has been taken in, and of the rest nothing will be. For
    /// the main thread.
    func endSessions() {
        desk.with { $0.endSessions() }
        ring()
        desk.wait { desk, _ in desk.handingOut == 0 ? .done(()) : .wait(until: nil) }
    }

    var generation: UInt64 { desk.with { $0.generation } }

    // MARK: The main thread's loop

    enum Work {
        case stop
        case admin(AdminJob)
        case catalog
        case configuredTags
        case lease([TagEntry])
        case lift
        /// A worker id is wanted.
        case workers
        /// A sign of life is due.
        case beat
        /// Nothing is due but the store is failing, or has shown a sign: is it back, and the same?
        case probe
        /// The session has long had nothing to do.
        case rest
    }

    private func next(_ keeper: StoreSessionKeeper) -> Work {
        let restAt = isPooled && pool.maxIdle == 0 ? keeper.usedAt?.advanced(by: pool.idleTime) : nil
        let (work, isMoreDue) = desk.wait { desk, now in
            desk.busySince = nil
            switch StoreDriver.look(&desk, now, restAt: restAt) {
            case .done(let work):
                desk.busySince = now
                return .done((work, !desk.due.isEmpty))
            case .wait(let until): return .wait(until: until)
            }
        }
        if isMoreDue { ring() }
        return work
    }

    private static func look(
        _ desk: inout StoreDesk, _ now: MonotonicTime, restAt: MonotonicTime?
    ) -> Mailbox<StoreDesk>.Look<Work> {
        if desk.isStopping { return .done(.stop) }
        if !desk.jobs.isEmpty { return .done(.admin(desk.jobs.removeFirst())) }
        guard desk.link.mayTry(now: now) else { return .wait(until: desk.link.retryAt) }
        if desk.wantsLift {
            desk.wantsLift = false
            return .done(.lift)
        }
        if desk.wantsTags {
            desk.wantsTags = false
            return .done(.configuredTags)
        }
        if desk.wantsWorkers || desk.workersAt.map({ now >= $0 }) ?? false {
            desk.wantsWorkers = false
            return .done(.workers)
        }
        if let beatAt = desk.beatAt, now >= beatAt { return .done(.beat) }
        if desk.wantsCatalog || desk.catalogAt.map({ now >= $0 }) ?? false {
            desk.wantsCatalog = false
            return .done(.catalog)
        }
        if !desk.dueOnMain.isEmpty {
            defer { desk.dueOnMain = [] }
            return .done(.lease(desk.dueOnMain))
        }
        if !desk.due.isEmpty { return .done(.lease(desk.takeBatch())) }
        if desk.link.isBackingOff || desk.wantsSettling {
            desk.wantsSettling = false
            return .done(.probe)
        }
        if let restAt, now >= restAt { return .done(.rest) }
        return .wait(until: [desk.catalogAt, desk.beatAt, desk.workersAt, restAt].compactMap { $0 }.min())
    }

    /// Returns false when it is time to stop.
    private func perform(_ work: Work, _ keeper: StoreSessionKeeper, _ engine: Engine) -> Bool {
        switch work {
        case .stop: return false
        case .admin(let job): run(job, keeper, engine)
        case .catalog: readCatalog(keeper, engine)
        case .configuredTags: createTags(keeper, engine)
        case .lease(let entries): lease(entries, keeper, engine)
        case .lift: lift(keeper, engine)
        case .workers: askForWorkers(keeper, engine)
        case .beat: beat(keeper, engine)
        case .probe: attempt(keeper, engine) { session throws(StoreError) in try session.ping() }
        case .rest: keeper.rest()
        }
        return true
    }

    /// A counter stood below what this host was leased: lifts the others.
    private func lift(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let result = attempt(keeper, engine, isRepeatable: false) { _ throws(StoreError) in try keeper.liftAll() }
        if case .failure = result { desk.with { $0.wantsLift = true } }
    }

    private func beat(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let result = attempt(keeper, engine) { _ throws(StoreError) in try keeper.beat() }
        // A sign that the store went backward: settle with it now. What that may lift is bounded.
        let isUrgent =
            if case .failure(let error) = result { error.code == .wentBackward && keeper.mayTryAgain() } else { false }
        desk.with { $0.beatAt = isUrgent ? .now() : nextBeat() }
    }

    /// Not all daemons of a fleet at once.
    func nextBeat() -> MonotonicTime {
        MonotonicTime.now().advanced(by: beatPause * Double.random(in: 0.9...1.1))
    }
}
