internal import LeafCore
internal import LeafStore
internal import LeafThreads
internal import Logging

/// Keeps the main session with the central store, settles each new one before its first lease, and sends the beats.
///
/// What must be done is decided by `Settlement`, one step at a time; this carries it out. Used by the store's thread alone.
final class StoreSessionKeeper: SessionHolder {
    private let store: any SegmentStore
    private unowned let engine: Engine
    // unowned: the store's thread, which owns this, ends before its engine.
    private let log: Logger
    private var current: (any StoreSession)?
    /// The one for which the session was settled (`StoreDesk.generation`).
    private(set) var generation: UInt64 = 0
    /// When the session was last asked for; nil: there is none.
    private(set) var usedAt: MonotonicTime?
    private var expiresAt = MonotonicTime(nanoseconds: 0)
    /// What the session found when it was settled.
    private(set) var facts: StoreFacts?
    /// When counters were lifted or stock given up here, lately.
    private var alarms: [MonotonicTime] = []
    /// How often in a row a session had to be settled anew at once.
    private var hasTried = 0

    /// The most steps that settling a session takes, with several daemons at it at once.
    private static let stepsMax = 16
    /// The most lifts and give-ups within the settings' `alarmPeriod`: more means that the store is never the same twice.
    private static let alarmsMax = 4

    init(store: any SegmentStore, engine: Engine, log: Logger) {
        self.store = store
        self.engine = engine
        self.log = log
    }

    var isOpen: Bool { current != nil }

    func session() throws(StoreError) -> any StoreSession {
        if let session = current {
            let now = MonotonicTime.now()
            if generation == driver.generation, now < expiresAt {
                usedAt = now
                return session
            }
            rest()
        }
        driver.desk.with { $0.sessions += 1 }
        do throws(StoreError) {
            return try open()
        } catch {
            driver.desk.with { $0.sessions -= 1 }
            throw error
        }
    }

    private func open() throws(StoreError) -> any StoreSession {
        let header = engine.identity.with { $0.header }
        let isSamePlace = header.storePlace == engine.settings.storePlace
        let session = try store.connect(
            knownStore: isSamePlace ? StoreID(header.storeID) : nil,
            mayCreate: !isSamePlace || header.storePlace == .none)
        do throws(StoreError) {
            facts = try settle(session)
        } catch {
            session.close()
            throw error
        }
        let now = MonotonicTime.now()
        (current, usedAt, expiresAt) = (session, now, now.advanced(by: driver.lifetime()))
        driver.desk.with { desk in
            // Ended meanwhile: whoever uses it next settles anew, and what comes of it before is given up.
            guard desk.generation == generation else { return }
            desk.isSettled = true
            desk.wantsSettling = false
        }
        driver.ring()
        driver.noteSession(session)
        // After an outage leases of time may be over.
        if engine.snowflake.isInUse { driver.desk.with { $0.workersAt = now } }
        return session
    }

    func rest() {
        guard let session = current else { return }
        session.close()
        (current, facts, usedAt) = (nil, nil, nil)
        driver.desk.with { $0.sessions -= 1 }
    }

    func drop() {
        rest()
        driver.endSessions()
    }

    private var driver: StoreDriver { engine.store }

    /// Whether a session that showed a sign may be followed by another without a pause: so often in a row, and no more.
    func mayTryAgain() -> Bool {
        hasTried += 1
        return hasTried < 4
    }

    /// A lease or a beat has gone through.
    func didSucceed() { hasTried = 0 }

    /// Finds out whether this is the same store, whether this daemon is alone under its name, and whether the database went
    /// backward; and does what follows. Nothing is leased before.
    private func settle(_ session: any StoreSession) throws(StoreError) -> StoreFacts {
        for _ in 0..<Self.stepsMax {
            // Before the identity: whatever changes that ends this generation.
            generation = driver.generation
            let identity = engine.identity.with { $0 }
            let facts = try session.facts(agentID: identity.trace.agentID)
            let settlement = Settlement(
                header: identity.header, trace: identity.trace, storePlace: engine.settings.storePlace)
            if settlement.givesStockUpAtOnce {
                engine.forEachEntry { $0.giveUp(epoch: identity.header.epoch, now: $1, effects: &$2) }
                engine.snowflake.giveUp(agentID: identity.header.agentID, isNewest: false)
            }
            let step = settlement.step(facts)
            guard step != .ready else {
                // A start over whose commit failed has left stocks behind that belong to no header.
                engine.giveUp(otherThan: identity.header.epoch)
                engine.forEachEntry { $0.release(now: $1, effects: &$2) }
                engine.snowflake.release()
                return facts
            }
            driver.endSessions()
            try carryOut(step, settlement, facts, session)
        }
        throw StoreError(.unavailable, "the store changes while this daemon settles with it; trying again")
    }

