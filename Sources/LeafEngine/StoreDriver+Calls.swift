internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// Who has a session with the central store: the main thread, and each helper. Used by that thread alone.
protocol SessionHolder: AnyObject {
    /// The open session; if there is none, one that has been opened and found good just now.
    func session() throws(StoreError) -> any StoreSession
    var isOpen: Bool { get }
    /// Closes it; nothing was wrong with it, or with no other one.
    func rest()
    /// Closes it after a failure.
    func drop()
}

/// Calling the store, and taking note of whether it answers.
extension StoreDriver {
    /// Calls the store from the main thread.
    ///
    /// - Parameters:
    ///   - isRepeatable: see `call`.
    ///   - isOutage: which errors concern the store as a whole.
    @discardableResult
    func attempt<R>(
        _ keeper: StoreSessionKeeper, _ engine: Engine, isRepeatable: Bool = true,
        isOutage: (StoreError) -> Bool = \.isOutage, _ body: (any StoreSession) throws(StoreError) -> R
    ) -> Result<R, StoreError> {
        do throws(StoreError) {
            let result = try call(keeper, isRepeatable: isRepeatable, body)
            noteSuccess(engine)
            return .success(result)
        } catch {
            if error.isOutage && !isOutage(error) {
                keeper.rest()
            } else if error.isSessionLost || error.isOutage {
                keeper.drop()
            }
            if isOutage(error) { noteFailure(error, engine) } else { noteSuccess(engine) }
            return .failure(error)
        }
    }

    /// Calls the store, and calls it again where a moment mends what failed: at once on a fresh session where one that had been
    /// good is lost (a server that restarts, a proxy that ends what is idle), after a short pause where others were in the
    /// way.
    ///
    /// - Parameter isRepeatable: whether it may be done again when nobody knows whether it has been done. A lease may: the
    ///   first is a gap.
    func call<R>(
        _ holder: some SessionHolder, isRepeatable: Bool, _ body: (any StoreSession) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        let started = MonotonicTime.now()
        var random = SystemRandom()
        var retries = Retries(limit: pool.queryTimeout)
        var mayReplace = isRepeatable && isPooled
        while true {
            let wasOpen = holder.isOpen
            let calledAt = MonotonicTime.now()
            do throws(StoreError) {
                return try body(try holder.session())
            } catch {
                let now = MonotonicTime.now()
                if mayReplace, wasOpen, error.isMendedBySession, now.since(calledAt) < pool.queryTimeout / 2 {
                    // Not one that was silent until the time was up: the next would be as well.
                    mayReplace = false
                    holder.drop()
                } else if error.code == .transient, !error.isSessionLost,
                    let pause = retries.pause(elapsed: now.since(started), using: &random), wait(pause)
                {
                } else {
                    if error.isOutage || error.code == .wentBackward { desk.with { $0.report.note(error) } }
                    throw error
                }
                desk.with { $0.report.retries += 1 }
            }
        }
    }

    /// Waits; false: the daemon stops.
    func wait(_ pause: Duration) -> Bool {
        let end = MonotonicTime.now().advanced(by: pause)
        return desk.wait { desk, now in
            if desk.isStopping { return .done(false) }
            return now >= end ? .done(true) : .wait(until: end)
        }
    }

    // MARK: Success and failure

    func noteSuccess(_ engine: Engine) {
        let (isUpAgain, isNews) = desk.with { desk in
            let now = MonotonicTime.now()
            let isUpAgain = desk.link.succeeded(now: now)
            // Under the desk's lock, as in `noteFailure`: of two threads the later one must have the last word.
            if isUpAgain { engine.storeTurned(backingOff: false) }
            let wasTold = desk.report.succeeded(now: now)
            return (isUpAgain, wasTold || desk.link.errors == 0)
        }
        guard isUpAgain else { return }
        ring()
        if isNews { log.notice("the central store \(store.redactedURL) answers") }
    }

    func noteFailure(_ error: StoreError, _ engine: Engine) {
        let now = MonotonicTime.now()
        let (line, waiting, isStopping): (FailureLog.Line?, [TagEntry], Bool) = desk.with { desk in
            // That is what stopping does to calls in progress.
            guard !desk.isStopping else { return (nil, [], true) }
            var random = SystemRandom()
            _ = desk.link.failed(now: now, using: &random)
            engine.storeTurned(backingOff: true)
            desk.report.failure = error
            return (desk.report.line(for: error, now: now), desk.due, false)
        }
        guard !isStopping else { return }
        if now.since(engine.startedAt) >= StoreDriver.awayAfter { engine.storeIsAway() }
        if let line {
            let untold = line.untold == 0 ? "" : "; the same \(line.untold) times more since this was last said"
            log.error(
                "the central store \(store.redactedURL) fails: \(error) (tried again with back-off, at most every 5 s\(untold))"
            )
        }
        for entry in waiting { entry.handle { $0.loadPostponed(effects: &$2) } }
    }

    /// How often in a row no further session could be had before that is worth a line.
    private static let helperFailuresToTell = 3

    /// A session beside the main one failed: says so like a failure of the store, which it is not.
    func noteHelperFailure(_ error: StoreError) {
        let line = desk.with { desk in
            // A store that is away fails here and there: then it is for the main thread to say so.
            let isLasting = desk.rest.failures >= StoreDriver.helperFailuresToTell && desk.link.isUp
            return isLasting && !desk.isStopping ? desk.report.helperLine(for: error, now: .now()) : nil
        }
        guard let line else { return }
        let untold = line.untold == 0 ? "" : " (\(line.untold) times more since this was last said)"
        log.warning("a further session with the central store \(store.redactedURL) cannot be had: \(error)\(untold)")
    }

    /// Shown by HEALTH for a while.
    func noteTrouble(_ text: String, for time: Duration = .seconds(120)) {
        desk.with { $0.report.trouble = (text, MonotonicTime.now().advanced(by: time)) }
    }

    func noteLift() {
        desk.with { $0.report.lifts += 1 }
    }

    func noteSession(_ session: any StoreSession) {
        noteWarnings(session)
        desk.with { $0.beatAt = $0.beatAt ?? nextBeat() }
    }

    /// What the store cannot guard against: in HEALTH as long as it is so, in the log once.
    func noteWarnings(_ session: any StoreSession) {
        let warnings = session.missingGuards + session.skippedTags
        for warning in desk.with({ $0.report.show(warnings: warnings) }) {
            log.warning("the central store \(store.redactedURL): \(warning)")
        }
    }
}

extension StoreError {
    /// Whether a fresh session may do what this one could not.
    fileprivate var isMendedBySession: Bool {
        isSessionLost && (code == .unavailable || code == .transient || code == .readOnly)
    }
}
