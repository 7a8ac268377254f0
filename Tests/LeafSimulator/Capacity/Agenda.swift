/// What happens when in virtual time: a binary heap, the earliest first, in the order of insertion at the same moment.
struct Agenda<Item> {
    private struct Entry {
        let at: UInt64
        let number: UInt64
        let item: Item

        func isBefore(_ other: Entry) -> Bool { at != other.at ? at < other.at : number < other.number }
    }

    private var heap: [Entry] = []
    private var numbers: UInt64 = 0

    /// - Parameter at: nanoseconds.
    mutating func add(_ item: Item, at: UInt64) {
        numbers += 1
        heap.append(Entry(at: at, number: numbers, item: item))
        var index = heap.count - 1
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    var nextAt: UInt64? { heap.first?.at }

    mutating func removeFirst() -> Item {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != index else { return first.item }
            heap.swapAt(index, least)
            index = least
        }
    }
}
