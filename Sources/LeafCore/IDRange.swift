/// IDs that were issued together: `first…last`, both included.
package struct IDRange: Hashable, Sendable, CustomStringConvertible {
    package let first: Int64
    package let last: Int64

    /// - Precondition: `1 <= first <= last`.
    package init(first: Int64, last: Int64) {
        precondition(first >= 1 && first <= last, "\(first)…\(last) is not a range of IDs")
        self.first = first
        self.last = last
    }

    package var count: Int64 { last - first + 1 }
    package var description: String { "\(first)…\(last)" }
}

extension [IDRange] {
    /// Adds a range, and joins it to the last one where the two touch.
    package mutating func extend(with range: IDRange) {
        if let last, last.last + 1 == range.first {
            self[count - 1] = IDRange(first: last.first, last: range.last)
        } else {
            append(range)
        }
    }
}
