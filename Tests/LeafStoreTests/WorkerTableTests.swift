import GRDB
import LeafCore
import LeafStore
import LeafStoreSQLite
import Testing

/// A `leafd_worker` that is not what it was.
@Suite struct `A file's worker ids that are not what they were` {
    let fixture: StoreFixture
    let session: SQLiteSession

    init() throws {
        fixture = try StoreFixture()
        session = try fixture.open(tag: "orders")
    }

    /// - Parameter expected: nil: an operator's.
    private func lift(expected: Int64? = nil, hold: Int64) throws {
        _ = try session.lift(
            CounterLift(
                expected: expected, server: nil, floors: [:], gap: 10, workerHold: hold, workerHorizon: 7_200_000,
                isLossOfAnyAge: expected == nil))
    }

    /// Rows are never deleted, and the first comes with the format: none at all is a loss.
    @Test func `are all gone, and none is given out before a lift`() throws {
        let lastTime = try #require(try session.claim(.leased()).lastTime)
        try fixture.sql("DELETE FROM leafd_worker")
        for claim in [WorkerClaim.leased("you"), .configured(2, holder: "you")] {
            #expect(try session.claim(claim).summary.hasPrefix("went backward"))
        }
        let renewal = WorkerRenewal.of(0, lastTime: lastTime)
        #expect(try session.renew([renewal]).allSatisfy { $0.summary.hasPrefix("went backward") })
        let now = try session.listWorkers().databaseTime
        try lift(expected: 0, hold: 1000)
        #expect(try #require(try session.listWorkers().heldUntil) >= now + 7_200_000)
        #expect(try session.renew([renewal]).map(\.summary) == ["renewed"])
        #expect(try session.claim(.leased("you")).summary == "held")
        try fixture.sql("UPDATE leafd_state SET value = '\(now - 1)' WHERE name = 'snowflake/hold'")
        #expect(try session.claim(.leased("you")).summary == "1/1 above \(now - 1)")
    }

    /// A backup may be older than any hold: worker ids that were claimed since have no row, and a lease up to the horizon.
    @Test func `are held by an operator's lift as long as a lost lease may last`() throws {
        _ = try session.claim(.leased())
        let now = try session.listWorkers().databaseTime
        try lift(hold: 600_000)
        #expect(try #require(try session.listWorkers().heldUntil) >= now + 7_200_000)
    }

    /// Its rows are the database's, whatever central table a host uses.
    @Test func `are not given out on another server to a host with a new central table`() throws {
        _ = try session.claim(.leased())
        try fixture.sql("UPDATE leafd_state SET value = 'the old one' WHERE name = 'snowflake/server'")
        let other = try fixture.store(table: "others").open(knownStore: nil)
        let facts = try other.facts(agentID: "you")
        // As for its own table nothing tells against it.
        #expect(facts.recordedServer == facts.server)
        #expect(try other.claim(.leased("you")).summary.hasPrefix("went backward"))
    }

    /// What a lost renewal may have reached has nothing to do with the hold.
    @Test func `are raised above lost renewals also where there is no hold`() throws {
        let lastTime = try #require(try session.claim(.leased()).lastTime)
        try lift(hold: 0)
        #expect(try #require(try session.listWorkers().rows.first).lastTime >= lastTime + 7_000_000)
    }

    /// A text plus a number is a number to SQLite: the row would be readable, and over.
    @Test(arguments: ["'x'", "'12'||'x'", "1.5", "x'00'"])
    func `cannot be read, and are left alone by a lift`(time: String) throws {
        _ = try session.claim(.leased())
        try fixture.sql("UPDATE leafd_worker SET ts_hi = \(time)")
        let before = try fixture.value("SELECT quote(ts_hi) FROM leafd_worker")
        try lift(hold: 600_000)
        #expect(try fixture.value("SELECT quote(ts_hi) FROM leafd_worker") == before)
        #expect(try session.listWorkers().skipped.count == 1)
    }

    /// The start with a newly configured worker id goes on with the lease that the journal has, and only renews it.
    @Test func `that were leased become the machine's with the first renewal that says so`() throws {
        let row = WorkerRow(worker: 0, holder: "me", machine: "", host: "h", generation: 1, lastTime: 2_000_000)
        let standing = WorkerStanding(now: 1_000_000, format: WorkerClaim.format, hold: nil)
        func machine(of row: WorkerRow, renewedBy machine: String) throws -> String? {
            let renewal = WorkerRenewal.of(0, lastTime: 2_000_000, machine: machine)
            guard case .write(let new, _) = try WorkerRule.renew(renewal, .row(row), standing) else { return nil }
            return new.machine
        }
        #expect(try machine(of: row, renewedBy: "m1") == "m1")
        // It is never taken from one.
        let own = WorkerRow(worker: 0, holder: "me", machine: "m1", host: "h", generation: 1, lastTime: 2_000_000)
        #expect(try machine(of: own, renewedBy: "") == "m1")
        #expect(try machine(of: own, renewedBy: "m2") == "m1")
    }

    /// Hosts may have different horizons: a lift goes by the farthest that any of them was granted.
    @Test func `are raised as far as any host's lease may reach, not the lifter's`() throws {
        let lastTime = try #require(try session.claim(.leased()).lastTime)
        _ = try session.renew([.of(0, lastTime: lastTime, ahead: 36_000_000)])
        _ = try session.claim(.leased("you"))
        let now = try session.listWorkers().databaseTime
        try lift(expected: 0, hold: 1000)
        let rows = try session.listWorkers().rows
        #expect(rows.count == 2 && rows.allSatisfy { $0.lastTime >= now + 36_000_000 })
    }

    /// A planned switchover in a fleet that makes no snowflakes must not keep its first one waiting for hours.
    @Test func `that never were any are held for the hold alone`() throws {
        let now = try session.listWorkers().databaseTime
        try lift(expected: 0, hold: 1000)
        #expect(try #require(try session.listWorkers().heldUntil) < now + 600_000)
    }
}
