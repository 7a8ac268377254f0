/// What a reply says where IDs were asked for.
extension Reply {
    /// The elements of an array of integers; nil for anything else.
    var integers: [Int64]? {
        guard let elements = array else { return nil }
        let integers = elements.compactMap(\.integer)
        return integers.count == elements.count ? integers : nil
    }

    /// `first, last, first, last…` with `count` IDs in all; nil for anything that is not that.
    func ranges(together count: Int64) -> [ClosedRange<Int64>]? {
        guard let ends = integers, ends.count.isMultiple(of: 2) else { return nil }
        var ranges: [ClosedRange<Int64>] = []
        var missing = count
        for index in stride(from: 0, to: ends.count, by: 2) {
            // Ascending, as leafd leases them: a range that came twice in one reply would be dealt twice.
            guard ends[index] > (ranges.last?.upperBound ?? 0), ends[index] <= ends[index + 1] else { return nil }
            ranges.append(ends[index]...ends[index + 1])
            // `last - first < missing` rather than a sum: ranges of a confused peer may add up to more than 64 bits.
            guard ends[index + 1] - ends[index] < missing else { return nil }
            missing -= ends[index + 1] - ends[index] + 1
        }
        return missing == 0 ? ranges : nil
    }
}
