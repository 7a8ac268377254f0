internal import LeafCore

/// What is to be done at moments to come: a binary heap by time.
///
/// What is cancelled stays in the heap until its time comes or the heap is half dead.
struct Timers {
    typealias ID = UInt64

    private struct Entry {
        let time: MonotonicTime
        let id: ID
    }

    private var heap: [Entry] = []
    private var bodies: [ID: () -> Void] = [:]
    private var last: ID = 0

    /// The first moment at which there may be something to do.
    var next: MonotonicTime? { heap.first?.time }

    mutating func add(at time: MonotonicTime, _ body: @escaping () -> Void) -> ID {
        last += 1
        bodies[last] = body
        heap.append(Entry(time: time, id: last))
        rise(from: heap.count - 1)
        return last
    }

    mutating func cancel(_ id: ID) {
        guard bodies.removeValue(forKey: id) != nil else { return }
        if bodies.isEmpty {
            heap.removeAll(keepingCapacity: true)
        } else if heap.count > 2 * bodies.count + 64 {
            heap.removeAll { bodies[$0.id] == nil }
            for index in (0..<heap.count / 2).reversed() { sink(from: index) }
        }
    }

    /// Takes out what is due, one at a time; nil: nothing is.
    mutating func take(dueAt now: MonotonicTime) -> (() -> Void)? {
        while let first = heap.first, first.time <= now {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
            sink(from: 0)
            if let body = bodies.removeValue(forKey: first.id) { return body }
        }
        return nil
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0, heap[index].time < heap[(index - 1) / 2].time {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
