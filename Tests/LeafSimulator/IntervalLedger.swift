/// Disjoint ranges of IDs, each with a note: which were issued, or leased, and by whom.
struct IntervalLedger {
    struct Entry {
        var first: Int64
        var last: Int64
        /// Which resumed memory images the range may come from: a bit a fork.
        var forks: UInt64
        var by: Int
    }

    private(set) var entries: [Entry] = []

    /// The first entry that shares an ID with [first, last].
    func conflict(_ first: Int64, _ last: Int64) -> Entry? {
        let index = firstIndex(endingAtOrAfter: first)
        guard index < entries.count, entries[index].first <= last else { return nil }
        return entries[index]
    }

    /// Adds what is not in it yet; what is keeps its note.
    mutating func insert(_ first: Int64, _ last: Int64, forks: UInt64, by: Int) {
        var start = first
        while start <= last {
            let index = firstIndex(endingAtOrAfter: start)
            if index < entries.count, entries[index].first <= start {
                start = entries[index].last + 1
                continue
            }
            let end = index < entries.count ? min(last, entries[index].first - 1) : last
            if index > 0, entries[index - 1].last + 1 == start, entries[index - 1].forks == forks,
                entries[index - 1].by == by
            {
                entries[index - 1].last = end
            } else {
                entries.insert(Entry(first: start, last: end, forks: forks, by: by), at: index)
            }
            start = end + 1
        }
    }

    private func firstIndex(endingAtOrAfter id: Int64) -> Int {
        // Most of what comes is new, and above everything that is there.
        guard let top = entries.last, top.last >= id else { return entries.count }
        var low = 0
        var high = entries.count - 1
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].last >= id { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
