/// A worker id that this daemon holds: a lease of time in which it alone stamps IDs with that worker id, and the journal's mark
/// in it. Pure: no clock, thread or I/O.
///
/// It is to time what `TagStock` is to a counter. Three bounds hold for each ID, and each would suffice for what it is against:
/// its unit and sequence are above the last (`unit`, `sequence`); its unit is below the mark that the journal has acknowledged
/// (`limit`), so that a restart stamps above it; and it begins within the lease that the database has acknowledged
/// (`lastTime`), above which the next holder begins.
package struct SnowflakeWorker: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case open
        /// Kept back until the store has confirmed it.
        case withheld
        /// The daemon is stopping.
        case sealed
        /// Given up, or somebody else's: it never stamps again.
        case gone
    }

    package let rules: SnowflakeRules
    package let worker: Int
    package let generation: Int64
    /// Which of the journal's stocks it belongs to.
    package let epoch: UInt64
    package internal(set) var phase: Phase = .open
    /// The last time that may be stamped, in milliseconds since 1970, as the database has acknowledged it.
    package internal(set) var lastTime: Int64
    package internal(set) var clock: HybridTime

    /// The unit stamped last.
    package internal(set) var unit: Int64
    /// The next sequence number in it; `idsPerUnit`: the unit is used up.
    var sequence: Int64
    /// No unit that begins at or above it is stamped: the journal's mark, in milliseconds since 1970.
    package internal(set) var limit: Int64
    var mark: WorkerMark
    /// The requests that wait for a commit.
    var waiters: [ParkToken] = []
    package internal(set) var counters = SnowflakeCounters()
    private var random: UInt64

    /// A worker id that was just leased.
    ///
    /// - Parameters:
    ///   - start: the first time that it may stamp, in milliseconds since 1970.
    ///   - seed: for where the sequence of a unit begins.
    package init(
        _ rules: SnowflakeRules, worker: Int, generation: Int64, epoch: UInt64, start: Int64, lastTime: Int64,
        reading: ClockReading, seed: UInt64
    ) {
        self.rules = rules
        self.worker = worker
        self.generation = generation
        self.epoch = epoch
        self.lastTime = lastTime
        limit = start
        mark = WorkerMark(cap: 0, journaledLastTime: 0)
        mark.isStale = true
        clock = HybridTime(reading, notBefore: start * 1000)
        unit = rules.format.firstUnit(from: start) - 1
        sequence = rules.format.layout.idsPerUnit
        random = seed | 1
    }

    /// Takes up a journaled record. It must be of this journal's epoch and of the configured format.
    package init(
        _ rules: SnowflakeRules, record: WorkerRecord, from resume: TagStock.Resume, reading: ClockReading,
        seed: UInt64
    ) {
        let isSkipping = resume == .hiPlusCap && DuplicateGuard.cap.isOn
        let start = isSkipping ? record.hi + record.cap : record.hi
        self.init(
            rules, worker: record.worker, generation: record.generation, epoch: record.epoch, start: start,
            lastTime: record.lastTime, reading: reading, seed: seed)
        mark = WorkerMark(cap: isSkipping ? 0 : record.cap, journaledLastTime: record.lastTime)
        // The skip must be written before another start may take this record for proven.
        mark.isStale = isSkipping
    }

    /// A record that nobody here has a use for: the next commit gives it up.
    static func abandoned(_ rules: SnowflakeRules, _ record: WorkerRecord, _ reading: ClockReading) -> SnowflakeWorker {
        var worker = SnowflakeWorker(rules, record: record, from: .hi, reading: reading, seed: 0)
        worker.phase = .gone
        worker.mark.isStale = true
        return worker
    }

    // MARK: Stamping

    package enum Verdict: Hashable, Sendable {
        /// The IDs are in `ranges`.
        case taken
        /// The time for them has not come: ask again after so many microseconds.
        case wait(Int64)
        /// Parked until a commit is acknowledged: the answer is to ask again (`ParkedAnswer.Outcome.again`), or a refusal.
        case parked
        /// It was given up: another worker id is to be asked.
        case gone
        case refused(SnowflakeRefusal)
    }

    /// Takes `count` IDs, all or none.
    ///
    /// - Parameters:
    ///   - token: names the request if it must wait for a commit; nil: too many wait already.
    ///   - ranges: receives the IDs, a range for each unit of time.
    package mutating func take(
        _ count: Int64, _ reading: ClockReading, token: ParkToken?, ranges: inout [IDRange], effects: inout StockEffects
    ) -> Verdict {
        guard phase != .sealed || !DuplicateGuard.sealing.isOn else { return .refused(.shutdown) }
        guard phase != .gone else { return .gone }
        guard count <= rules.countMax else { return .refused(.tooMany(max: rules.countMax)) }
        var current = rules.format.unit(at: clock.advance(to: reading) / 1000)
        if mark.isAwaited {
            mark.isAwaited = false
            mark.latency = max(0, clock.now / 1000 - mark.begun)
        }
        if current > leaseEnd { current = fallBack() }
        guard current >= 0 else { return .refused(.beforeEpoch(now: clock.now / 1000)) }
        var (from, first) = (unit, sequence)
        if current > from {
            (from, first) = (current, firstSequence)
        } else if first == perUnit {
            (from, first) = (from + 1, 0)
        }
        let rest = count - (perUnit - first)
        let (to, next) = rest <= 0 ? (from, first + count) : (from + (rest - 1) / perUnit + 1, (rest - 1) % perUnit + 1)
        // A large request reaches ahead of the clock, and those after it wait until the clock has come after: were it to wait itself,
        // small ones in between would keep it waiting.
        let early = from - rules.unitsAhead
        if early > current {
            counters.waits += 1
            return .wait(max(1, rules.format.time(ofUnit: early) * 1000 - clock.now))
        }
        guard to <= rules.format.lastUnit else { return .refused(.timeOver) }
        guard DuplicateGuard.leaseOfTime.holds(to <= leaseEnd) else {
            return .refused(.leaseOver(last: lastTime, now: rules.format.time(ofUnit: to)))
        }
        guard phase == .open || phase == .sealed && !DuplicateGuard.sealing.isOn,
            DuplicateGuard.timeMark.holds(rules.format.time(ofUnit: to) < limit)
        else {
            return park(token, to, &effects)
        }
        emit(from, first, to, next, &ranges)
        if to > unit { counters.units += to - max(unit, from - 1) }
        (unit, sequence) = (to, next)
        counters.issued += count
        askForMark(&effects)
        return .taken
    }

    private var perUnit: Int64 { rules.format.layout.idsPerUnit }
    /// The last unit that begins within the lease.
    private var leaseEnd: Int64 { rules.format.unit(at: lastTime) }

    /// Where a unit's sequence begins: at random within a sixty-fourth of it, so that IDs made at a low rate do not all end on the same
    /// digits; at 0 after a unit that was used up.
    private var firstSequence: Int64 {
        mutating get {
            guard sequence < perUnit, perUnit >= 128 else { return 0 }
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int64(random >> 32) & (perUnit / 64 - 1)
        }
    }

    /// The clock has run ahead of the lease: nothing of that has been stamped, so it may go back to where the wall clock is.
    private mutating func fallBack() -> Int64 {
        clock.fallBack(notBelow: rules.format.time(ofUnit: unit) * 1000)
        return rules.format.unit(at: clock.now / 1000)
    }

    private func emit(_ from: Int64, _ first: Int64, _ to: Int64, _ next: Int64, _ ranges: inout [IDRange]) {
        var unit = from
        while unit <= to {
            ranges.append(
                IDRange(
                    first: rules.format.id(unit: unit, worker: worker, sequence: unit == from ? first : 0),
                    last: rules.format.id(unit: unit, worker: worker, sequence: (unit == to ? next : perUnit) - 1)))
            unit += 1
        }
    }

    private mutating func park(_ token: ParkToken?, _ unit: Int64, _ effects: inout StockEffects) -> Verdict {
        if mark.isFailing { return .refused(.journalFailing) }
        guard let token else { return .refused(.tooManyParked) }
        waiters.append(token)
        mark.needed = max(mark.needed, rules.format.time(ofUnit: unit + 1))
        counters.parked += 1
        if phase == .open { wish(.now, &effects) }
        return .parked
    }

    /// Takes a parked request back.
    ///
    /// - Returns: false if its answer is on the way already.
    package mutating func cancel(_ token: ParkToken) -> Bool {
        guard let index = waiters.firstIndex(of: token) else { return false }
        waiters.remove(at: index)
        return true
    }

    // MARK: Looking

    /// What a request for one ID would be refused with now; nil: it would get one, perhaps after a moment.
    package func refusal(_ reading: ClockReading) -> SnowflakeRefusal? {
        var (copy, ranges, effects) = (self, [IDRange](), StockEffects())
        guard phase == .open,
            case .refused(let refusal) = copy.take(1, reading, token: nil, ranges: &ranges, effects: &effects),
            refusal != .tooManyParked
        else { return nil }
        return refusal
    }

    /// Looks at the clocks: what it shows of them is of now.
    package mutating func look(_ reading: ClockReading) { _ = clock.advance(to: reading) }
}
