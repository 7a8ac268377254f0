internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// A thread that leases beside the main one, on a session of its own.
///
/// It never acts upon what it finds. Before its session leases it must find everything settled; whatever else it sees is for
/// the main thread, which closes all sessions and settles anew (`StoreDesk.generation`).
final class LeaseHelper: SessionHolder {
    private unowned let driver: StoreDriver
    private unowned let engine: Engine
    // unowned: the thread that owns this is joined before driver and engine end.
    private var current: (any StoreSession)?
    /// The one in which the session was opened.
    private(set) var generation = UInt64.max
    private(set) var expiresAt = MonotonicTime(nanoseconds: 0)
    var usedAt = MonotonicTime(nanoseconds: 0)
    /// This daemon's name when the session was opened.
    private var agentID = ""

    /// How often the facts are read while the main thread's beat is on its way.
    private static let looksMax = 3

    init(_ driver: StoreDriver, _ engine: Engine) {
        self.driver = driver
        self.engine = engine
    }

    var isOpen: Bool { current != nil }

    func rest() {
        guard let current else { return }
        current.close()
        self.current = nil
        driver.desk.with { $0.sessions -= 1 }
    }

    func drop() { rest() }

    func session() throws(StoreError) -> any StoreSession {
        if let current { return current }
        let (isSettled, generation) = driver.desk.with { desk in
            if desk.isSettled { desk.sessions += 1 }
            return (desk.isSettled, desk.generation)
        }
        guard isSettled else { throw Self.unsettled("another session has ended it") }
        self.generation = generation
        do throws(StoreError) {
            current = try open()
        } catch {
            driver.desk.with { $0.sessions -= 1 }
            throw error
        }
        let now = MonotonicTime.now()
        usedAt = now
        expiresAt = now.advanced(by: driver.lifetime())
        return current!
    }

    private func open() throws(StoreError) -> any StoreSession {
        let header = engine.identity.with { $0.header }
        let session = try driver.store.connect(knownStore: StoreID(header.storeID), mayCreate: false)
        do throws(StoreError) {
            try requireSettled(session)
            return session
        } catch {
            session.close()
            throw error
        }
    }

    /// Throws `.wentBackward` unless the store is as the main thread has left it.
    private func requireSettled(_ session: any StoreSession) throws(StoreError) {
        var step = Settlement.Step.ready
        for _ in 0..<Self.looksMax {
            let identity = engine.identity.with { $0 }
            let facts = try session.facts(agentID: identity.trace.agentID)
            let settlement = Settlement(
                header: identity.header, trace: identity.trace, storePlace: engine.settings.storePlace)
            step = settlement.step(facts)
            agentID = identity.trace.agentID
            if step == .ready { return }
            // The main thread's beat may have come between the two, or its answer be on the way: then the next look differs.
            guard driver.wait(Retries.longestPause / 4) else { break }
        }
        throw Self.unsettled("it would have to \(step)")
    }

    private static func unsettled(_ reason: String) -> StoreError {
        StoreError(
            .wentBackward, "a session is not settled: \(reason)", isSessionLost: true, topic: "a session is not settled"
        )
    }

    /// The mark that leases are checked against: of the very name under which the session was found settled.
    func agent() throws(StoreError) -> AgentMark {
        let agent = engine.agent
        guard agent.agentID == agentID else { throw Self.unsettled("this daemon goes by another name now") }
        return agent
    }
}

/// When helpers work.
extension StoreDriver {
    enum HelperWork {
        case stop
        case open
        case lease([TagEntry])
        case rest
    }

    /// How long the main thread may be at something before helpers take what is due: a round trip to a store far away.
    static var patience: Duration { .milliseconds(20) }

    func next(_ helper: LeaseHelper) -> HelperWork {
        while true {
            let rung = bell.with { $0 }
            switch desk.with({ look(&$0, .now(), helper) }) {
            case .done(let work): return work
            case .wait(let until):
                bell.wait { count, now in
                    if count != rung { return .done(()) }
                    if let until, now >= until { return .done(()) }
                    return .wait(until: until)
                }
            }
        }
    }

