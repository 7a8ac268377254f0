/// Requests on their way to a store, there, and back.
extension World {
    /// Leases for all tags that are due, in one transaction.
    func beginLease(_ host: Int) -> Bool {
        let daemon = hosts[host].daemon!
        guard let facts = daemon.facts, daemon.tags.contains(where: \.wantsLoad) else { return false }
        var orders: [(tag: Int, order: LoadOrder)] = []
        for tag in daemon.tags.indices where daemon.tags[tag].wantsLoad {
            hosts[host].daemon!.tags[tag].wantsLoad = false
            if let order = hosts[host].daemon!.tags[tag].stock.beginLoad(now: now) { orders.append((tag, order)) }
        }
        guard !orders.isEmpty else { return false }
        send(host, .lease(orders), facts, thenReady: true)
        return true
    }

    /// The request arrives, or is lost on its way; or its client stops waiting, and it may still arrive later.
    func arrive(_ host: Int, _ request: StoreRequest, thenReady: Bool) {
        if stores[request.store].isDown || fails() {
            note(host, "hears nothing from store \(request.store)")
            return storeFailed(host)
        }
        let answer = carryOut(request)
        hosts[host].daemon!.session = .answered(request, answer, thenReady: thenReady)
    }

    /// A request whose client has stopped waiting arrives after all.
    func playGhost() {
        guard !ghosts.isEmpty else { return }
        let request = ghosts.remove(at: random.below(ghosts.count))
        guard !stores[request.store].isDown, random.chance(70) else { return }
        note(request.host, "a request it had given up arrives")
        _ = carryOut(request)
    }

    /// What the store makes of it, in one transaction.
    private func carryOut(_ request: StoreRequest) -> StoreAnswer {
        let number = request.store
        guard request.generation == stores[number].generation else { return .failed(.unavailable) }
        do throws(SimulatedStore.Failure) {
            switch request.kind {
            case .contest:
                stores[number].contest(request.agentID)
                tally.contests += 1
                showItself(request, nonce: nil, isOverOwnRow: false)
                return .done
            case .lift(let expected, let floors, let gap):
                let isFirst = stores[number].lift(
                    expected: expected, floors: floors, gap: gap, hasIdentity: parameters.hasIdentity)
                if isFirst {
                    tally.lifts += 1
                    liftWorkers(number)
                }
                return .done
            case .beat(let seen, let next):
                try stores[number].check(server: request.server, agent: nil)
                let reply = stores[number].beat(request.agentID, seen: seen, next: next)
                if reply.isAcknowledged {
                    showItself(request, nonce: next.nonce, isOverOwnRow: seen?.beat == request.beat)
                }
                return .beat(isAcknowledged: reply.isAcknowledged, lift: reply.lift)
            case .lease(let orders): return try lease(request, orders)
            case .worker(_, let ask, _, let plan, let format): return try carryOut(request, ask, plan, format)
            }
        } catch {
            return .failed(error)
        }
    }

    private func lease(
        _ request: StoreRequest, _ orders: [(tag: Int, order: LoadOrder)]
    ) throws(SimulatedStore.Failure) -> StoreAnswer {
        let number = request.store
        if !isCalm && fails() && random.chance(30) { throw .transient }
        try stores[number].check(server: request.server, agent: (request.agentID, request.beat))
        let before = stores[number].state
        stores[number].remember()
        var replies: [(reply: LeaseReply, isThere: Bool)] = []
        for (tag, order) in orders {
            guard stores[number].state.counters[tag] != nil else {
                replies.append((LeaseReply(affectedRows: 0, maxID: nil, isAcknowledged: true), false))
                continue
            }
            if fails() {
                // Nothing was changed, and the value is what the session was told last: another tag's.
                let stale = stores[number].state.counters[random.below(parameters.tags)]
                replies.append((LeaseReply(affectedRows: 0, maxID: stale, isAcknowledged: true), true))
                continue
            }
            let end = try stores[number].lease(tag, count: order.count, floor: order.floor, jump: order.jump)
            replies.append((LeaseReply(affectedRows: 1, maxID: end, isAcknowledged: true), true))
        }
        guard !isCalm, random.chance(parameters.faultPercent) else {
            for ((tag, _), (reply, _)) in zip(orders, replies) where reply.affectedRows == 1 {
                stores[number].noteLease(tag, end: reply.maxID!)
            }
            return .leases(replies)
        }
        // The commit is not acknowledged, though values came: it is rolled back, or not.
        if random.chance(70) {
            stores[number].rollBack(to: before)
        } else {
            for ((tag, _), (reply, _)) in zip(orders, replies) where reply.affectedRows == 1 {
                stores[number].noteLease(tag, end: reply.maxID!)
            }
        }
        return .leases(
            replies.map {
                (
                    LeaseReply(affectedRows: $0.reply.affectedRows, maxID: $0.reply.maxID, isAcknowledged: false),
                    $0.isThere
                )
            })
    }

