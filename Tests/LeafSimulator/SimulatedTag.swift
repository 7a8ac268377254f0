/// One tag in one daemon: the real stock, and what the drivers have in hand for it.
struct SimulatedTag {
    var stock: TagStock
    var wantsCommit = false
    var wantsLoad = false
    /// In the journal writer's hands.
    var commit: CommitOrder?
    var parked: [(token: ParkToken, demand: Demand)] = []
    /// In this life of the daemon.
    var lastIssued: Int64 = 0
    /// Segments that the store acknowledged to this daemon and that it has not given up, in the order of use.
    var leases: [Segment]

    init(stock: TagStock, leases: [Segment]) {
        self.stock = stock
        self.leases = leases
    }

    /// Whether a range lies within what this daemon holds. Forgets what lies before it: IDs ascend.
    mutating func owns(_ range: IDRange) -> Bool {
        while let lease = leases.first, lease.end <= range.first { leases.removeFirst() }
        var position = range.first
        for lease in leases where lease.start <= position {
            position = max(position, lease.end)
            if position > range.last { return true }
        }
        return false
    }

    /// Whatever the stock waits for must be in some driver's hands: else it would wait for ever.
    var stuck: String? {
        if stock.mark.wish != nil && !wantsCommit { return "a commit is wished for that no driver knows of" }
        if stock.mark.order != commit?.number { return "the stock's commit and the driver's differ" }
        if stock.supply.load == .wanted && !wantsLoad { return "a lease is wished for that no driver knows of" }
        if stock.parking.waiters.count != parked.count { return "parked requests and waiters differ" }
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
