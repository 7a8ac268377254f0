package import LeafCore
internal import LeafStore
internal import LeafThreads

/// The worker ids of this daemon: those that it holds, who waits for one, and why there is none.
package final class SnowflakeDesk: Sendable {
    package let settings: SnowflakeSettings
    let rules: SnowflakeRules

    struct State: Sendable {
        var roster: SnowflakeRoster
        var entries: [SnowflakeEntry] = []
        /// Requests that wait until a worker id has been leased.
        var waiters: [ParkToken] = []
        /// Those of them that the store is being asked for. Who has come since waits for the next time: what is under way may know
        /// nothing of what made it wait.
        var underWay: [ParkToken] = []
        /// Why the last claim brought nothing; nil: none has failed since.
        var problem: String?
        var triedAt: MonotonicTime?
        /// How many claims in a row have brought nothing.
        var failures = 0
        /// A claim or renewal has been asked for, and not answered yet.
        var isAsking = false
        /// When the store was asked last.
        var askedAt: MonotonicTime?
        /// Somebody has asked for a snowflake: worker ids are wanted from now on.
        var isWanted: Bool
        /// What was counted of worker ids that are held no more.
        var past = SnowflakeCounters()
    }

    let state: Lock<State>

    /// After a claim that brought nothing the next one is made no sooner; twice as long after each further one, up to about a minute:
    /// there may be more hosts than worker ids.
    private static var retryPause: Duration { .seconds(1) }

    /// - Parameter machine: this machine's id, for a configured worker id.
    init(_ settings: SnowflakeSettings, window: Duration, machine: String) {
        self.settings = settings
        rules = SnowflakeRules(format: settings.format, window: window)
        let plan = SnowflakeRoster.Plan(
            configured: settings.worker, extra: settings.extraWorkers, horizon: settings.horizon, machine: machine,
            isEnabled: settings.isEnabled)
        state = Lock(State(roster: SnowflakeRoster(plan, rules), isWanted: settings.worker != nil))
    }

    var machine: String { state.with { $0.roster.plan.machine } }

    // MARK: Requests

    package var workers: [SnowflakeEntry] { state.with { $0.entries } }

    /// The one that is asked first.
    package var first: SnowflakeEntry? { state.with { $0.entries.first } }

    package enum Want: Hashable, Sendable {
        /// The answer is to ask again, or a refusal.
        case parked
        case tooManyParked
        /// There will be none for a while: why.
        case refused(String)
    }

    private static func isTooSoon(_ state: State, _ now: MonotonicTime) -> Bool {
        guard let triedAt = state.triedAt, state.failures > 0 else { return false }
        return now.since(triedAt) < retryPause * (1 << min(state.failures - 1, 6))
    }

    /// A request finds no worker id: one is leased for it.
    func want(_ token: ParkToken?, isStoreBackingOff: Bool, now: MonotonicTime) -> Want {
        state.with { state in
            state.isWanted = true
            if isStoreBackingOff { return .refused("the central store does not answer: see HEALTH") }
            if let problem = state.problem, !state.isAsking, Self.isTooSoon(state, now) {
                return .refused(problem)
            }
            guard let token else { return .tooManyParked }
            state.waiters.append(token)
            state.isAsking = true
            return .parked
        }
    }

    /// A request finds the lease of its worker id over: it is renewed, but not for every request.
    ///
    /// - Returns: whether the request waits for that.
    func wantRenewal(_ token: ParkToken?, isStoreBackingOff: Bool, now: MonotonicTime) -> Bool {
        state.with { state in
            guard let token, !isStoreBackingOff else { return false }
            let isTooSoon = state.askedAt.map { now.since($0) < Self.retryPause } ?? false
            guard state.isAsking || !isTooSoon else { return false }
            state.waiters.append(token)
            state.isAsking = true
            return true
        }
    }

    package func cancel(_ token: ParkToken) -> Bool {
        state.with { state in
            if let index = state.waiters.firstIndex(of: token) {
                state.waiters.remove(at: index)
            } else if let index = state.underWay.firstIndex(of: token) {
                state.underWay.remove(at: index)
            } else {
                return false
            }
            return true
        }
    }

    // MARK: For the drivers

    func recover(
        _ records: [WorkerRecord], _ recovery: Recovery, _ header: JournalHeader, for engine: Engine
    ) {
        let reading = ClockReading.now()
        let found = state.with { state in
            let workers = state.roster.recover(
                records, recovery, header, reading, seed: .random(in: 1 ... .max))
            let entries = workers.map { SnowflakeEntry($0, engine: engine) }
            // Those that nobody has a use for are only to be written once more, as given up.
            state.entries = entries.filter { $0.phase != .gone }
            if !state.entries.isEmpty { state.isWanted = true }
            return entries
        }
        // In the list before the writer starts: the first commit has them all.
        for entry in found { entry.handle { worker, _, effects in worker.askIfStale(&effects) } }
    }

    /// What to ask of the store: claims only where somebody wants snowflakes, and not where the last ones have just been in vain.
    func asks() -> [(slot: Int, ask: SnowflakeRoster.Ask)] {
        // The clock that leases are timed with: it goes on while the host is suspended.
        let now = ClockReading.now().boot
        return state.with { state in
            guard settings.isEnabled else { return [] }
            let mayClaim = state.isWanted && !Self.isTooSoon(state, .now())
            return state.roster.asks(now: now).filter { item in
                if case .claim = item.ask { mayClaim } else { true }
            }
        }
    }

    func claimed(
        _ slot: Int, worker: Int, generation: Int64, above: Int64, lastTime: Int64, database: Int64, epoch: UInt64,
        for engine: Engine
    ) -> Bool {
        let reading = ClockReading.now()
        return state.with { state in
            let made = state.roster.claimed(
                slot, worker: worker, generation: generation, above: above, lastTime: lastTime, database: database,
                epoch: epoch, reading, seed: .random(in: 1 ... .max))
            guard let made else { return false }
            state.entries.append(SnowflakeEntry(made, engine: engine))
            state.failures = 0
            return true
        }
    }

    func renewed(_ worker: Int, lastTime: Int64) {
        state.with { $0.roster.renewed(worker: worker, lastTime: lastTime) }
    }

    /// - Returns: the entry that must stamp no more.
    func lost(_ worker: Int) -> SnowflakeEntry? {
        state.with { state -> SnowflakeEntry? in
            state.roster.lost(worker: worker)
            guard let index = state.entries.firstIndex(where: { $0.worker == worker }) else { return nil }
            state.past.add(state.entries[index].counters)
            return state.entries.remove(at: index)
        }
    }

    /// A claim or a renewal has brought nothing.
    ///
    /// - Returns: whether it is another problem than the last: figures in it change while it stays the same.
    func failed(_ problem: String, now: MonotonicTime) -> Bool {
        state.with { state in
            let before = state.problem.map { StoreError(.conflict, $0).sameness }
            state.problem = problem
            state.triedAt = now
            state.failures += 1
            return before != StoreError(.conflict, problem).sameness
        }
    }

    /// The store has been asked for all that is wanted: a problem that did not come up again is mended.
    func settle(problemsBefore started: MonotonicTime) {
        state.with { state in
            guard state.roster.isComplete, state.triedAt.map({ $0 < started }) ?? true else { return }
            state.problem = nil
            state.failures = 0
        }
    }

    /// The store is asked for all who wait now.
    func ask() {
        state.with { state in
            state.underWay += state.waiters
            state.waiters = []
        }
    }

    /// The store has been asked: whoever waited for that finds a worker id now, or hears why there is none.
    ///
    /// - Returns: the answers, for the router.
    func asked() -> [ParkedAnswer] {
        state.with { state in
            defer { state.underWay = [] }
            state.isAsking = !state.waiters.isEmpty
            state.askedAt = .now()
            let outcome: ParkedAnswer.Outcome = state.entries.isEmpty ? .refused(.noWorker) : .again
            return state.underWay.map { ParkedAnswer(token: $0, outcome: outcome) }
        }
    }
}
