/// What clients ask, and what they get.
extension World {
    func request(_ host: Int, tag: Int? = nil, count: Int64? = nil) {
        let tag = tag ?? random.below(parameters.tags)
        let isContiguous = random.chance(15) && count == nil
        let count = count ?? (random.chance(70) ? 1 : Int64(1 + random.below([5, 60, 700][random.below(3)])))
        let more = random.chance(20) ? Int64(random.below(50)) : 0
        guard let daemon = hosts[host].daemon else { return }
        let demand = Demand(count: count, isContiguous: isContiguous, more: more)
        let token = nextToken(host)
        let isBackingOff = daemon.link.isBackingOff && !daemon.awaitsFirstAttempt
        let before = daemon.tags[tag].stock
        var ranges: [IDRange] = []
        var effects = StockEffects()
        let verdict = hosts[host].daemon!.tags[tag].stock.request(
            demand, token: token, storeIsBackingOff: isBackingOff, now: now, ranges: &ranges, effects: &effects)
        note(
            host,
            "is asked for \(count) of tag \(tag)\(isContiguous ? " in a row" : ""): \(verdict) \(ranges.map(\.description).joined(separator: " "))"
        )
        switch verdict {
        case .taken: answer(host, tag, demand, ranges)
        case .parked: hosts[host].daemon!.tags[tag].parked.append((token, demand))
        case .refused(let refusal):
            if before.phase == .open, !before.mark.isFailing, !isContiguous, before.stock >= count {
                checker.fail(
                    .unanswered, "host \(host) has \(before.stock) IDs of tag \(tag) and refuses \(count): \(refusal)")
            }
        }
        finish(host, tag, effects)
    }

    func takeFast(_ host: Int) {
        let (tag, most) = (random.below(parameters.tags), Int64(1 + random.below(30)))
        guard let range = hosts[host].daemon?.tags[tag].stock.takeRun(upTo: most) else { return }
        note(host, "issues \(range) of tag \(tag)")
        issue(host, tag, [range])
    }

    func cancel(_ host: Int) {
        let tag = random.below(parameters.tags)
        guard let token = hosts[host].daemon?.tags[tag].parked.first?.token else { return }
        if hosts[host].daemon!.tags[tag].stock.cancel(token) { hosts[host].daemon!.tags[tag].parked.removeFirst() }
    }

    func tick() {
        let pause = random.pick([1, 50, 1000, 6000, 60_000, 2_000_000])
        advance(.milliseconds(pause))
        for host in hosts.indices {
            guard let tags = hosts[host].daemon?.tags.indices else { continue }
            for tag in tags where hosts[host].daemon!.tags[tag].stock.isActive {
                var effects = StockEffects()
                _ = hosts[host].daemon!.tags[tag].stock.tick(now: now, effects: &effects)
                finish(host, tag, effects)
            }
        }
    }

    // MARK: Afterwards

    /// Does what the engine does with effects.
    func finish(_ host: Int, _ tag: Int, _ effects: StockEffects) {
        if effects.commit != nil { hosts[host].daemon!.tags[tag].wantsCommit = true }
        if effects.wantsLoad {
            hosts[host].daemon!.tags[tag].wantsLoad = true
            let link = hosts[host].daemon!.link
            if link.isBackingOff && !link.mayTry(now: now) { postpone(host, tag) }
        }
        for answer in effects.answers {
            guard let index = hosts[host].daemon!.tags[tag].parked.firstIndex(where: { $0.token == answer.token })
            else {
                checker.fail(.wrongAnswer, "host \(host): an answer for a request that is not parked")
                continue
            }
            let demand = hosts[host].daemon!.tags[tag].parked.remove(at: index).demand
            guard case .ids(let ranges) = answer.outcome else { continue }
            note(host, "answers \(demand.count) of tag \(tag) with \(ranges.map(\.description).joined(separator: " "))")
            self.answer(host, tag, demand, ranges)
        }
    }

    func postpone(_ host: Int, _ tag: Int) {
        var effects = StockEffects()
        hosts[host].daemon!.tags[tag].stock.loadPostponed(effects: &effects)
        finish(host, tag, effects)
    }

    private func answer(_ host: Int, _ tag: Int, _ demand: Demand, _ ranges: [IDRange]) {
        if ranges.reduce(0, { $0 + $1.count }) != demand.count || demand.isContiguous && ranges.count != 1 {
            checker.fail(.wrongAnswer, "host \(host) was asked for \(demand), and gave \(ranges)")
        }
        issue(host, tag, ranges)
    }

    /// IDs go out: here every rule about them is checked.
    private func issue(_ host: Int, _ tag: Int, _ ranges: [IDRange]) {
        let store = storeNumber(hosts[host].daemon!.header.storeID)
        for range in ranges {
            tally.issued += Int(range.count)
            if range.first <= hosts[host].daemon!.tags[tag].lastIssued {
                checker.fail(
                    .notAscending,
                    "host \(host) issued \(range) of tag \(tag) after \(hosts[host].daemon!.tags[tag].lastIssued)")
            }
            hosts[host].daemon!.tags[tag].lastIssued = range.last
            // Until a fresh journal is there, what lies below the old one's limits is still issued.
            let content = hosts[host].journal.newest ?? hosts[host].journal.aside
            let record = content?.records[tag]
            if record.map({ range.last >= min($0.hi, $0.floor) || $0.epoch != content!.header.epoch }) ?? true {
                checker.fail(
                    .aboveMark,
                    "host \(host) issued \(range) of tag \(tag) with hi \(record?.hi ?? 0), floor \(record?.floor ?? 0) on disk"
                )
            }
            if !hosts[host].daemon!.tags[tag].owns(range) {
                checker.fail(
                    .notLeased,
                    "host \(host) issued \(range) of tag \(tag), and holds \(hosts[host].daemon!.tags[tag].leases)")
            }
            guard !hosts[host].daemon!.isExcused else {
                tally.excused += Int(range.count)
                continue
            }
            checker.issue(
                range, store: store, tag: tag, host: host, forks: hosts[host].daemon!.forks,
                told: hosts[host].daemon!.told)
        }
    }

    func storeNumber(_ id: String) -> Int { id == "S1" ? 1 : 0 }
}
