internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// The central store's one thread: opens the session, leases for all tags that are due in one go, keeps the tag list, and
/// carries out what operators ask for.
///
/// While the store fails, it is tried once per back-off, and nobody waits for it: tags that are due are told at once.
final class StoreDriver: Sendable {
    struct Desk: Sendable {
        var link: StoreLink
        var due: [TagEntry] = []
        var jobs: [AdminJob] = []
        var wantsCatalog = true
        /// The configured tags are to be created, the warm ones filled.
        var wantsTags = true
        var catalogReadAt: MonotonicTime?
        var catalogTook = Duration.zero
        var lastError: StoreError?
        /// What operators should know though the store answers, and until when it is shown.
        var trouble: (text: String, until: MonotonicTime)?
        /// What the store cannot guard against, and rows that cannot be served: a line each.
        var warnings: [String] = []
        /// How often this daemon has lifted counters.
        var lifts = 0
        /// When the next sign of life is due; nil before the first session.
        var beatAt: MonotonicTime?
        /// This daemon goes by another name than the session was settled under.
        var mustSettle = false
        var latency = LatencyWindow()
        var isStopping = false
    }

    let desk: Mailbox<Desk>
    private let store: any SegmentStore
    private let log: Logger
    private let beatPause: Duration
    private let thread = Lock<DedicatedThread?>(nil)

    /// How often the tag list is read again.
    static var catalogPause: Duration { .seconds(60) }
    /// How long after the start a store may fail before it counts as away: a network, or the turn of another writer, may come
    /// a moment later than this daemon.
    static var awayAfter: Duration { .seconds(2) }
    /// The most tags leased for in one transaction: short transactions let other daemons in between.
    static let batchMax = 128

    init(store: any SegmentStore, beat: Duration, log: Logger) {
        self.store = store
        beatPause = beat
        self.log = log
        desk = Mailbox(Desk(link: StoreLink(now: .now())))
    }

    var kind: String { store.kind }
    var redactedURL: String { store.redactedURL }

    func start(for engine: Engine) {
        thread.with { [self] thread in
            thread = DedicatedThread(name: "leafd-store") { [self] in
                let session = StoreSessionKeeper(store: store, engine: engine, log: log)
                while perform(next(), session, engine) {
                    engine.router.flush()
                }
                session.close()
            }
        }
    }

    /// Ends the thread after the call to the store that it is in, if any.
    func stop() {
        desk.post { desk in
            desk.isStopping = true
            return true
        }
        thread.with { $0.take() }?.join()
        for job in desk.with({ $0.jobs }) { job.completion(.failure(StoreDriver.stopping)) }
    }

    private static let stopping = StoreError(.unavailable, "leafd is stopping: repeat the command when it is back")

    // MARK: What is asked of it

