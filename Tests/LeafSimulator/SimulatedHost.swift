@testable import LeafCore

/// One daemon: the real stock, with drivers that carry its wishes out when the simulation says so, well or badly.
struct SimulatedHost {
    let number: Int
    var stock: TagStock
    var journal = SimulatedJournal()
    /// Segments that the store has acknowledged to this host and that it has not given up.
    var leases: [Segment] = []
    var lastIssued: Int64 = 0

    // What the drivers have in hand.
    var wantsCommit = false
    var wantsLoad = false
    var commit: CommitOrder?
    var load: (order: LoadOrder, segment: Segment?)?
    var parked: [ParkToken: Demand] = [:]
    private var tokens: UInt64 = 0

    init(number: Int, rules: StockRules, step: Int64, now: MonotonicTime) {
        self.number = number
        stock = TagStock(epoch: 1, tableStep: step, rules: rules, now: now)
    }

    func owns(_ range: IDRange) -> Bool {
        leases.contains { $0.start <= range.first && range.last < $0.end }
            || range.count > 1
                && (range.first...range.last).allSatisfy { id in leases.contains { $0.start <= id && id < $0.end } }
    }

    mutating func nextToken() -> ParkToken {
        tokens += 1
        return ParkToken(receiver: Int32(number), ticket: tokens)
    }

    /// Does what the engine does with effects. Returns the answers.
    mutating func carryOut(_ effects: StockEffects) -> [ParkedAnswer] {
        if effects.commit != nil { wantsCommit = true }
        if effects.wantsLoad { wantsLoad = true }
        return effects.answers
    }

    /// Whatever the stock waits for must be in some driver's hands: else it would wait for ever.
    var stuck: String? {
        if stock.mark.wish != nil && !wantsCommit { return "a commit is wished for that no driver knows of" }
        if stock.mark.order != commit { return "the stock's commit and the driver's differ" }
        if stock.supply.load == .wanted && !wantsLoad { return "a lease is wished for that no driver knows of" }
        if Set(stock.parking.waiters.map(\.token)) != Set(parked.keys) { return "parked requests and waiters differ" }
        return nil
    }

    /// The ID that the next request will get, if the stock has one.
    var nextID: Int64 {
        stock.segments.first { $0.end > stock.next }.map { max($0.start, stock.next) } ?? stock.next
    }

    /// The IDs that are lost if the host crashes with the mark at `hi`.
    func atRisk(_ hi: Int64) -> Int64 { stock.count(from: stock.next, to: hi) }

    /// The most that may be: two windows, and what is on its way to those who wait.
    var riskMax: Int64 { stock.window.size * 2 + stock.waitingAhead }
}
