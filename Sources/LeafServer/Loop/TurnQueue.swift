/// Something on an event loop that has more to do than others should wait for: it does a piece each time it is called.
protocol TakesTurns: AnyObject {
    func takeTurn()
}

/// Who waits for a turn, in the order in which they came.
///
/// A loop serves every socket that is ready, then gives one turn, then looks at the sockets again. So a client that asks
/// little waits for one turn at most, however many others have more to do than fits into theirs.
struct TurnQueue {
    private var waiting: [any TakesTurns] = []
    /// Those before have had their turn.
    private var first = 0

    private(set) var isEmpty = true

    mutating func append(_ taker: any TakesTurns) {
        waiting.append(taker)
        isEmpty = false
    }

    mutating func popFirst() -> (any TakesTurns)? {
        guard !isEmpty else { return nil }
        defer {
            first += 1
            isEmpty = first == waiting.count
            if isEmpty {
                waiting.removeAll(keepingCapacity: waiting.count <= TurnQueue.kept)
                first = 0
            } else if first > waiting.count / 2 {
                waiting.removeSubrange(..<first)
                first = 0
            }
        }
        return waiting[first]
    }

    /// Room for so many is kept when all have had their turn.
    private static let kept = 1024
}
