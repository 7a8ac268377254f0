import LeafCore

/// The central table: one counter, moved by each lease, whatever becomes of the reply.
struct SimulatedStore {
    private(set) var maxID: Int64 = 1
    private(set) var exists = true
    /// Where a dropped tag's counter stood: a tag created again continues above it.
    private var tombstone: Int64 = 0
    let step: Int64
    let gap: Int64

    init(step: Int64, gap: Int64) {
        self.step = step
        self.gap = gap
    }

    mutating func lease(_ order: LoadOrder) -> Segment? {
        guard exists else { return nil }
        let start = maxID < order.floor ? order.jump : maxID
        maxID = start + order.count
        return Segment(start: start, end: maxID)
    }

    mutating func drop() {
        exists = false
        tombstone = max(tombstone, maxID)
    }

    mutating func create() {
        guard !exists else { return }
        exists = true
        maxID = tombstone + gap
    }
}