    private func carryOut(
        _ step: Settlement.Step, _ settlement: Settlement, _ facts: StoreFacts, _ session: any StoreSession
    ) throws(StoreError) {
        var (header, trace) = (settlement.header, settlement.trace)
        switch step {
        case .startOver(let reason):
            try startOver(reason, settlement, facts)
        case .contest:
            log.critical(
                "another daemon goes by this one's agent id \(trace.agentID): a memory image resumed twice, or a copied journal; both give their stock up"
            )
            try session.contest(agentID: trace.agentID)
        case .adoptStore:
            header.storeID = facts.storeID
            header.storePlace = settlement.storePlace
            try engine.record(header, over: settlement.header)
        case .lift(let sign):
            try lift(sign, facts, session)
        case .beat:
            _ = try sendBeat(over: facts.row, session)
        case .acceptBeat(let row):
            trace.acknowledged(row, lift: facts.lift)
            try engine.note(trace)
        case .refuse(let text):
            throw StoreError(.misconfigured, text)
        case .ready: break
        }
    }

    private func startOver(_ reason: Settlement.Reason, _ settlement: Settlement, _ facts: StoreFacts)
        throws(StoreError)
    {
        let new = settlement.headerStartingOver(
            facts, agentID: .randomIdentifier(), journalID: .randomIdentifier())
        switch reason {
        case .otherStore:
            try alarm(
                "the store is another one than the journal's (\(facts.storeID), not \(settlement.header.storeID)): its stock is given up",
                .warning)
        case .unproven:
            log.notice("the stock is given up for fresh leases: \(engine.recovery.reason)")
        case .twin:
            try alarm(
                "another daemon has gone by this one's agent id \(settlement.header.agentID): all stock is given up for fresh leases"
            )
        }
        try engine.startOver(new, over: settlement.header, forgettingStore: reason == .otherStore)
    }

    private func lift(_ sign: Settlement.Sign, _ facts: StoreFacts, _ session: any StoreSession) throws(StoreError) {
        let gap = engine.settings.rules.failoverGap
        try alarm("the central store may have gone backward (\(sign.rawValue)): every counter is lifted by \(gap)")
        let isFirst = try session.lift(
            CounterLift(
                expected: facts.lift, atLeast: engine.identity.with { $0.trace.liftSeen }, server: facts.server,
                floors: engine.floors, gap: gap, workerHold: engine.settings.snowflake.holdMilliseconds,
                workerHorizon: engine.settings.snowflake.horizonMilliseconds,
                // On the same server as before.
                isLossOfAnyAge: sign == .lostBeat || sign == .lostWorkers))
        if isFirst {
            driver.noteLift()
        } else {
            log.notice("another daemon has lifted the counters already")
        }
    }

    /// Says so loudly; but a store that gives reason for it again and again is not leased from.
    private func alarm(_ text: String, _ level: Logger.Level = .critical) throws(StoreError) {
        let (now, period) = (MonotonicTime.now(), engine.settings.alarmPeriod)
        alarms.removeAll { now.since($0) > period }
        guard alarms.count < Self.alarmsMax else {
            throw StoreError(
                .misconfigured,
                "\(text) — for the \(alarms.count + 1)th time within \(period.inNanoseconds / 1_000_000_000) s: does a load balancer lead to servers that do not "
                    + "share one store? Nothing is leased; if it is one store all the same, set store.identity: none")
        }
        alarms.append(now)
        log.log(level: level, "\(text)")
        driver.noteTrouble(text, for: .seconds(600))
    }

    /// A lease has found its tag's counter below what this host was leased. It was lifted there and then; but who says that
    /// the others stand where they should? Nor does anybody where worker ids have been lost.
    func liftAll(_ sign: Settlement.Sign = .belowFloor) throws(StoreError) {
        let session = try session()
        guard let facts, facts.hasState else { return }
        driver.endSessions()
        try lift(sign, facts, session)
    }

    // MARK: Beats

    /// The sign of life that is due. A row that is not as this daemon left it makes the session settle anew.
    func beat() throws(StoreError) {
        let session = try session()
        guard facts?.hasAgents == true else { return }
        let trace = engine.identity.with { $0.trace }
        let isMine = try sendBeat(
            over: AgentRow(beat: trace.beat, nonce: trace.nonce, isContested: false), session)
        guard !isMine else { return didSucceed() }
        drop()
        _ = try self.session()
    }

    /// Sends the next beat over the row as it must still be (nil: none). The nonce is in the witness before it is sent: the
    /// answer may be lost, and this process with it.
    private func sendBeat(over row: AgentRow?, _ session: any StoreSession) throws(StoreError) -> Bool {
        var trace = engine.identity.with { $0.trace }
        let nonce = trace.send(.randomIdentifier())
        try engine.note(trace)
        let next = AgentRow(beat: trace.beat + 1, nonce: nonce, isContested: false)
        let reply = try session.beat(
            AgentBeat(agentID: trace.agentID, host: hostName(), seen: row, beat: next.beat, nonce: nonce))
        guard reply.isAcknowledged else { return false }
        trace.acknowledged(next, lift: reply.lift)
        try engine.note(trace)
        // Later beats go into the journal with commits that are made anyway: an idle daemon makes none.
        if next.beat == 1 {
            let header = engine.identity.with { $0.header }
            try engine.record(header, over: header)
        }
        return true
    }
}
