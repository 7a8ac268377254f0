import LeafCore
import Testing

/// What may be believed of a database's answer.
@Suite struct LeaseReplyTests {
    private func verdict(
        _ maxID: Int64?, rows: Int = 1, acknowledged: Bool = true, count: Int64 = 100, floor: Int64 = 0
    ) -> LeaseReply.Verdict {
        LeaseReply(affectedRows: rows, maxID: maxID, isAcknowledged: acknowledged).verdict(count: count, floor: floor)
    }

    private func isAbandoned(_ verdict: LeaseReply.Verdict) -> Bool {
        if case .abandoned = verdict { true } else { false }
    }

    @Test func `a lease ends where the counter stands`() {
        #expect(verdict(1101, floor: 1001) == .leased(Segment(start: 1001, end: 1101)))
        #expect(verdict(101) == .leased(Segment(start: 1, end: 101)))
        #expect(verdict(.max) == .leased(Segment(start: .max - 100, end: .max)))
    }

    @Test func `nothing doubtful is used`() {
        #expect(isAbandoned(verdict(1101, acknowledged: false)))
        #expect(isAbandoned(verdict(1101, rows: 0)))
        #expect(isAbandoned(verdict(1101, rows: 2)))
        #expect(isAbandoned(verdict(nil)))
        #expect(isAbandoned(verdict(1101, floor: 1002)))
        #expect(isAbandoned(verdict(100)))
        #expect(isAbandoned(verdict(.min)))
        #expect(isAbandoned(verdict(5, count: 0)))
    }

    @Test func `a new tag starts above its tombstone, and only if somebody asks for it`() {
        func first(_ start: Int64?, _ tombstone: Int64?, lifts: Int64 = 0, byItself: Bool = false) -> FirstID {
            FirstID.decide(start: start, tombstone: tombstone, lifts: lifts, gap: 1000, isByItself: byItself)
        }
        #expect(first(nil, nil, lifts: 2) == .at(2001), "the store may have lost the tag together with its leases")
        #expect(first(50, nil, lifts: 2, byItself: true) == .at(2050))
        #expect(first(50, nil, lifts: 2) == .at(50), "an operator says so")
        #expect(first(nil, nil, lifts: .max) == .overflow(tombstone: .max))
        #expect(first(nil, nil) == .at(1))
        #expect(first(50, nil, byItself: true) == .at(50))
        #expect(first(nil, 500) == .at(1500))
        #expect(first(500, 500) == .at(500))
        #expect(first(499, 500) == .belowTombstone(500))
        #expect(first(nil, 500, byItself: true) == .staysDropped)
        #expect(first(nil, .max - 999) == .overflow(tombstone: .max - 999))
    }
}
