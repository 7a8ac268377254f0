/// What clients ask of the worker ids, and what they get.
extension World {
    func reading(_ host: Int) -> ClockReading { machines[hosts[host].machine].clock.reading(now) }

    func stamp(_ host: Int) {
        guard let daemon = hosts[host].daemon, let snow = daemon.snow else { return }
        let holds = snow.workers.indices.filter { snow.workers[$0].object.phase != .gone }
        guard !holds.isEmpty else { return askWorkers(host) }
        if !snow.roster.isComplete && random.chance(20) { askWorkers(host) }
        let perUnit = Double(snow.roster.rules.format.layout.idsPerUnit)
        let share = random.pick([0.0, 0.0, 0.3, 1.0, 2.5, 5.0])
        let count = min(max(1, Int64(perUnit * share)), snow.roster.rules.countMax)
        stamp(host, serial: snow.workers[random.pick(holds)].serial, count)
    }

    @discardableResult func stamp(_ host: Int, serial: Int, _ count: Int64) -> SnowflakeWorker.Verdict {
        guard let index = hosts[host].daemon?.snow?.workers.firstIndex(where: { $0.serial == serial }) else {
            return .gone
        }
        let token = nextToken(host)
        var (ranges, effects) = ([IDRange](), StockEffects())
        // Sometimes the process was paused between reading the clocks and using what they said.
        let stale = random.chance(50) ? hosts[host].daemon!.snow!.reading : nil
        hosts[host].daemon!.snow!.reading = nil
        let verdict = hosts[host].daemon!.snow!.workers[index].object.take(
            count, stale ?? reading(host), token: token, ranges: &ranges, effects: &effects)
        let worker = hosts[host].daemon!.snow!.workers[index].object
        note(
            host,
            "is asked for \(count) snowflakes of worker \(worker.worker)/\(worker.generation): \(verdict), unit \(worker.unit)\(stale == nil ? "" : ", by an old reading") "
                + ranges.map(\.description).joined(separator: " "))
        switch verdict {
        case .taken: emit(host, index, count, ranges, isStale: stale != nil)
        case .parked: hosts[host].daemon!.snow!.workers[index].parked.append((token, count))
        case .wait(let time):
            tally.waits += 1
            if time > 1_000_000 * 60 * 60 * 24 * 400 {
                checker.fail(.unanswered, "host \(host): a request is to wait \(time) µs")
            }
        case .refused: tally.refusals += 1
        case .gone: tally.refusals += 1
        }
        onVerdict?(host, verdict)
        finish(host, worker: serial, effects)
        return verdict
    }

    /// Does what the engine does with effects.
    func finish(_ host: Int, worker serial: Int, _ effects: StockEffects) {
        guard let index = hosts[host].daemon?.snow?.workers.firstIndex(where: { $0.serial == serial }) else { return }
        if effects.commit != nil { hosts[host].daemon!.snow!.workers[index].wantsCommit = true }
        var again: [Int64] = []
        for answer in effects.answers {
            guard
                let at = hosts[host].daemon!.snow!.workers[index].parked.firstIndex(where: { $0.token == answer.token })
            else {
                checker.fail(.wrongAnswer, "host \(host): an answer for a snowflake request that is not parked")
                continue
            }
            let count = hosts[host].daemon!.snow!.workers[index].parked.remove(at: at).count
            if answer.outcome == .again { again.append(count) } else { onVerdict?(host, .refused(.journalFailing)) }
        }
        for count in again { stamp(host, serial: serial, count) }
    }

    /// IDs go out: here every rule about them is checked.
    private func emit(_ host: Int, _ index: Int, _ count: Int64, _ ranges: [IDRange], isStale: Bool) {
        let holder = hosts[host].daemon!.snow!.workers[index]
        let (worker, format) = (holder.object.worker, holder.object.rules.format)
        if ranges.reduce(0, { $0 + $1.count }) != count {
            checker.fail(.wrongAnswer, "host \(host) was asked for \(count) snowflakes, and gave \(ranges)")
        }
        let mark = (hosts[host].journal.newest ?? hosts[host].journal.aside)?.workers[worker]
        for range in ranges {
            tally.stamped += Int(range.count)
            if range.first <= hosts[host].daemon!.snow!.workers[index].lastID {
                checker.fail(.notAscending, "host \(host) stamped \(range) after \(holder.lastID)")
            }
            hosts[host].daemon!.snow!.workers[index].lastID = range.last
            guard let parts = format.parts(of: range.first), parts.worker == worker else {
                checker.fail(.damaged, "host \(host) holds worker \(worker) and stamped \(range)")
                continue
            }
            let unit = format.unit(at: parts.time)
            hosts[host].daemon!.snow!.workers[index].lastUnit = unit
            if mark.map({ $0.generation == holder.object.generation && parts.time >= $0.hi }) ?? true {
                checker.fail(
                    .aboveMark,
                    "host \(host) stamped \(parts.time) with worker \(worker), and hi \(mark?.hi ?? 0) is on disk")
            }
            if parts.time > holder.object.lastTime {
                checker.fail(
                    .notLeased,
                    "host \(host) stamped \(parts.time) with worker \(worker), leased until \(holder.object.lastTime)")
            }
            guard !hosts[host].daemon!.isExcused else {
                tally.excused += Int(range.count)
                continue
            }
            let (forks, told) = (hosts[host].daemon!.forks | holder.forks, hosts[host].daemon!.told)
            checker.issue(range, store: holder.store, tag: parameters.tags, host: host, forks: forks, told: told)
            let place = UnitPlace(store: holder.store, format: format, worker: worker, unit: unit)
            if forks == 0, let other = stampedUnits[place], other != holder.serial {
                checker.fail(
                    .overlap,
                    "unit \(unit) of worker \(worker) in store \(holder.store) belongs to two holders, host \(host) now"
                )
            }
            stampedUnits[place] = holder.serial
            onStamp?(Stamp(host: host, place: place, range: range, time: parts.time, isStale: isStale))
            if forks == 0 { checkAlone(host, holder, unit) }
            if !isStale { checkTime(host, parts.time, format) }
        }
    }

