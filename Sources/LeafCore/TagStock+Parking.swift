/// The requests that wait for a commit or a lease.
struct Parking: Hashable, Sendable {
    struct Waiter: Hashable, Sendable {
        let token: ParkToken
        let demand: Demand
    }

    private(set) var waiters: [Waiter] = []
    /// IDs that all of them need, and are about to. Kept, not added up: there may be ten thousand.
    private(set) var demand: Int64 = 0
    /// How many of them want their IDs in a row.
    private(set) var contiguous = 0

    mutating func park(_ waiter: Waiter) {
        waiters.append(waiter)
        count(waiter, 1)
    }

    mutating func remove(at index: Int) { count(waiters.remove(at: index), -1) }

    /// - Parameter left: those of `waiters` that still wait, in their order.
    mutating func keep(_ left: [Waiter]) {
        guard left.count < waiters.count else { return }
        (waiters, demand, contiguous) = (left, 0, 0)
        for waiter in left { count(waiter, 1) }
    }

    private mutating func count(_ waiter: Waiter, _ sign: Int64) {
        demand += sign * (waiter.demand.count + waiter.demand.more)
        if waiter.demand.isContiguous { contiguous += Int(sign) }
    }
}

extension TagStock {
    package enum Verdict: Hashable, Sendable {
        /// The IDs are in `ranges`.
        case taken
        /// The answer comes through `StockEffects.answers`, under the request's token.
        case parked
        case refused(Refusal)
    }

    /// Takes IDs, or parks the request until they can be had.
    ///
    /// A request is parked only if something is under way that can serve it: stock above the limit waits for a commit, no
    /// stock for a lease. While the store is backing off nothing is, and it is refused at once.
    ///
    /// - Parameters:
    ///   - token: names the request if it is parked; nil: too many are parked already.
    ///   - storeIsBackingOff: no lease will go out for a while.
    ///   - ranges: receives the IDs.
    package mutating func request(
        _ demand: Demand, token: ParkToken?, storeIsBackingOff: Bool, now: MonotonicTime, ranges: inout [IDRange],
        effects: inout StockEffects
    ) -> Verdict {
        wake(now, &effects)
        enterSegments()
        let verdict = serveOrPark(demand, token, storeIsBackingOff, &ranges)
        if case .refused = verdict { counters.failed += 1 }
        if verdict == .parked { counters.waits += 1 }
        review(now, &effects)
        return verdict
    }

    private mutating func serveOrPark(
        _ demand: Demand, _ token: ParkToken?, _ storeIsBackingOff: Bool, _ ranges: inout [IDRange]
    ) -> Verdict {
        switch phase {
        case .sealed: return .refused(.shutdown)
        case .gone: return .refused(.noTag)
        case .withheld: if storeIsBackingOff { return .refused(.exhausted) }
        case .open:
            if take(demand, into: &ranges) { return .taken }
            if canServe(demand) {
                if mark.isFailing { return .refused(.journalFailing) }
            } else if let ended = supply.ended {
                return .refused(ended)
            } else if storeIsBackingOff && !supply.isInFlight {
                return .refused(.exhausted)
            }
        }
        guard let token else { return .refused(.tooManyParked) }
        parking.park(Parking.Waiter(token: token, demand: demand))
        return .parked
    }

    /// Takes a parked request back, because its time is up or its client gone.
    ///
    /// - Returns: false if its answer is on the way already.
    package mutating func cancel(_ token: ParkToken) -> Bool {
        guard let index = parking.waiters.firstIndex(where: { $0.token == token }) else { return false }
        parking.remove(at: index)
        counters.failed += 1
        return true
    }

    package var waiting: Int { parking.waiters.count }

    /// Answers every parked request that can be served now, first come, first served; a small one may pass a large one
    /// for which there is not enough.
    mutating func serveWaiters(_ effects: inout StockEffects) {
        guard phase == .open, !parking.waiters.isEmpty else { return }
        var left: [Parking.Waiter] = []
        for waiter in parking.waiters {
            var ranges: [IDRange] = []
            if issuable > 0, take(waiter.demand, into: &ranges) {
                effects.answers.append(ParkedAnswer(token: waiter.token, outcome: .ids(ranges)))
            } else {
                left.append(waiter)
            }
        }
        parking.keep(left)
    }

    /// Refuses the parked requests for which `keep` is false.
    mutating func refuseWaiters(_ refusal: Refusal, _ effects: inout StockEffects, unless keep: (Demand) -> Bool) {
        var left: [Parking.Waiter] = []
        for waiter in parking.waiters {
            if keep(waiter.demand) {
                left.append(waiter)
            } else {
                counters.failed += 1
                effects.answers.append(ParkedAnswer(token: waiter.token, outcome: .refused(refusal)))
            }
        }
        parking.keep(left)
    }

    /// Refuses whoever the stock alone cannot serve: no lease will come.
    mutating func refuseBeyondStock(_ refusal: Refusal, _ effects: inout StockEffects) {
        let before = self
        var left = phase == .open ? stock : 0
        refuseWaiters(refusal, &effects) { demand in
            guard demand.count <= left, before.canServe(demand) else { return false }
            left -= demand.count
            return true
        }
    }

    // MARK: Taking

    /// All of the demand from below the limit, or nothing.
    private mutating func take(_ demand: Demand, into ranges: inout [IDRange]) -> Bool {
        enterSegments()
        if demand.isContiguous {
            guard let start = contiguousStart(demand.count, below: limit) else { return false }
            counters.abandoned += count(from: next, to: start)
            skip(to: start)
        } else if issuable < demand.count {
            return false
        }
        counters.furtherIDs += demand.count - 1
        var left = demand.count
        while left > 0 {
            let part = min(left, min(segments[0].end, limit) - next)
            ranges.extend(with: IDRange(first: next, last: next + part - 1))
            next += part
            left -= part
            if left > 0 { enterSegments() }
        }
        return true
    }

    private mutating func skip(to position: Int64) {
        while let head = segments.first, head.end <= position {
            move(to: head.end)
            enterSegments()
        }
        move(to: position)
    }

    /// Whether the stock holds enough, above the limit too.
    private func canServe(_ demand: Demand) -> Bool {
        demand.isContiguous ? contiguousStart(demand.count, below: .max) != nil : stock >= demand.count
    }

    /// Where the first `count` IDs in a row begin that lie below `limit`; leases that touch count as one.
    func contiguousStart(_ count: Int64, below limit: Int64) -> Int64? {
        var start = next
        var end = next
        for segment in segments {
            if max(segment.start, next) != end { start = max(segment.start, next) }
            end = segment.end
            if min(end, limit) - start >= count { return start }
        }
        return nil
    }
}
