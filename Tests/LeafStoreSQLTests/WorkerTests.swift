import LeafCore
import LeafStore
import LeafTestKit
import Testing

@testable import LeafStoreSQL

@Suite struct `Worker ids in a database server` {
    @Test(arguments: Database.allCases)
    func `are claimed one after the other, and written down with the format`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let before = try session.listWorkers()
        #expect(before.format == nil && before.rows == [])
        let results = try (0..<3).map { _ in try session.claim(.leased()) }
        #expect(results.map(\.summary) == ["0/1 above -1", "1/1 above -1", "2/1 above -1"])
        let after = try session.listWorkers()
        for result in results {
            guard case .claimed(_, _, _, let lastTime, let time) = result else { continue }
            #expect(lastTime == time + 60_000 && before.databaseTime <= time && time <= after.databaseTime)
        }
        #expect(after.format == WorkerClaim.format && after.heldUntil == nil && after.skipped == [])
        let first = WorkerRow(
            worker: 0, holder: "me", machine: "", host: "host-a", generation: 1,
            lastTime: try #require(results[0].lastTime))
        #expect(after.rows.map(\.worker) == [0, 1, 2] && after.rows[0] == first)
    }

    /// The server's and the session's time zones are far from UTC, so that one forgotten would show.
    @Test(arguments: Database.allCases)
    func `go by the database's clock, in milliseconds since 1970, whatever its time zone`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let zone = database == .mariadb ? "SET time_zone = '+11:00'" : "SET TIME ZONE 'Australia/Sydney'"
        _ = try session.connection.run(SQLStatement(SQLText(zone)))
        let stamp = database == .mariadb ? "UNIX_TIMESTAMP(NOW(6))" : "EXTRACT(EPOCH FROM now())"
        func clock() throws -> Int64 { Int64(try #require(Double(try fixture.sql("SELECT \(stamp)"))) * 1000) }
        let before = try clock()
        let time = try session.listWorkers().databaseTime
        #expect(try before <= time + 1 && time <= clock() + 1)
    }

    @Test(arguments: Database.allCases)
    func `are taken over only when their time is over, and above it`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let now = try session.listWorkers().databaseTime
        try fixture.insert(0, "a", lastTime: now + 3_600_000)
        try fixture.insert(1, "b", lastTime: now + 3_600_000)
        try fixture.insert(7, "c", lastTime: 5)
        #expect(try session.claim(.leased(workers: 2)).summary == "taken 0 a, 1 b")
        #expect(try fixture.state("snowflake/format") == nil)
        try fixture.sql("UPDATE leafd_worker SET ts_hi = \(now - 500) WHERE worker_id = 0")
        try fixture.sql("UPDATE leafd_worker SET ts_hi = \(now - 900) WHERE worker_id = 1")
        #expect(try session.claim(.leased(workers: 2)).summary == "1/4 above \(now - 900)")
        #expect(try session.claim(.leased(workers: 2)).summary == "0/4 above \(now - 500)")
        #expect(try session.claim(.leased(workers: 2)).summary == "taken 0 me, 1 me")
    }

