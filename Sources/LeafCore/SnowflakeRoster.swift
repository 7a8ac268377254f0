/// Which worker ids this daemon is to hold, what it asks of the store for them, and what follows from the answers. Pure.
///
/// One slot for each: the configured or first one, and the extra ones. A slot is vacant until its claim has been acknowledged; it
/// is claimed at the first request, and held by renewing it every 20 s.
package struct SnowflakeRoster: Hashable, Sendable {
    package struct Plan: Hashable, Sendable {
        /// This host's own worker id; nil: any, leased.
        package let configured: Int?
        /// How many are leased beside the first.
        package let extra: Int
        /// How far ahead a lease reaches at most.
        package let horizon: Duration
        /// This machine's name in the table, for a configured worker id.
        package let machine: String
        /// Whether this daemon makes snowflakes at all.
        package let isEnabled: Bool

        package init(configured: Int?, extra: Int, horizon: Duration, machine: String, isEnabled: Bool = true) {
            self.configured = configured
            self.extra = extra
            self.horizon = horizon
            self.machine = machine
            self.isEnabled = isEnabled
        }
    }

    /// What is asked of the store for one slot.
    package enum Ask: Hashable, Sendable {
        /// - succeeding: who held the configured worker id under this journal's name of before.
        case claim(configured: Int?, ahead: Int64, succeeding: Predecessor?)
        case renew(worker: Int, generation: Int64, lastTime: Int64, isConfigured: Bool, ahead: Int64)
    }

    /// This machine's hold of its configured worker id under an agent id that was given up.
    package struct Predecessor: Hashable, Sendable {
        package let worker: Int
        package let agentID: String
        package let generation: Int64
        /// Nothing at or above it has been stamped, in milliseconds since 1970.
        package let start: Int64
    }

    package let plan: Plan
    package let rules: SnowflakeRules
    private(set) var slots: [Slot]

    struct Slot: Hashable, Sendable {
        let configured: Int?
        var held: Held?
        var predecessor: Predecessor?
    }

    struct Held: Hashable, Sendable {
        let worker: Int
        let generation: Int64
        /// nil: since before this start.
        let since: MonotonicTime?
        var lastTime: Int64
    }

    /// The first lease of a worker id, in milliseconds: a host that crashes again and again pins its ids no longer.
    package static let firstAhead: Int64 = 60_000

    package init(_ plan: Plan, _ rules: SnowflakeRules) {
        self.plan = plan
        self.rules = rules
        slots = [Slot(configured: plan.configured)]
        for _ in 0..<plan.extra { slots.append(Slot(configured: nil)) }
    }

    package var isComplete: Bool { slots.allSatisfy { $0.held != nil } }

    // MARK: Start

    /// Takes up what the journal holds: the worker ids that may still be stamped with.
    ///
    /// - Parameter header: the journal's, as this start will write it.
    package mutating func recover(
        _ records: [WorkerRecord], _ recovery: Recovery, _ header: JournalHeader, _ reading: ClockReading, seed: UInt64
    ) -> [SnowflakeWorker] {
        var workers: [SnowflakeWorker] = []
        for record in records.sorted(by: { $0.worker < $1.worker }) {
            guard DuplicateGuard.epoch.holds(record.epoch == header.epoch) else { continue }
            guard plan.isEnabled, DuplicateGuard.format.holds(record.format == rules.format.text),
                let slot = slotFor(record.worker)
            else {
                // A later start may have a use for it again, and would not know that this one had to skip its cap.
                if DuplicateGuard.unusedRecords.isOn { workers.append(.abandoned(rules, record, reading)) }
                continue
            }
            var worker = SnowflakeWorker(
                rules, record: record, from: recovery.resume, reading: reading,
                seed: seed &+ UInt64(workers.count) &* 0x9E37_79B9_7F4A_7C15)
            if recovery.withholdsStock { worker.withhold() }
            slots[slot].held = Held(
                worker: record.worker, generation: record.generation,
                since: DuplicateGuard.leaseAge.isOn ? reading.boot : nil, lastTime: record.lastTime)
            workers.append(worker)
        }
        return workers
    }

    /// The slot that a journaled worker id belongs to: its own, or one of those that take any. Nil: the configuration has no use
    /// for it any more.
    private func slotFor(_ worker: Int) -> Int? {
        slots.firstIndex { $0.held == nil && $0.configured == worker }
            ?? slots.firstIndex { $0.held == nil && $0.configured == nil }
    }

    // MARK: What to ask

    /// A renewal for each worker id that is held, and a claim for each that is not.
    package func asks(now: MonotonicTime) -> [(slot: Int, ask: Ask)] {
        slots.indices.map { index in
            let slot = slots[index]
            guard let held = slot.held else {
                return (
                    index,
                    .claim(
                        configured: slot.configured, ahead: min(Self.firstAhead, horizon), succeeding: slot.predecessor)
                )
            }
            let age = held.since.map { now.since($0).inNanoseconds / 1_000_000 } ?? horizon
            return (
                index,
                .renew(
                    worker: held.worker, generation: held.generation, lastTime: held.lastTime,
                    isConfigured: slot.configured != nil, ahead: min(horizon, max(Self.firstAhead, age)))
            )
        }
    }

    private var horizon: Int64 { max(1, plan.horizon.inNanoseconds / 1_000_000) }

    // MARK: Answers

    /// The store has acknowledged a claim.
    ///
    /// - Parameters:
    ///   - above: where its holder before may have stamped to, in milliseconds since 1970; −1: there was none.
    ///   - database: the database's clock then.
    ///   - epoch: the journal header's, as it was when the claim was asked for.
    /// - Returns: the worker; nil: it is not usable, and another claim may be.
    package mutating func claimed(
        _ slot: Int, worker: Int, generation: Int64, above: Int64, lastTime: Int64, database: Int64, epoch: UInt64,
        _ reading: ClockReading, seed: UInt64
    ) -> SnowflakeWorker? {
        guard slots[slot].held == nil, (0..<rules.format.layout.workers).contains(worker), generation >= 1,
            slots[slot].configured.map({ $0 == worker }) ?? true, lastTime < .max / 2, above < .max / 2
        else { return nil }
        // The database may have lost this daemon's own row of it, or its time may be over: two would stamp with one worker id.
        guard !slots.contains(where: { $0.held?.worker == worker }) else { return nil }
        // Before its time was over it can only have been taken over from this journal's own hold: above that hold's mark.
        let isSuccession = above >= database
        let predecessor = isSuccession ? slots[slot].predecessor : nil
        guard !isSuccession || predecessor != nil else { return nil }
        let start = predecessor.map { max($0.start, database) } ?? above + 1
        slots[slot].predecessor = nil
        slots[slot].held = Held(worker: worker, generation: generation, since: reading.boot, lastTime: lastTime)
        return SnowflakeWorker(
            rules, worker: worker, generation: generation, epoch: epoch,
            start: DuplicateGuard.aboveTheLast.isOn ? start : 0, lastTime: lastTime, reading: reading, seed: seed)
    }

    package mutating func renewed(worker: Int, lastTime: Int64) {
        guard let slot = slots.firstIndex(where: { $0.held?.worker == worker }), var held = slots[slot].held else {
            return
        }
        held.lastTime = max(held.lastTime, lastTime)
        slots[slot].held = held
    }

    /// It is another daemon's by now, or an operator has released it.
    package mutating func lost(worker: Int) {
        guard let slot = slots.firstIndex(where: { $0.held?.worker == worker }) else { return }
        slots[slot].held = nil
        slots[slot].predecessor = nil
    }

    /// All worker ids are given up together with the stock: nobody can say that they are this daemon's alone.
    ///
    /// - Parameters:
    ///   - agentID: the name that is given up.
    ///   - marks: where each worker id stood: nothing at or above has been stamped.
    ///   - isNewest: whether it is certain that the journal had its newest commit: a configured worker id then may be taken
    ///     over before its time is over.
    package mutating func giveUp(agentID: String, marks: [Int: Int64], isNewest: Bool) {
        for index in slots.indices {
            guard let held = slots[index].held else { continue }
            if slots[index].configured != nil, DuplicateGuard.knownMark.holds(isNewest), let start = marks[held.worker]
            {
                slots[index].predecessor = Predecessor(
                    worker: held.worker, agentID: agentID, generation: held.generation, start: start)
            }
            slots[index].held = nil
        }
    }
}
