/// A leased range of IDs, `[start, end)`: what one lease of `step` IDs gives, `[max_id − step, max_id)`.
package struct Segment: Hashable, Sendable, CustomStringConvertible {
    /// The first ID. At least 1: IDs of 0 and below are never issued.
    package let start: Int64
    /// One past the last ID. Equals `max_id` in the central table right after the lease.
    package let end: Int64

    /// - Precondition: `1 <= start <= end`.
    package init(start: Int64, end: Int64) {
        precondition(start >= 1 && start <= end, "a segment [\(start), \(end)) is not a range of positive IDs")
        self.start = start
        self.end = end
    }

    package var count: Int64 { end - start }
    package var isEmpty: Bool { start == end }

    package var description: String { "[\(start), \(end))" }
}
