import Testing

@testable import LeafSimulator

/// The model of a fleet agrees with what can be worked out by hand.
@Suite struct CapacityTests {
    private func plan(_ shape: LoadShape, reserve: Double, tags: Int = 1) -> HostPlan {
        var plan = HostPlan(rules: .defaults(reserve: reserve))
        plan.shape = shape
        plan.tags = tags
        return plan
    }

    @Test(arguments: [2.0, 30, 700])
    func `at a constant rate below the largest step a segment lasts between short-life and long-life`(_ rate: Double) {
        let cost = TagCost(plan(.steady(rate: rate), reserve: 0), settling: 4, counted: 4, outageMax: 0)
        // Counted over four hours: a lease more or less.
        let leases = Int((cost.leasesPerHour * 4).rounded())
        #expect((7...17).contains(leases))
        let off: Double = (cost.leasesPerHour * cost.idsPerLease - rate * 3600).magnitude
        #expect(off <= cost.idsPerLease)
    }

    @Test func `above that the largest step is leased as often as it is used up`() {
        let cost = TagCost(plan(.steady(rate: 20_000), reserve: 0), settling: 1, counted: 1, outageMax: 0)
        #expect(cost.idsPerLease == 1_000_000)
        #expect((71.0...73).contains(cost.leasesPerHour))
    }

    @Test func `a tag that is hardly used leases its table's step as often as that is used up`() {
        let cost = TagCost(plan(.random(rate: 0.05), reserve: 1800), settling: 20, counted: 100, outageMax: 0)
        #expect(cost.idsPerLease == 1000)
        // 1,000 IDs last 5.6 h: 18 leases in 100 h.
        let leases = Int((cost.leasesPerHour * 100).rounded())
        #expect((16...20).contains(leases))
    }

    @Test func `an outage finds stock for the reserve`() throws {
        let cost = TagCost(plan(.steady(rate: 100), reserve: 1800), settling: 3, counted: 1, outageMax: 3)
        #expect(try #require(cost.outlives) >= 1795)
    }

    @Test func `beats and tag lists come at their pauses, a tenth more or less`() {
        let host = FleetHost(plan(.random(rate: 0.1), reserve: 0))
        host.play(until: 36_000)
        #expect((1180...1221).contains(host.tally.beats.sum(0..<36_000)))
        #expect((590...611).contains(host.tally.lists.sum(0..<36_000)))
        #expect(host.tally.opens.sum(0..<36_000) == 1)
    }

    @Test func `tags that are due together share a transaction of at most 128`() {
        var plan = plan(.bursts(rate: 10, on: 60, every: 3600), reserve: 0, tags: 300)
        plan.isInStep = true
        let host = FleetHost(plan)
        host.play(until: 1)
        // The first lease goes out by itself, and the others are due when it is answered: 1 + 128 + 128 + 43.
        #expect(host.tally.leases.sum(0..<1) == 300)
        #expect(host.tally.batches.sum(0..<1) == 4)
    }

    @Test func `a store that is away is tried again at most every five seconds, and nothing is asked twice`() {
        var plan = plan(.steady(rate: 10_000), reserve: 0)
        plan.outage = 3600..<7200
        let host = FleetHost(plan)
        host.play(until: 7205)
        #expect((1200...1800).contains(host.tally.failures))
        #expect(host.tally.opens.sum(0..<7300) == 2)
        #expect(host.tally.leases.sum(3600..<7200) == 0)
        #expect(host.tally.leases.sum(7200..<7205) >= 1)
        // A segment of 1,000,000 lasts 100 s, and the next was leased when a tenth of it was used.
        let refusedAt = host.tally.firstRefusalAt ?? 0
        #expect((3680...3800).contains(refusedAt))
    }

    @Test func `the same seed plays the same, another one not`() {
        var plan = plan(.random(rate: 1), reserve: 1800, tags: 3)
        func tally(_ seed: UInt64) -> HostTally {
            plan.seed = seed
            let host = FleetHost(plan)
            host.play(until: 3600)
            return host.tally
        }
        #expect(tally(1) == tally(1))
        #expect(tally(1) != tally(2))
    }

    @Test func `every load shape finds the time of a count`() {
        for shape in [
            LoadShape.steady(rate: 7), .bursts(rate: 10, on: 60, every: 3600), .daily(rate: 100),
        ] {
            for count: Double in [1, 59, 600, 601, 12_345, 1_000_000] {
                let time = shape.time(of: count)
                let off: Double = (shape.count(by: time) - count).magnitude
                #expect(off < 1e-3, "\(shape) \(count)")
            }
        }
    }

    @Test func `a fleet's sum keeps every lease, and spreads them as its hosts are started`() {
        let sum = FleetSum([[2, 0, 1], [1]], hosts: 100, spread: 10, seed: 1)
        #expect(sum.counts.reduce(0, +) == 200)
        #expect(sum.peak(0..<20) < 60)
        #expect(FleetSum([[2, 0, 1], [1]], hosts: 100, spread: 1, seed: 1).peak(0..<20) == 150)
    }

    @Test func `a fleet comes back within five seconds, the most of it in the first`() throws {
        var plan = FleetReturn.Plan()
        plan.hosts = 2000
        plan.serverRate = 1e9
        let result = FleetReturn(plan)
        // Waits are even in 0…5 s, so at any moment the rest of one is less than 1 s with 1 - (4/5)² = 36 %.
        #expect((640...800).contains(result.connects[0]))
        #expect(try #require(result.done(share: 1)) <= 5)
        #expect(result.leases.reduce(0, +) == 20_000)
        #expect(result.timeouts == 0)
    }

    @Test func `a store that is too slow for the timeout leases for nothing`() {
        var plan = FleetReturn.Plan()
        plan.hosts = 200
        plan.serverRate = 100
        plan.watched = 60
        let result = FleetReturn(plan)
        #expect(result.timeouts > 0)
        #expect(result.wasted > 0)
        #expect(result.leases.reduce(0, +) < 2000)
    }
}
