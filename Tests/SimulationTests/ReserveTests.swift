import Testing

@testable import LeafSimulator

@Suite struct ReserveTests {
    @Test(arguments: [20.0, 100, 10_000]) func `a reserve costs no more leases than its tag needs without one`(
        _ rate: Double
    ) {
        func leases(reserve: Double) -> Double {
            var plan = HostPlan(rules: .defaults(reserve: reserve))
            plan.shape = .steady(rate: rate)
            return TagCost(plan, settling: 4, counted: 2, outageMax: 0).leasesPerHour
        }
        let with = leases(reserve: 1800)
        let without = leases(reserve: 0)
        #expect(with <= without + 1)
    }
}