    /// Whether somebody else could stamp in that unit as well: an ID issued twice is then a matter of luck.
    private func checkAlone(_ host: Int, _ holder: SimulatedWorker, _ unit: Int64) {
        let object = holder.object
        for other in hosts where other.daemon?.isExcused == false && other.daemon?.forks == 0 {
            for worker in other.daemon!.snow?.workers ?? [] where worker.serial != holder.serial && worker.forks == 0 {
                guard worker.store == holder.store, worker.object.worker == object.worker,
                    worker.object.phase == .open, worker.object.rules.format == object.rules.format,
                    worker.object.unit < unit, worker.object.lastTime >= object.rules.format.time(ofUnit: unit)
                else { continue }
                checker.fail(
                    .overlap,
                    "host \(host) stamps unit \(unit) of worker \(object.worker)/\(object.generation), and host \(other.number) may do so too: \(describe(worker.object))"
                )
            }
        }
    }

    /// While no clock is wrong, stamps are near the true time.
    private func checkTime(_ host: Int, _ time: Int64, _ format: SnowflakeFormat) {
        guard let rules = parameters.snowflakes, !rules.stepsClocks, !rules.stepsDatabaseClock else { return }
        let off = time - SimulatedClock.trueTime(now) / 1000
        tally.aheadMax = max(tally.aheadMax, Int(off))
        tally.behindMax = max(tally.behindMax, Int(-off) - Int(format.unit))
    }

    /// A unit of time of a worker id: one holder's alone.
    struct UnitPlace: Hashable {
        let store: Int
        let format: SnowflakeFormat
        let worker: Int
        let unit: Int64

        /// There are few formats and stores.
        func hash(into hasher: inout Hasher) {
            hasher.combine(worker)
            hasher.combine(unit)
        }
    }

    /// A range of IDs that went out, all of one unit of time.
    struct Stamp {
        let host: Int
        let place: UnitPlace
        let range: IDRange
        /// When the unit begins, in milliseconds since 1970.
        let time: Int64
        /// By a reading of the clocks from before the process was paused.
        let isStale: Bool
    }

    // MARK: Time

    /// From microseconds to hours.
    func passTime() {
        let longest = Double(random.pick([20, 20_000, 3_000_000, 100_000_000, 1_000_000_000, 9_000_000_000]))
        let passed = Int64(longest * Double(1 + random.below(1000)) / 1000)
        advance(.microseconds(passed))
        note(-1, "\(passed) µs pass")
    }

    func advance(_ duration: Duration) {
        now = now.advanced(by: duration)
        for store in stores.indices { stores[store].now = now }
    }

    /// Time goes by while threads work.
    func workTakesTime() {
        if parameters.snowflakes != nil, random.chance(50) {
            advance(.microseconds(random.pick([1, 40, 900, 20_000])))
        }
    }

    private static let steps: [Int64] = [1000, 5000, 1_000_000, 3_600_000_000, 31_536_000_000_000]

    /// The wall clock of a host is stepped: ±1 ms, 5 ms, 1 s, 1 h, 1 year; or put right.
    func stepClock(_ host: Int) {
        guard parameters.snowflakes?.stepsClocks == true else { return }
        let machine = hosts[host].machine
        let step = random.pick(World.steps) * (random.chance(50) ? 1 : -1)
        machines[machine].clock.wallOffset = random.chance(30) ? 0 : machines[machine].clock.wallOffset + step
        tally.clockSteps += 1
        note(host, "its wall clock is now \(machines[machine].clock.wallOffset) µs ahead")
    }

    func stepDatabaseClock() {
        guard parameters.snowflakes?.stepsDatabaseClock == true else { return }
        let number = random.below(10) / 9
        let step = random.pick(World.steps) / 1000 * (random.chance(50) ? 1 : -1)
        stores[number].clockOffset = random.chance(30) ? 0 : stores[number].clockOffset + step
        note(-1, "the clock of store \(number) is now \(stores[number].clockOffset) ms ahead")
    }

    /// A thread reads the clocks, and is paused.
    func holdReading(_ host: Int) {
        guard hosts[host].daemon?.snow != nil else { return }
        hosts[host].daemon!.snow!.reading = reading(host)
    }
}
