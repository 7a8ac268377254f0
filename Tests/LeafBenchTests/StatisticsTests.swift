import Testing

@testable import leaf_bench

@Suite
struct StatisticsTests {
    @Test
    func `A median is the middle one, or the mean of the two in the middle`() {
        #expect(Statistics.median([]) == nil)
        #expect(Statistics.median([3]) == 3)
        #expect(Statistics.median([9, 1, 5]) == 5)
        #expect(Statistics.median([9, 1, 5, 6]) == 5.5)
    }

    @Test
    func `Ratios are taken within each round, so that a slow round does not shift them`() {
        // In the second round everything took ten times as long. The ratio of the medians would be 1.
        #expect(Statistics.medianRatio([2, 20, 2], to: [1, 10, 2]) == 2)
    }

    @Test
    func `A percentile is the smallest value that covers its share`() {
        let values = (1...1000).map(Double.init)
        #expect(Statistics.percentile(0.5, of: values) == 500)
        #expect(Statistics.percentile(0.999, of: values) == 999)
        #expect(Statistics.percentile(1, of: values) == 1000)
        #expect(Statistics.percentile(0, of: values) == 1)
        #expect(Statistics.percentile(0.5, of: []) == nil)
    }

    @Test(
        arguments: [
            (0, "0"), (0.0471, "0.0471"), (0.5, "0.500"), (1.176, "1.18"), (12.34, "12.3"), (148, "148"), (999, "999"),
            (1_234, "1,230"), (1_740_123, "1,740,000"), (8_390_000_000, "8,390,000,000"), (.nan, "–"),
        ] as [(Double, String)])
    func `A figure is shown with three digits that mean something`(number: Double, text: String) {
        #expect(NumberText.number(number) == text)
    }

    @Test
    func `A count is shown in full`() {
        #expect(NumberText.count(7) == "7")
        #expect(NumberText.count(123) == "123")
        #expect(NumberText.count(1_234_567) == "1,234,567")
        #expect(NumberText.count(-1000) == "-1,000")
    }
}