    @Test(arguments: Database.allCases)
    func `that are configured are for one machine`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        #expect(try session.claim(.configured(2)).summary == "2/1 above -1")
        #expect(try session.claim(.configured(2)).summary == "taken 2 me")
        let lastTime = try #require(try session.listWorkers().rows.first).lastTime
        let own = WorkerHold(worker: 2, holder: "me", generation: 1)
        let next = try session.claim(.configured(2, holder: "next", succeeding: own, ahead: 0))
        #expect(next.summary == "2/2 above \(lastTime)" && next.lastTime == lastTime)
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5")
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "taken 2 next")
        #expect(try session.claim(.leased(workers: 3)).summary == "0/1 above -1")
        #expect(try session.claim(.leased(workers: 3)).summary == "1/1 above -1")
        #expect(try session.claim(.leased(workers: 3)).summary.hasPrefix("taken"))
        #expect(try session.claim(.configured(2)).summary == "2/3 above 5")
        #expect(try session.claim(.configured(4)).summary.hasPrefix("unsupported"))
    }

    @Test(arguments: Database.allCases)
    func `of another format are refused, to claims and to renewals`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        _ = try session.claim(.leased())
        #expect(try session.claim(.leased(format: "another")).summary == "format \(WorkerClaim.format)")
        #expect(try session.renew([.of(0, format: "another")]).map(\.summary) == ["format \(WorkerClaim.format)"])
        #expect(try fixture.state("snowflake/format") == WorkerClaim.format)
        try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/format'")
        let results = try session.renew([.of(0), .of(1, format: "another")])
        #expect(results.map(\.summary) == ["renewed", "format \(WorkerClaim.format)"])
        #expect(try fixture.state("snowflake/format") == WorkerClaim.format)
    }

    // MARK: At the same time

    /// Daemons of two central tables wait for each other too.
    @Test(arguments: Database.allCases)
    func `of eight who claim at once are eight, and of eight who want one it is one`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let stores = try ["leaf_alloc", "others"].map { try fixture.store(table: $0) }
        for store in stores { try store.open(knownStore: nil).close() }
        func claimAll() throws -> [WorkerClaimResult] {
            try onThreads(8) { index in
                let session = try stores[index % 2].open(knownStore: nil)
                defer { session.close() }
                return try session.claimPatiently(.leased("h\(index)", workers: 8))
            }
        }
        #expect(Set(try claimAll().map(\.summary)) == Set((0..<8).map { "\($0)/1 above -1" }))
        for round in 0..<5 {
            try fixture.sql("UPDATE leafd_worker SET ts_hi = 5 WHERE worker_id = 3")
            let again = try claimAll()
            #expect(again.count { $0.summary == "3/\(2 + round) above 5" } == 1)
            #expect(again.count { $0.lastTime != nil } == 1, "\(again.map(\.summary))")
        }
    }

    @Test(arguments: Database.allCases)
    func `of daemons of two formats that claim first at once go to those of one`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let stores = try ["leaf_alloc", "others"].map { try fixture.store(table: $0) }
        for store in stores { try store.open(knownStore: nil).close() }
        for _ in 0..<10 {
            try fixture.sql("DELETE FROM leafd_worker")
            try fixture.sql("DELETE FROM leafd_state WHERE name = 'snowflake/format'")
            let claimed = try onThreads(6) { index in
                let session = try stores[index % 2].open(knownStore: nil)
                defer { session.close() }
                let result = try session.claimPatiently(.leased(workers: 8, format: "f\(index % 2)"))
                return result.lastTime == nil ? "" : "f\(index % 2)"
            }
            let format = try #require(try fixture.state("snowflake/format"))
            #expect(claimed.sorted() == ["", "", "", format, format, format])
        }
    }

    /// What a session sets up, and a pooler or an operator may not keep.
    @Test(arguments: Database.allCases)
    func `of those who claim at once at any isolation are as many`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let stores = try ["leaf_alloc", "others"].map { try fixture.store(table: $0) }
        for store in stores { try store.open(knownStore: nil).close() }
        for (round, level) in ["REPEATABLE READ", "SERIALIZABLE"].enumerated() {
            let set =
                database == .mariadb
                ? "SET SESSION TRANSACTION ISOLATION LEVEL \(level)"
                : "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL \(level)"
            let claimed = try onThreads(6) { index in
                let session = try stores[index % 2].open(knownStore: nil)
                defer { session.close() }
                _ = try session.connection.run(SQLStatement(SQLText(set)))
                return try session.claimPatiently(.leased("h\(index)", workers: 12))
            }
            #expect(Set(claimed.map(\.summary)) == Set((0..<6).map { "\(round * 6 + $0)/1 above -1" }), "\(level)")
        }
    }

    // MARK: Renewals and release

    @Test(arguments: Database.allCases)
    func `are renewed together, each from its own row`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let now = try session.listWorkers().databaseTime
        for _ in 0..<4 { _ = try session.claim(.leased(ahead: 10)) }
        try fixture.insert(9, "other", lastTime: now + 3_600_000)
        try fixture.sql("DELETE FROM leafd_worker WHERE worker_id = 1")
        try fixture.sql("UPDATE leafd_worker SET holder = 'other' WHERE worker_id = 2")
        let results = try session.renew([
            .of(0, lastTime: now + 7_000_000), .of(1, lastTime: now + 600_000, machine: "m1"), .of(2),
            .of(3, ahead: 0), .of(9),
        ])
        #expect(results.map(\.summary) == ["renewed", "renewed", "lost to other/1", "renewed", "lost to other/3"])
        #expect(results[0].lastTime == now + 7_000_000)
        let after = try session.listWorkers().rows
        #expect(after[0].lastTime == now + 7_000_000 && after[0].host == "host-b")
        #expect(after[1].holder == "me" && after[1].machine == "m1" && after[1].generation == 1)
        #expect(after[1].lastTime == results[1].lastTime && after[2].holder == "other")
        // Never lowered; and twice the same, which MySQL does not count as a change.
        for _ in 0..<3 {
            let granted = try #require(try session.renew([.of(0, lastTime: now + 5, ahead: 0)]).first?.lastTime)
            #expect(granted < now + 1_000_000)
            #expect(try session.listWorkers().rows[0].lastTime == now + 7_000_000)
        }
        #expect(try session.renew([]) == [])
    }

    @Test(arguments: Database.allCases)
    func `that the database has lost to somebody who is alive are lost`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let now = try session.listWorkers().databaseTime
        try fixture.insert(0, "newcomer", generation: 2, lastTime: now + 3_600_000)
        #expect(
            try session.renew([.of(0, generation: 3, lastTime: now + 600_000)]).map(\.summary) == ["lost to newcomer/2"]
        )
        try fixture.sql("INSERT INTO leafd_state VALUES ('snowflake/hold', '\(now + 3_600_000)')")
        let granted = try #require(
            try session.renew([.of(0, generation: 3, lastTime: now + 600_000)]).first?.lastTime)
        #expect(granted >= now + 600_000)
        #expect(try session.listWorkers().rows.first?.lastTime == now + 3_600_000)
        #expect(try session.listWorkers().rows.first?.holder == "me")
    }

    @Test(arguments: Database.allCases)
    func `that are released are free once their time is over, and gone for their holder`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.open()
        let claimed = try session.claim(.configured(2))
        let released = try session.releaseWorker(2)
        #expect(released.holder == "" && released.machine == "" && released.generation == 2)
        #expect(released.lastTime == claimed.lastTime)
        #expect(try session.releaseWorker(2) == released)
        #expect(try session.listWorkers().rows == [released])
        #expect(try session.renew([.of(2)]).map(\.summary) == ["lost to /2"])
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "taken 2 ")
        try fixture.sql("UPDATE leafd_worker SET ts_hi = 5")
        #expect(try session.claim(.configured(2, machine: "m2")).summary == "2/3 above 5")
        #expect(try storeError(.conflict) { _ = try session.releaseWorker(3) }.message.contains("worker id 3"))
    }
}

extension SQLFixture {
    /// A row of `leafd_worker`, past leafd.
    func insert(_ worker: Int, _ holder: String, machine: String = "", generation: Int64 = 3, lastTime: Int64) throws {
        try sql(
            "INSERT INTO leafd_worker (worker_id, holder, machine, host, generation, ts_hi) "
                + "VALUES (\(worker), '\(holder)', '\(machine)', 'h', \(generation), \(lastTime))")
    }
}

extension SQLSession {
    /// Claims again after an error that says so, as the engine does.
    func claimPatiently(_ claim: WorkerClaim) throws -> WorkerClaimResult {
        for _ in 0..<200 {
            do throws(StoreError) {
                return try self.claim(claim)
            } catch {
                guard error.code == .transient, !error.isSessionLost else { throw error }
            }
        }
        throw TestProblem("200 conflicts")
    }
}