    /// A tag wants a lease.
    func request(_ entry: TagEntry) {
        var isBackingOff = false
        desk.post { desk in
            isBackingOff = desk.link.isBackingOff && !desk.link.mayTry(now: .now())
            desk.due.append(entry)
            return desk.due.count == 1
        }
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

    /// Somebody asked for a tag that is not in the list: read it again, but not all the time.
    func wantCatalog() {
        desk.post { desk in
            let pause = max(.seconds(1), desk.catalogTook * 20)
            guard !desk.wantsCatalog, let readAt = desk.catalogReadAt, MonotonicTime.now().since(readAt) > pause
            else { return false }
            desk.wantsCatalog = true
            return true
        }
    }

    func wantTags() {
        desk.post { desk in
            desk.wantsTags = true
            return true
        }
    }

    // MARK: The loop

    enum Work {
        case stop
        case admin(AdminJob)
        case catalog
        case configuredTags
        case lease([TagEntry])
        /// A sign of life is due.
        case beat
        /// Nothing is due but the store is failing: is it back?
        case probe
    }

    private func next() -> Work {
        desk.wait { desk, now in
            if desk.isStopping { return .done(.stop) }
            if !desk.jobs.isEmpty { return .done(.admin(desk.jobs.removeFirst())) }
            guard desk.link.mayTry(now: now) else { return .wait(until: desk.link.retryAt) }
            if desk.wantsTags {
                desk.wantsTags = false
                return .done(.configuredTags)
            }
            if let beatAt = desk.beatAt, now >= beatAt { return .done(.beat) }
            let readAgainAt = desk.catalogReadAt?.advanced(by: StoreDriver.catalogPause)
            if desk.wantsCatalog || readAgainAt.map({ now >= $0 }) ?? false {
                desk.wantsCatalog = false
                return .done(.catalog)
            }
            if !desk.due.isEmpty {
                let batch = Array(desk.due.prefix(StoreDriver.batchMax))
                desk.due.removeFirst(batch.count)
                return .done(.lease(batch))
            }
            if desk.link.isBackingOff { return .done(.probe) }
            return .wait(until: [readAgainAt, desk.beatAt].compactMap { $0 }.min())
        }
    }

    /// Returns false when it is time to stop.
    private func perform(_ work: Work, _ session: StoreSessionKeeper, _ engine: Engine) -> Bool {
        let mustSettle = desk.with { desk in
            defer { desk.mustSettle = false }
            return desk.mustSettle
        }
        if mustSettle { session.close() }
        switch work {
        case .stop: return false
        case .admin(let job): run(job, session, engine)
        case .catalog: readCatalog(session, engine)
        case .configuredTags: createTags(session, engine)
        case .lease(let entries): lease(entries, session, engine)
        case .beat: beat(session, engine)
        case .probe: attempt(session, engine) { session throws(StoreError) in try session.ping() }
        }
        return true
    }

    // MARK: Success and failure

    /// Calls the store, and takes note of whether it answers.
    @discardableResult
    func attempt<R>(
        _ keeper: StoreSessionKeeper, _ engine: Engine, _ body: (any StoreSession) throws(StoreError) -> R
    ) -> Result<R, StoreError> {
        do throws(StoreError) {
            let result = try body(try keeper.session())
            noteSuccess(engine)
            return .success(result)
        } catch {
            if error.isSessionLost || error.isOutage { keeper.close() }
            if error.isOutage { noteFailure(error, engine) } else { noteSuccess(engine) }
            return .failure(error)
        }
    }

    private func noteSuccess(_ engine: Engine) {
        let isNews = desk.with { desk in
            desk.lastError = nil
            return desk.link.succeeded(now: .now())
        }
        guard isNews else { return }
        engine.storeTurned(backingOff: false)
        log.notice("the central store \(store.redactedURL) answers")
    }

    /// Shown by HEALTH for a while.
    func noteTrouble(_ text: String, for time: Duration = .seconds(120)) {
        desk.with { $0.trouble = (text, MonotonicTime.now().advanced(by: time)) }
    }

    func noteLift() {
        desk.with { $0.lifts += 1 }
    }

    func noteSession(_ session: any StoreSession) {
        desk.with { desk in
            desk.warnings = session.missingGuards + session.skippedTags
            desk.beatAt = desk.beatAt ?? nextBeat()
        }
    }

    func noteWarnings(_ keeper: StoreSessionKeeper) {
        guard let session = try? keeper.session() else { return }
        let warnings = session.missingGuards + session.skippedTags
        desk.with { $0.warnings = warnings }
    }

    /// The journal has been replaced, and with it this daemon's name in the store.
    func settleAnew() {
        desk.post { desk in
            desk.mustSettle = true
            desk.beatAt = .now()
            return true
        }
    }

    private func beat(_ keeper: StoreSessionKeeper, _ engine: Engine) {
        let result = attempt(keeper, engine) { _ throws(StoreError) in try keeper.beat() }
        // A sign that the store went backward: settle with it now. What that may lift is bounded.
        let isUrgent =
            if case .failure(let error) = result { error.code == .wentBackward && keeper.mayTryAgain() } else { false }
        desk.with { $0.beatAt = isUrgent ? .now() : nextBeat() }
    }

    /// Not all daemons of a fleet at once.
    private func nextBeat() -> MonotonicTime {
        MonotonicTime.now().advanced(by: beatPause * Double.random(in: 0.9...1.1))
    }

    func noteFailure(_ error: StoreError, _ engine: Engine) {
        var random = SystemRandomNumberGenerator()
        let (isNews, waiting) = desk.with { desk in
            let isNews = desk.link.failed(now: .now(), using: &random) || desk.lastError?.message != error.message
            desk.lastError = error
            return (isNews, desk.due)
        }
        engine.storeTurned(backingOff: true)
        if MonotonicTime.now().since(engine.startedAt) >= StoreDriver.awayAfter { engine.storeIsAway() }
        if isNews {
            log.error(
                "the central store \(store.redactedURL) fails: \(error) (tried again with back-off, at most every 5 s)")
        }
        for entry in waiting { entry.handle { $0.loadPostponed(effects: &$2) } }
    }
}