    /// A resumed memory image has left a trace of its own in the store, which the other one will find.
    private func showItself(_ request: StoreRequest, nonce: String?, isOverOwnRow: Bool) {
        let mask = request.forks
        guard mask != 0 else { return }
        for fork in forks.indices where mask & (1 << UInt64(fork)) != 0 {
            if let nonce, Int(nonce.dropFirst())! <= forks[fork].namesBefore { continue }
            // Whoever beats after the other has shown itself should have been told; but for a beat over a row that the
            // database had lost: that takes one more.
            let side = hosts[request.host].sides & (1 << UInt64(fork)) == 0 ? 0 : 1
            if isOverOwnRow, forks[fork].shown[1 - side], hosts[request.host].daemon?.life == request.life {
                hosts[request.host].daemon!.told |= 1 << UInt64(fork)
            }
            forks[fork].shown[side] = true
        }
    }

    // MARK: Answers

    /// The answer comes, or is lost.
    func take(_ host: Int, _ request: StoreRequest, _ answer: StoreAnswer, thenReady: Bool) {
        guard !fails() else {
            note(host, "does not get the store's answer")
            let late = hosts[host].daemon!.snow?.late.count
            let isLate = if case .worker = request.kind { random.chance(50) } else { false }
            if case .lease(let orders) = request.kind {
                hosts[host].daemon!.session = .none
                for (tag, order) in orders { loadFailed(host, tag, order, .store) }
            }
            storeFailed(host)
            // Closing the session may have kept it already, and no call gets its answer twice.
            if isLate, hosts[host].daemon?.snow?.late.count == late {
                hosts[host].daemon!.snow?.late.append((request, answer))
            }
            return
        }
        hosts[host].daemon!.session = thenReady ? .ready : .reading
        switch answer {
        case .failed(let failure): failed(host, request, failure)
        case .done: break
        case .claim, .renewal: takeWorkerAnswer(host, request, answer)
        case .beat(let isAcknowledged, let lift):
            guard case .beat(_, let next) = request.kind else { return }
            guard isAcknowledged else {
                note(host, "finds its row changed")
                hosts[host].daemon!.session = .reading
                return
            }
            var trace = hosts[host].daemon!.trace
            guard trace.agentID == request.agentID else { return disconnect(host) }
            trace.acknowledged(next, lift: lift)
            note(host, "has beaten: beat \(next.beat)")
            let due = hosts[host].daemon!.snow?.roster.asks(now: reading(host).boot).map(\.slot)
            hosts[host].daemon!.snow?.due = due ?? []
            if !noteTrace(host, trace) { storeFailed(host) }
        case .leases(let replies):
            guard case .lease(let orders) = request.kind else { return }
            for ((tag, order), (reply, isThere)) in zip(orders, replies) {
                takeLease(host, request.store, tag, order, reply, isThere: isThere)
            }
        }
    }

    private func failed(_ host: Int, _ request: StoreRequest, _ failure: SimulatedStore.Failure) {
        note(host, "is told by the store: \(failure)")
        if case .lease(let orders) = request.kind {
            for (tag, order) in orders {
                if failure == .wentBackward {
                    hosts[host].daemon!.tags[tag].stock.loadAgain(order)
                    hosts[host].daemon!.tags[tag].wantsLoad = true
                } else {
                    loadFailed(host, tag, order, .store)
                }
            }
        }
        // The request has been answered for: nothing of it is to be given back.
        hosts[host].daemon!.session = .none
        if failure == .wentBackward { disconnect(host) } else { storeFailed(host) }
    }

    private func takeLease(
        _ host: Int, _ store: Int, _ tag: Int, _ order: LoadOrder, _ reply: LeaseReply, isThere: Bool
    ) {
        guard isThere else { return loadFailed(host, tag, order, .noTag) }
        switch reply.verdict(count: order.count, floor: order.floor) {
        case .abandoned(let why):
            note(host, "abandons a lease of tag \(tag): \(why)")
            loadFailed(host, tag, order, reply.isAcknowledged ? .unusable : .store)
        case .leased(let segment):
            var effects = StockEffects()
            let isUsed = hosts[host].daemon!.tags[tag].stock.loaded(
                order, segment: segment, tableStep: parameters.tableStep, now: now, effects: &effects)
            note(host, "is leased \(segment) of tag \(tag)\(isUsed ? "" : ", too late")")
            if isUsed {
                tally.leases += 1
                if let last = hosts[host].daemon!.tags[tag].leases.last, segment.start < last.end {
                    checker.fail(.damaged, "host \(host) was leased \(segment) of tag \(tag) after \(last)")
                }
                hosts[host].daemon!.tags[tag].leases.append(segment)
                // By floors alone a lease that was lost with its daemon before any journal knew of it may come again.
                if parameters.hasIdentity { checker.lease(segment, store: store, tag: tag, host: host) }
            }
            finish(host, tag, effects)
        }
    }

    func loadFailed(_ host: Int, _ tag: Int, _ order: LoadOrder, _ failure: LoadFailure) {
        var effects = StockEffects()
        hosts[host].daemon!.tags[tag].stock.loadFailed(order, failure, now: now, effects: &effects)
        if hosts[host].daemon!.tags[tag].stock.supply.load == .wanted { hosts[host].daemon!.tags[tag].wantsLoad = true }
        finish(host, tag, effects)
    }
}
