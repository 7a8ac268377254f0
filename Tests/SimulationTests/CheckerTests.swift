import Testing

@testable import LeafSimulator

/// The watch itself: what it must see, and what it must let pass.
@Suite struct CheckerTests {
    private func checker() -> Checker { Checker(stores: 2, tags: 2, minds: Simulation.everyRule) }

    private func issue(_ checker: inout Checker, _ first: Int64, _ last: Int64, store: Int = 0, tag: Int = 0) {
        checker.issue(IDRange(first: first, last: last), store: store, tag: tag, host: 0, forks: 0, told: 0)
    }

    @Test(arguments: [(10, 10), (1, 10), (20, 25), (12, 13), (5, 30)] as [(Int64, Int64)])
    func `an ID issued twice is seen`(_ first: Int64, _ last: Int64) {
        var checker = checker()
        issue(&checker, 10, 20)
        #expect(checker.violation == nil)
        issue(&checker, first, last)
        #expect(checker.violation?.kind == .duplicate)
    }

    @Test func `what touches, and what another tag or store issues, is no duplicate`() {
        var checker = checker()
        issue(&checker, 10, 20)
        issue(&checker, 21, 30)
        issue(&checker, 1, 9)
        issue(&checker, 10, 20, tag: 1)
        issue(&checker, 10, 20, store: 1)
        #expect(checker.violation == nil)
    }

    @Test func `two images of one memory may repeat each other until they are told`() {
        var checker = checker()
        let range = IDRange(first: 1, last: 5)
        checker.issue(range, store: 0, tag: 0, host: 0, forks: 0b10, told: 0)
        checker.issue(range, store: 0, tag: 0, host: 1, forks: 0b10, told: 0)
        #expect(checker.violation == nil)
        checker.issue(range, store: 0, tag: 0, host: 1, forks: 0b10, told: 0b10)
        #expect(checker.violation?.kind == .duplicate)
    }

    @Test func `nobody may repeat what was issued before the images parted`() {
        var checker = checker()
        issue(&checker, 1, 5)
        checker.issue(IDRange(first: 5, last: 6), store: 0, tag: 0, host: 1, forks: 1, told: 0)
        #expect(checker.violation?.kind == .duplicate)
    }

    @Test func `leases that share an ID are seen`() {
        var checker = checker()
        checker.lease(Segment(start: 1, end: 101), store: 0, tag: 0, host: 0)
        checker.lease(Segment(start: 101, end: 201), store: 0, tag: 0, host: 1)
        #expect(checker.violation == nil)
        checker.lease(Segment(start: 200, end: 300), store: 0, tag: 0, host: 2)
        #expect(checker.violation?.kind == .overlap)
    }

    @Test func `a ledger agrees with a plain set of IDs`() {
        var random = SeededRandom(seed: 5)
        var ledger = IntervalLedger()
        var plain = Set<Int64>()
        for _ in 0..<2000 {
            let first = Int64(random.below(5000))
            let range = first...first + Int64(random.below(20))
            let overlaps = range.contains { plain.contains($0) }
            #expect((ledger.conflict(range.lowerBound, range.upperBound) != nil) == overlaps)
            ledger.insert(range.lowerBound, range.upperBound, forks: UInt64(random.below(2)), by: random.below(3))
            plain.formUnion(range)
        }
        #expect(ledger.entries.reduce(0) { $0 + $1.last - $1.first + 1 } == Int64(plain.count))
    }
}