    private func look(
        _ desk: inout StoreDesk, _ now: MonotonicTime, _ helper: LeaseHelper
    ) -> Mailbox<StoreDesk>.Look<HelperWork> {
        if desk.isStopping { return .done(.stop) }
        if helper.isOpen, helper.generation != desk.generation || now >= helper.expiresAt { return .done(.rest) }
        let mayLease = desk.isSettled && desk.link.isUp && desk.restUntil.map { now >= $0 } ?? true
        let slowAt = desk.busySince?.advanced(by: StoreDriver.patience)
        let isMainSlow = !desk.due.isEmpty && slowAt.map { now >= $0 } ?? false
        var looks: [MonotonicTime?] = []
        if helper.isOpen {
            if mayLease, isMainSlow || desk.due.count > StoreDriver.batchMax {
                return .done(.lease(desk.takeBatch()))
            }
            let idleAt = helper.usedAt.advanced(by: pool.idleTime)
            let isSpare = desk.sessions > pool.maxIdle
            if isSpare, now >= idleAt { return .done(.rest) }
            looks = [helper.expiresAt, isSpare ? idleAt : nil]
        } else if mayLease, !desk.isOpening, isMainSlow || desk.due.count > StoreDriver.batchMax * desk.sessions {
            // One after the other: each must find that those before it do not suffice.
            desk.isOpening = true
            return .done(.open)
        }
        if !desk.due.isEmpty { looks += [desk.restUntil.flatMap { $0 > now ? $0 : nil }, mayLease ? slowAt : nil] }
        return .wait(until: looks.compactMap { $0 }.filter { $0 > now }.min())
    }

    /// Returns false when it is time to stop.
    func perform(_ work: HelperWork, _ helper: LeaseHelper, _ engine: Engine) -> Bool {
        switch work {
        case .stop: return false
        case .open: open(helper)
        case .lease(let entries): lease(entries, helper, engine)
        case .rest: helper.rest()
        }
        return true
    }

    private func open(_ helper: LeaseHelper) {
        do throws(StoreError) {
            _ = try call(helper, isRepeatable: false) { session throws(StoreError) in session }
        } catch {
            failed(error, helper)
        }
        desk.with { $0.isOpening = false }
        ring()
    }

    /// What a helper could not do. The store is not away for that: whether it is, the main thread finds out.
    private func failed(_ error: StoreError, _ helper: LeaseHelper) {
        helper.rest()
        let isSign = [.wentBackward, .foreignStore, .missing].contains(error.code)
        var isNews = false
        desk.post { desk in
            var random = SystemRandom()
            desk.restUntil = MonotonicTime.now().advanced(by: desk.rest.fail(using: &random))
            // Of a session that has been ended already it says nothing new.
            guard isSign, desk.generation == helper.generation, !desk.isStopping else { return false }
            desk.endSessions()
            desk.wantsSettling = true
            isNews = true
            return true
        }
        if isNews {
            ring()
            log.notice("the central store \(store.redactedURL) is settled with anew: \(error)")
        } else if !isSign {
            noteHelperFailure(error)
        }
    }

    private func lease(_ entries: [TagEntry], _ helper: LeaseHelper, _ engine: Engine) {
        let jobs = begin(entries)
        guard !jobs.isEmpty else { return }
        let started = MonotonicTime.now()
        do throws(StoreError) {
            let results = try call(helper, isRepeatable: true) { session throws(StoreError) in
                let agent = try helper.agent()
                return try session.lease(jobs.map { $0.request(agent) })
            }
            noteSuccess(engine)
            desk.with { desk in
                desk.rest.succeed()
                desk.restUntil = nil
            }
            helper.usedAt = .now()
            handOut(results, jobs, helper.generation, started: started, engine) { job in
                // Whether it is to be created is for the main thread.
                again(job, onMain: true)
            }
        } catch {
            let wasOpen = helper.isOpen
            failed(error, helper)
            // A session that leased is lost, or the store refuses: as the main thread would have found.
            if wasOpen, error.isOutage { noteFailure(error, engine) }
            for job in jobs {
                if wasOpen, error.isOutage { fail(job) } else { again(job) }
            }
        }
    }

    /// How long the next session may live.
    func lifetime() -> Duration { isPooled ? pool.maxLifetime * Double.random(in: 0.9...1.1) : .seconds(Int64.max / 4) }
}
