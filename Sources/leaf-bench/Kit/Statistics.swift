/// Of a few rounds' figures.
enum Statistics {
    /// The middle one, or the mean of the two in the middle; nil of none.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// The median of the ratios of each round's pair: what slows a whole round down cancels out.
    static func medianRatio(_ values: [Double], to others: [Double]) -> Double? {
        median(zip(values, others).filter { $1 > 0 }.map { $0 / $1 })
    }

    /// The smallest value that at least `share` (0…1) of all are not above; nil of none.
    static func percentile(_ share: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let rank = Int((share * Double(values.count)).rounded(.up))
        return values.sorted()[min(max(rank, 1), values.count) - 1]
    }
}
