import LeafTestKit
import Testing

/// The other tests rest on this: that a duplicate would be seen.
@Suite("The collector of IDs")
struct CollectorTests {
    @Test("IDs that are all different, and rise within each thread, are no fault")
    func good() {
        let collector = IDCollector()
        collector.record([1, 2, 70_000, 1 << 40], thread: 0)
        collector.record([3, 4, .max], thread: 1)
        #expect(collector.faults == [])
        #expect(collector.count == 7)
        #expect(collector.highest == .max)
        #expect(collector.count(ofThread: 0) == 4)
    }

    @Test("an ID that two threads received is found", arguments: [1, 63, 64, 65_535, 65_536, 1 << 50, Int64.max])
    func duplicate(id: Int64) {
        let collector = IDCollector()
        collector.record([id], thread: 0)
        collector.record([id], thread: 1)
        #expect(collector.faults == ["\(id) was issued twice"])
    }

    @Test("what is no ID is found", arguments: [0, -1, Int64.min])
    func invalid(id: Int64) {
        let collector = IDCollector()
        collector.record([id], thread: 0)
        #expect(collector.faults.contains("\(id) is no ID"))
    }

    @Test("an ID below an earlier one of its thread is found, one below another thread's is none")
    func disorder() {
        let collector = IDCollector()
        collector.record([10, 9], thread: 0)
        collector.record([8], thread: 1)
        #expect(collector.faults == ["thread 0 received 9 after 10"])
    }

    @Test("the lowest ID since a mark is told, and nothing from before it")
    func mark() {
        let collector = IDCollector()
        collector.record([1, 2], thread: 0)
        collector.mark()
        #expect(collector.lowestSinceMark == nil)
        collector.record([7], thread: 0)
        collector.record([5, 6], thread: 1)
        #expect(collector.lowestSinceMark == 5)
    }
}
