import Testing

@testable import leaf_bench

struct HistogramTests {
    /// What HdrHistogram promises: the exact percentile, or up to a thousandth of it above.
    private func expectClose(_ histogram: Histogram, to values: [Int64], at percent: Double) throws {
        let sorted = values.sorted()
        let rank = max(1, Int((percent / 100 * Double(values.count) * (1 - 1e-12)).rounded(.up)))
        let exact = sorted[rank - 1]
        let found = try #require(histogram.value(atPercentile: percent))
        #expect(found >= exact && Double(found) <= Double(exact) * 1.001, "p\(percent): \(found) for \(exact)")
    }

    private func histogram(of values: [Int64]) -> Histogram {
        var histogram = Histogram()
        for value in values { histogram.record(value) }
        return histogram
    }

    @Test func `percentiles of values of every magnitude are within a thousandth of the exact ones`() throws {
        var random = SplitMix64(seed: 7)
        // Evenly over the logarithm: 1 ns to an hour.
        let values = (0..<20_000).map { _ in
            let bits = Int.random(in: 0...41, using: &random)
            return min(Int64.random(in: 1 << Int64(bits)...(2 << Int64(bits)) - 1, using: &random), Histogram.highest)
        }
        let histogram = histogram(of: values)
        for percent in [0.01, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100] {
            try expectClose(histogram, to: values, at: percent)
        }
        #expect(histogram.count == 20_000)
        #expect(histogram.max == values.max())
    }

    @Test(
        arguments: [0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 1 << 20, (1 << 30) - 1, 1 << 30, Histogram.highest]
            as [Int64])
    func `a single value is known to a thousandth at the edges of the buckets`(value: Int64) throws {
        // With a greater one beside it, so that the greatest value recorded does not stand in for it.
        let histogram = histogram(of: [value, Histogram.highest])
        let found = try #require(histogram.value(atPercentile: 50))
        #expect(found >= value && found - value <= value / 1000)
    }

    @Test func `small values are exact`() {
        let histogram = histogram(of: Array(0..<2048))
        for value in 1...2047 {
            #expect(histogram.value(atPercentile: Double(value + 1) / 2048 * 100) == Int64(value))
        }
    }

    @Test func `a percentile of a thousand values is the one of that rank`() {
        let histogram = histogram(of: Array(1...1000))
        #expect(histogram.value(atPercentile: 50) == 500)
        #expect(histogram.value(atPercentile: 99) == 990)
        #expect(histogram.value(atPercentile: 99.9) == 999)
        #expect(histogram.value(atPercentile: 100) == 1000)
        #expect(histogram.value(atPercentile: 0) == 1)
    }

    @Test func `no percentile is above the greatest value`() {
        let histogram = histogram(of: [1_000_001])
        #expect(histogram.value(atPercentile: 99.9) == 1_000_001)
        #expect(histogram.max == 1_000_001)
    }

    @Test func `of no values there is no percentile`() {
        #expect(Histogram().value(atPercentile: 50) == nil)
        #expect(Histogram().max == 0)
    }

    @Test func `what is out of range is counted at its ends`() {
        let histogram = histogram(of: [-5, .min, .max])
        #expect(histogram.count == 3)
        #expect(histogram.value(atPercentile: 50) == 0)
        #expect(histogram.value(atPercentile: 100) == Histogram.highest)
    }

    @Test func `two merged are the same as one that saw all`() {
        var random = SplitMix64(seed: 11)
        let values = (0..<5000).map { _ in Int64.random(in: 0...10_000_000, using: &random) }
        var merged = histogram(of: Array(values[..<1234]))
        merged.merge(histogram(of: Array(values[1234...])))
        #expect(merged == histogram(of: values))
    }
}
