/// One host of a fleet over hours and days of virtual time: its tags' real stocks, and the drivers around them reduced to
/// when they call the store.
///
/// Like the daemon it has one ticker for all tags, and one thread for the store, which leases for all tags that are due in
/// one transaction. Commits to the journal take no time here: the store does not see them.
package final class FleetHost {
    struct TagState {
        var stock: TagStock
        var arrivals: Arrivals
        /// Requests that have been made: served, refused or waiting.
        var presented: Int64 = 0
        var isWaiting = false
        /// In the central table.
        var counter: Int64 = 1
        /// When `Item.requests` is due next.
        var lookAt = UInt64.max
    }

    enum Item {
        /// Requests of a tag, by its index, meet something else than the fast path.
        case requests(Int)
        case tick
        /// The store's thread has its reply, or knows that none comes.
        case reply
        /// The store's thread looks whether it has work.
        case look
    }

    enum Work {
        case beat
        case list
        case probe
        case lease([(tag: Int, order: LoadOrder)])
    }

    package let plan: HostPlan
    package internal(set) var tally = HostTally()
    var tags: [TagState] = []
    var link: StoreLink
    var random: SeededRandom
    var agenda = Agenda<Item>()
    /// Nanoseconds; the host is started at `HostPlan.start`.
    var now = FleetHost.start
    var due: [Int] = []
    var work: Work?
    var isSessionOpen = false
    var beatAt: UInt64
    var listAt: UInt64
    /// When the store's thread looks for work, if nothing else happens.
    var callAt = UInt64.max
    /// Tags in use, and the ticks until theirs.
    private var active: [(tag: Int, wait: Int)] = []
    private var tickAt: UInt64?

    /// Any moment but zero, which the machines take for the host's boot.
    static let start: UInt64 = 1_000_000_000

    package init(_ plan: HostPlan) {
        self.plan = plan
        random = SeededRandom(seed: plan.seed)
        link = StoreLink(now: MonotonicTime(nanoseconds: now))
        beatAt = now
        listAt = now
        for factor in plan.factors(&random) {
            tags.append(
                TagState(
                    stock: TagStock(
                        epoch: 1, tableStep: plan.tableStep, rules: plan.rules, now: MonotonicTime(nanoseconds: now)),
                    arrivals: plan.arrivals(factor: factor, &random)))
        }
        for tag in tags.indices { look(tag) }
        agenda.add(.look, at: now)
    }

    /// Plays on until so many seconds after the host's start.
    package func play(until seconds: Double) {
        let end = FleetHost.start + UInt64(seconds * 1e9)
        while let at = agenda.nextAt, at < end {
            now = at
            switch agenda.removeFirst() {
            case .requests(let tag):
                if tags[tag].lookAt <= now { tags[tag].lookAt = .max }
                present(tag)
            case .tick: tick()
            case .reply: takeReply()
            case .look: if callAt <= now { callAt = .max }
            }
            callStore()
        }
        now = end
    }

    var seconds: Double { Double(now - FleetHost.start) / 1e9 }
    var time: MonotonicTime { MonotonicTime(nanoseconds: now) }

    /// IDs in stock, of all tags.
    package var stock: Int64 { tags.reduce(0) { $0 + $1.stock.stock } }

    /// IDs issued, of all tags.
    package var issued: Int64 { tags.reduce(0) { $0 + $1.stock.issued } }

    // MARK: Requests

    /// All requests of a tag that have come by now are made.
    func present(_ tag: Int) {
        let count = tags[tag].arrivals.count(by: seconds)
        while !tags[tag].isWaiting, tags[tag].presented < count {
            let wanted = count - tags[tag].presented
            if let run = tags[tag].stock.takeRun(upTo: wanted) {
                tags[tag].presented += run.count
                continue
            }
            var ranges: [IDRange] = []
            var effects = StockEffects()
            let verdict = tags[tag].stock.request(
                Demand(count: 1), token: ParkToken(receiver: 0, ticket: UInt64(tag)),
                storeIsBackingOff: link.isBackingOff, now: time, ranges: &ranges, effects: &effects)
            switch verdict {
            case .taken: tags[tag].presented += 1
            case .parked:
                tags[tag].presented += 1
                tags[tag].isWaiting = true
                tally.waits += 1
            case .refused:
                // As would be all that came since the last one.
                noteRefusal(wanted)
                tags[tag].presented = count
            }
            carryOut(effects, tag)
        }
        look(tag)
    }

    private func noteRefusal(_ count: Int64) {
        tally.refused += count
        if tally.firstRefusalAt == nil { tally.firstRefusalAt = seconds }
    }

    /// Puts down when the tag's requests must be looked at next: when the fast path ends.
    private func look(_ tag: Int) {
        guard !tags[tag].isWaiting else { return }
        let room = max(0, tags[tag].stock.fastEnd - tags[tag].stock.next)
        let at = tags[tag].arrivals.time(of: tags[tag].presented + room + 1)
        var next = FleetHost.start + UInt64(max(0, at) * 1e9) + 1
        // Where all are refused, once a second says as much as each.
        if tags[tag].stock.stock == 0, link.isBackingOff { next = max(next, now + 1_000_000_000) }
        next = max(next, now + 1000)
        guard next < tags[tag].lookAt else { return }
        tags[tag].lookAt = next
        agenda.add(.requests(tag), at: next)
    }

    // MARK: What the stocks ask for

    func carryOut(_ effects: StockEffects, _ tag: Int) {
        if effects.wantsLoad { request(tag) }
        if effects.becameActive {
            active.append((tag, 1))
            if tickAt == nil { tick(at: now + 1_000_000_000) }
        }
        for answer in effects.answers {
            tags[tag].isWaiting = false
            if case .refused = answer.outcome { noteRefusal(1) }
        }
        guard effects.commit != nil, let order = tags[tag].stock.beginCommit(now: time) else { return }
        var more = StockEffects()
        tags[tag].stock.committed(order, now: time, effects: &more)
        carryOut(more, tag)
    }

    private func request(_ tag: Int) {
        due.append(tag)
        guard link.isBackingOff, !link.mayTry(now: time) else { return }
        var effects = StockEffects()
        tags[tag].stock.loadPostponed(effects: &effects)
        carryOut(effects, tag)
    }

    // MARK: The ticker

    private func tick(at: UInt64) {
        tickAt = at
        agenda.add(.tick, at: at)
    }

    private func tick() {
        let ticked = active
        active = []
        tickAt = nil
        for (tag, wait) in ticked {
            guard wait == 1 else {
                active.append((tag, wait - 1))
                continue
            }
            present(tag)
            var effects = StockEffects()
            if let pause = tags[tag].stock.tick(now: time, effects: &effects) { active.append((tag, pause)) }
            carryOut(effects, tag)
            present(tag)
        }
        if tickAt == nil, !active.isEmpty { tick(at: now + 1_000_000_000) }
    }
}
