import Foundation
import LeafCore
import LeafStore
import LeafTestKit
import Testing

@testable import LeafStoreSQL

/// What keeps the calls of all daemons apart, and what is read anew within them.
@Suite struct `Worker ids, one call at a time` {
    /// Gives up waiting for a lock after a second.
    private static func impatient(_ fixture: SQLFixture, table: String = "leaf_alloc") throws -> SQLSession {
        try fixture.store(table: table, queryTimeout: .seconds(1)).open(knownStore: nil)
    }

    /// Also among daemons of other central tables. That a row is written only as it was read would not do: a claim reads all of
    /// them, a renewal the hold.
    @Test(arguments: Database.allCases)
    func `wait for whoever has the turn`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let first = try fixture.open()
        let claimed = try first.claim(.leased())
        _ = try Self.impatient(fixture, table: "others")
        let calls: [(String, (SQLSession) throws -> Void)] = [
            ("a claim", { _ = try $0.claim(.leased()) }),
            ("a renewal", { _ = try $0.renew([.of(0, ahead: 3_600_000)]) }),
            ("a release", { _ = try $0.releaseWorker(0) }),
            (
                "a lift",
                { _ = try $0.lift(CounterLift(expected: nil, server: nil, floors: [:], gap: 10, workerHold: 600_000)) }
            ),
        ]
        for (name, call) in calls {
            let other = try Self.impatient(fixture, table: "others")
            try first.connection.begin()
            try first.put(WorkerStanding.Name.turn, "mine")
            #expect(throws: StoreError.self, "\(name)") { try call(other) }
            first.connection.rollback()
            other.close()
        }
        let rows = try first.listWorkers().rows
        #expect(rows.map(\.holder) == ["me"] && rows.first?.lastTime == claimed.lastTime)
        #expect(try fixture.state("snowflake/hold") == nil)
    }

    /// Two in one call, of which the second one's traces are gone.
    @Test(arguments: Database.allCases)
    func `are renewed only where the traces of each agent are there`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open(facts: "me")
        for name in ["me", "you"] { _ = try session.beat(name, over: nil, 3, nonce: "n") }
        _ = try session.claim(.leased())
        for lost in ["me", "you"] {
            let session = try fixture.open(facts: lost)
            try fixture.sql("UPDATE leafd_agent SET beat = 2 WHERE agent_id = '\(lost)'")
            let renewals = ["me", "you"].map { name in
                WorkerRenewal.of(0, ahead: 3_600_000, agent: AgentMark(agentID: name, beat: 3))
            }
            #expect(try storeError(.wentBackward) { _ = try session.renew(renewals) }.isSessionLost)
            try fixture.sql("UPDATE leafd_agent SET beat = 3")
        }
        let row = try #require(try fixture.open().listWorkers().rows.first)
        #expect(row.lastTime < (try fixture.open().listWorkers().databaseTime) + 100_000)
    }

    /// The clock is read after the turn has come, whatever time zone the session has: who waits for it for an hour must not lease
    /// by the time of before, nor take over by that of another zone.
    @Test(arguments: Database.allCases)
    func `go by the time of the moment, in any time zone`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        func time() throws -> Int64 { try SQLWorkers(session: session).standing().now }
        let utc = try time()
        // Around the tests' own clock, which is the server's.
        #expect(abs(utc - Int64(Date().timeIntervalSince1970 * 1000)) < 600_000)
        let zone = database == .mariadb ? "SET SESSION time_zone = '-11:00'" : "SET TIME ZONE 'Pacific/Pago_Pago'"
        _ = try session.connection.run(SQLStatement(SQLText(zone)))
        let elsewhere = try time()
        #expect(elsewhere >= utc && elsewhere - utc < 600_000)
        try session.connection.begin()
        let before = try time()
        let pause = database == .mariadb ? "SELECT SLEEP(0.05)" : "SELECT pg_sleep(0.05)"
        _ = try session.connection.run(SQLStatement(SQLText(pause, returnsRows: true)))
        #expect(try time() >= before + 40, "the time at which the transaction began")
        session.connection.rollback()
    }
}
