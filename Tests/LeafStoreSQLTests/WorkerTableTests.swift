import Foundation
import LeafCore
import LeafStore
import LeafTestKit
import Testing

@testable import LeafStoreSQL

/// A `leafd_worker` that is not what it was, or not fit.
@Suite struct `A table of worker ids that is not what it was` {
    /// - Parameter expected: nil: an operator's.
    private static func lift(_ session: SQLSession, expected: Int64? = nil, hold: Int64) throws {
        _ = try session.lift(
            CounterLift(
                expected: expected, server: nil, floors: [:], gap: 10, workerHold: hold, workerHorizon: 7_200_000,
                isLossOfAnyAge: expected == nil))
    }

    /// Rows are never deleted, and the first comes with the format: none at all is a loss.
    @Test(arguments: Database.allCases)
    func `has lost its rows, and gives none out before a lift`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let lastTime = try #require(try session.claim(.leased()).lastTime)
        try fixture.sql("DELETE FROM leafd_worker")
        for claim in [WorkerClaim.leased("you"), .configured(2, holder: "you")] {
            #expect(try session.claim(claim).summary.hasPrefix("went backward"))
        }
        let renewal = WorkerRenewal.of(0, lastTime: lastTime)
        #expect(try session.renew([renewal]).allSatisfy { $0.summary.hasPrefix("went backward") })
        let now = try session.listWorkers().databaseTime
        try Self.lift(session, expected: 0, hold: 1000)
        // Nobody can say how old the lost leases are.
        let until = try #require(try session.listWorkers().heldUntil)
        #expect(until >= now + 7_200_000)
        // Its holder puts it right, and nobody else gets one before the others had the time for that.
        #expect(try session.renew([renewal]).map(\.summary) == ["renewed"])
        #expect(try session.claim(.leased("you")).summary == "held")
        try fixture.sql("UPDATE leafd_state SET value = '\(now - 1)' WHERE name = 'snowflake/hold'")
        #expect(try session.claim(.leased("you")).summary == "1/1 above \(now - 1)")
    }

    /// Where no holder is left, a lift lets others begin, above whatever the lost ones may have been told.
    @Test(arguments: Database.allCases)
    func `is empty after a lift, and begins anew once the hold is over`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        _ = try session.claim(.leased())
        try fixture.sql("DELETE FROM leafd_worker")
        try Self.lift(session, hold: 1000)
        #expect(try session.claim(.leased("you")).summary == "held")
        let now = try session.listWorkers().databaseTime
        try fixture.sql("UPDATE leafd_state SET value = '\(now - 1)' WHERE name = 'snowflake/hold'")
        #expect(try session.claim(.leased("you")).summary == "0/1 above \(now - 1)")
    }

    /// A backup may be older than any hold: worker ids that were claimed since have no row, and a lease up to the horizon.
    @Test(arguments: Database.allCases)
    func `is held by an operator's lift as long as a lost lease may last`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        _ = try session.claim(.leased())
        let now = try session.listWorkers().databaseTime
        try Self.lift(session, hold: 600_000)
        #expect(try #require(try session.listWorkers().heldUntil) >= now + 7_200_000)
    }

    /// Its rows are the database's, whatever central table a host uses.
    @Test(arguments: Database.allCases)
    func `on another server gives none out to a host with a new central table`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        _ = try fixture.open(facts: "me").claim(.leased())
        try fixture.sql("UPDATE leafd_state SET value = 'the old one' WHERE name = 'snowflake/server'")
        let other = try fixture.store(table: "others").open(knownStore: nil)
        let facts = try other.facts(agentID: "you")
        // As for its own table nothing tells against it.
        #expect(facts.recordedServer == facts.server)
        #expect(try other.claim(.leased("you")).summary.hasPrefix("went backward"))
        #expect(try other.renew([.of(0, lastTime: .max / 4)]).allSatisfy { $0.summary.hasPrefix("went backward") })
        try Self.lift(other, expected: 0, hold: 1000)
        #expect(try other.claim(.leased("you")).summary == "held")
    }

    /// With a hold of 0, too: what a lost renewal may have reached has nothing to do with it.
    @Test(arguments: Database.allCases)
    func `is raised above lost renewals also where there is no hold`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let now = try session.listWorkers().databaseTime
        try fixture.insert(0, "a", lastTime: 5)
        try Self.lift(session, hold: 0)
        #expect(try #require(try session.listWorkers().rows.first).lastTime >= now + 7_200_000)
    }

    /// Whoever makes no snowflakes has nothing to do with it.
    @Test(arguments: Database.allCases)
    func `may be read and not written, and stops no lease`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        let user = try fixture.makeLimitedUser(mayUpdate: "leaf_alloc")
        for table in ["leafd_state", "leafd_agent"] { try fixture.grant(user, table) }
        try fixture.sql("GRANT SELECT ON leafd_worker TO \(user)\(database == .mariadb ? "@'%'" : "")")
        let session = try fixture.store(user: user).open(knownStore: id)
        #expect(try session.lease("orders").lease != nil)
        let text = try session.claim(.leased()).summary
        #expect(text.hasPrefix("unsupported") && text.contains("leafd_worker") && text.contains("GRANT"), "\(text)")
    }

    /// What Docs/Databases.md names is enough.
    @Test(arguments: Database.allCases)
    func `needs no DELETE`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        let user = try fixture.makeLimitedUser(mayUpdate: "leaf_alloc")
        try fixture.grant(user, "leafd_state")
        for table in ["leafd_agent", "leafd_worker"] {
            try fixture.sql(
                "GRANT SELECT, INSERT, UPDATE ON \(table) TO \(user)\(database == .mariadb ? "@'%'" : "")")
        }
        let session = try fixture.store(user: user).open(knownStore: id)
        #expect(try session.claim(.leased()).summary == "0/1 above -1")
    }

    /// An earlier or later schema, or an engine without transactions.
    @Test(arguments: Database.allCases)
    func `does not fit, is named, and stops no lease`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let id = try fixture.open(tag: "orders").storeID
        let changes =
            database == .mariadb
            ? ["DROP COLUMN seen_at", "ADD COLUMN seen_at TIMESTAMP, ENGINE = MyISAM"]
            : ["DROP COLUMN seen_at", "ADD COLUMN seen_at TIMESTAMP, SET UNLOGGED"]
        for change in changes {
            for part in database == .postgresql ? change.components(separatedBy: ", ") : [change] {
                try fixture.sql("ALTER TABLE leafd_worker \(part)")
            }
            let session = try fixture.store(createSchema: false).open(knownStore: id)
            #expect(try session.lease("orders").lease != nil, "\(change)")
            // What only a statement shows comes as an error, which concerns worker ids alone.
            var text = ""
            do throws(StoreError) { text = try session.claim(.leased()).summary } catch {
                text = "\(error.code): \(error)"
            }
            #expect(text.hasPrefix("unsupported") || text.hasPrefix("misconfigured"), "\(change): \(text)")
            #expect(text.contains("leafd_worker"), "\(change): \(text)")
        }
    }
}
