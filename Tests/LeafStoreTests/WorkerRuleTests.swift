import LeafStore
import Testing

/// The decisions by themselves, at a clock of 1,000,000 ms.
@Suite struct `The rules for worker ids` {
    private static let now: Int64 = 1_000_000
    private static let format = WorkerClaim.format

    private static func standing(format: String? = format, hold: String? = nil) -> WorkerStanding {
        WorkerStanding(now: now, format: format, hold: hold)
    }

    private static func row(
        _ worker: Int, _ holder: String = "other", machine: String = "", generation: Int64 = 3,
        lastTime: Int64 = now + 1
    ) -> WorkerRow {
        WorkerRow(
            worker: worker, holder: holder, machine: machine, host: "h", generation: generation, lastTime: lastTime)
    }

    /// `2/4 to 1060000 over 2`, or the answer.
    private static func claim(
        _ claim: WorkerClaim, _ rows: [WorkerRow], _ standing: WorkerStanding = standing()
    ) throws -> String {
        switch try WorkerRule.claim(claim, rows.map { .row($0) }, standing) {
        case .answer(let result): return result.summary
        case .write(let row, let old):
            #expect(row.holder == claim.holder && row.host == claim.host)
            #expect(old == nil || rows.contains(old!))
            return "\(row.worker)/\(row.generation) to \(row.lastTime)"
        }
    }

    private static func renew(
        _ renewal: WorkerRenewal, _ row: WorkerRow?, _ standing: WorkerStanding = standing()
    ) throws -> String {
        switch try WorkerRule.renew(renewal, row.map { .row($0) }, standing) {
        case .answer(let result): return result.summary
        case .write(let new, let old):
            #expect(old == row)
            return
                "\(new.holder)/\(new.generation) to \(new.lastTime)\(new.machine.isEmpty ? "" : " of \(new.machine)")"
        }
    }

    // MARK: Leased

    @Test func `the lowest one without a row comes first`() throws {
        #expect(try Self.claim(.leased(), []) == "0/1 to 1060000")
        #expect(try Self.claim(.leased(), [Self.row(0), Self.row(2)]) == "1/1 to 1060000")
        #expect(try Self.claim(.leased(workers: 2), [Self.row(0, lastTime: 5)]) == "1/1 to 1060000")
    }

    @Test func `then the one whose time has been over longest, not one whose time is now`() throws {
        let rows = [Self.row(0, lastTime: Self.now), Self.row(1, lastTime: Self.now - 1), Self.row(2, lastTime: 7)]
        #expect(try Self.claim(.leased(workers: 3), rows) == "2/4 to 1060000")
        #expect(try Self.claim(.leased(workers: 2), Array(rows.prefix(2))) == "1/4 to 1060000")
        #expect(try Self.claim(.leased(workers: 1), Array(rows.prefix(1))) == "taken 0 other")
        let even = [Self.row(0, lastTime: 9), Self.row(1, lastTime: 9)]
        #expect(try Self.claim(.leased(workers: 2), even) == "0/4 to 1060000")
    }

    @Test func `one that belongs to a machine is never leased, and a last generation is the last`() throws {
        let rows = [Self.row(0, machine: "m1", lastTime: 7), Self.row(1, generation: .max, lastTime: 8)]
        #expect(try Self.claim(.leased(workers: 2), rows) == "taken 0 other, 1 other")
    }

    // MARK: Configured

    private static let own = WorkerHold(worker: 2, holder: "before", generation: 3)

    /// The row that is found, what is succeeded, and what comes of it.
    static let configured: [(WorkerRow?, WorkerHold?, String)] = [
        (nil, nil, "2/1 to 1060000"),
        // Of the same machine.
        (row(2, machine: "m1", lastTime: now), nil, "taken 2 other"),
        (row(2, machine: "m1", lastTime: now - 1), nil, "2/4 to 1060000"),
        (row(2, "before", machine: "m1", lastTime: now + 99_999), own, "2/4 to 1099999"),
        (row(2, "before", machine: "m1", generation: 4), own, "taken 2 before"),
        (row(2, "twin", machine: "m1"), own, "taken 2 twin"),
        (
            row(2, "before", machine: "m1"), WorkerHold(worker: 1, holder: "before", generation: 3), "taken 2 before"
        ),
        // Of another one, whatever the time.
        (row(2, machine: "m2", lastTime: 7), nil, "taken 2 other"),
        (row(2, "before", machine: "m2", lastTime: 7), own, "taken 2 before"),
        // Of nobody: leased, or released.
        (row(2, lastTime: now), nil, "taken 2 other"),
        (row(2, lastTime: now - 1), nil, "2/4 to 1060000"),
        (row(2, "before"), own, "taken 2 before"),
        (row(2, "", lastTime: now - 1), nil, "2/4 to 1060000"),
    ]

    @Test(arguments: configured)
    func `a configured one is for its machine alone, and before its time is over only for who succeeds exactly`(
        found: WorkerRow?, succeeding: WorkerHold?, outcome: String
    ) throws {
        let claim = WorkerClaim.configured(2, succeeding: succeeding)
        #expect(try Self.claim(claim, found.map { [$0] } ?? []) == outcome)
        if case .write(let new, _) = try WorkerRule.claim(claim, found.map { [.row($0)] } ?? [], Self.standing()) {
            #expect(new.machine == "m1")
        }
    }

    @Test func `a claim never lowers the last time`() throws {
        let old = Self.row(2, "before", machine: "m1", lastTime: Self.now + 100_000)
        #expect(try Self.claim(.configured(2, succeeding: Self.own), [old]) == "2/4 to 1100000")
    }

    // MARK: What stops a claim

    @Test func `another format stops a claim and a renewal, and is named`() throws {
        let other = Self.standing(format: "another")
        #expect(try Self.claim(.leased(), [], other) == "format another")
        #expect(try Self.claim(.configured(2), [], other) == "format another")
        #expect(try Self.renew(.of(0), Self.row(0, "me", generation: 1), other) == "format another")
        #expect(try Self.renew(.of(0, lastTime: Self.now), nil, Self.standing(format: nil)) == "me/1 to 1060000")
    }

    @Test func `a hold stops every claim until its time, and no renewal`() throws {
        for hold in ["1000000", "1000001", "9000000"] {
            #expect(try Self.claim(.leased(), [], Self.standing(hold: hold)) == "held")
            #expect(try Self.claim(.configured(2), [], Self.standing(hold: hold)) == "held")
            let mine = Self.row(0, "me", generation: 1, lastTime: 5)
            #expect(
                try Self.renew(.of(0, lastTime: Self.now), mine, Self.standing(hold: hold)) == "me/1 to 1060000")
        }
        #expect(try Self.claim(.leased(), [], Self.standing(hold: "999999")) == "0/1 to 1060000")
        let error = try storeError(.conflict) { _ = try Self.claim(.leased(), [], Self.standing(hold: "soon")) }
        #expect(error.message.contains("snowflake/hold") && error.message.contains("soon"))
    }

    // MARK: Renewals

    /// The row that is found for a holder `me` of generation 3 with a last time of 1,000,500, and what comes of it.
    static let renewals: [(WorkerRow?, String?, String)] = [
        // It was leased, and is configured by now: from now on it is this machine's.
        (row(0, "me", lastTime: 5), nil, "me/3 to 1060000 of m1"),
        (row(0, "me", machine: "m9", lastTime: now + 70_000), nil, "me/3 to 1070000 of m9"),
        // The database has lost it.
        (nil, nil, "me/3 to 1060000 of m1"),
        (row(0, "me", generation: 2, lastTime: now + 5), nil, "me/3 to 1060000 of m1"),
        (row(0, "other", generation: 2, lastTime: now - 1), nil, "me/3 to 1060000 of m1"),
        (row(0, "other", generation: 2, lastTime: now + 70_000), "1000001", "me/3 to 1070000 of m1"),
        // Somebody has come since, and is alive.
        (row(0, "other", generation: 2, lastTime: now), nil, "lost to other/2"),
        (row(0, "other", generation: 2, lastTime: now), "999999", "lost to other/2"),
        (row(0, "other", generation: 2, lastTime: now), "soon", "lost to other/2"),
        (row(0, "other", generation: 3, lastTime: 5), nil, "lost to other/3"),
        (row(0, "other", generation: 3, lastTime: 5), "1000001", "lost to other/3"),
        (row(0, "me", generation: 4, lastTime: 5), nil, "lost to me/4"),
        (row(0, "", generation: 4, lastTime: now + 5), "1000001", "lost to /4"),
    ]

    @Test(arguments: renewals)
    func `a renewal moves the own row, puts a lost one right, and takes none from who is alive`(
        found: WorkerRow?, hold: String?, outcome: String
    ) throws {
        let renewal = WorkerRenewal.of(0, generation: 3, lastTime: Self.now + 500, machine: "m1")
        #expect(try Self.renew(renewal, found, Self.standing(hold: hold)) == outcome)
    }

    @Test func `a holder whose time is over puts nothing right that the database has lost`() throws {
        let late = WorkerRenewal.of(0, generation: 3, lastTime: Self.now - 1)
        #expect(try Self.renew(late, nil) == "lost to /3")
        #expect(try Self.renew(late, Self.row(0, "me", generation: 2, lastTime: 5)) == "lost to me/2")
        #expect(try Self.renew(late, Self.row(0, "me", lastTime: 5)) == "me/3 to 1060000")
        #expect(try Self.renew(.of(0, generation: 3, lastTime: Self.now), nil) == "me/3 to 1060000")
    }

    @Test func `a holder whose time was over before a hold's end claims anew`() throws {
        let late = WorkerRenewal.of(0, generation: 3, lastTime: 900_000)
        let row = Self.row(0, "me", lastTime: 2_000_000)
        #expect(try Self.renew(late, row, Self.standing(hold: "900001")) == "lost to me/3")
        #expect(try Self.renew(late, row, Self.standing(hold: "2000000")) == "lost to me/3")
        #expect(try Self.renew(late, row, Self.standing(hold: "soon")) == "lost to me/3")
        #expect(try Self.renew(late, row, Self.standing(hold: "900000")) == "me/3 to 2000000")
    }

    @Test func `a new holder begins above the last hold`() throws {
        #expect(try WorkerRule.above(nil, Self.standing()) == -1)
        #expect(try WorkerRule.above(nil, Self.standing(hold: "900000")) == 900_000)
        #expect(try WorkerRule.above(Self.row(0, lastTime: 800_000), Self.standing(hold: "900000")) == 900_000)
        #expect(try WorkerRule.above(Self.row(0, lastTime: 950_000), Self.standing(hold: "900000")) == 950_000)
    }

    @Test func `a renewal goes as far as the holder has been told already`() throws {
        let renewal = WorkerRenewal.of(0, lastTime: Self.now + 80_000)
        #expect(try Self.renew(renewal, Self.row(0, "me", generation: 1)) == "me/1 to 1080000")
        #expect(try Self.renew(renewal, nil) == "me/1 to 1080000")
    }

    // MARK: Release

    @Test func `a release ends holder and machine, keeps the last time, and is done once`() throws {
        let old = Self.row(1, machine: "m1")
        let new = WorkerRow(worker: 1, holder: "", machine: "", host: "h", generation: 4, lastTime: old.lastTime)
        #expect(try WorkerRule.release(.row(old), worker: 1) == .write(new, over: old))
        #expect(try WorkerRule.release(.row(new), worker: 1) == .answer(new))
        #expect(try storeError(.conflict) { _ = try WorkerRule.release(nil, worker: 7) }.message.contains("7"))
    }

    // MARK: Ends of the numbers, and what cannot be read

    @Test func `no number wraps`() throws {
        let last = Self.row(2, "before", machine: "m1", generation: .max, lastTime: 5)
        try storeError(.conflict) { _ = try Self.claim(.configured(2), [last]) }
        try storeError(.conflict) { _ = try WorkerRule.release(.row(last), worker: 2) }
        try storeError(.conflict) { _ = try Self.claim(.leased(ahead: .max), []) }
        try storeError(.conflict) { _ = try Self.claim(.leased(ahead: .max - Self.now + 1), []) }
        #expect(try Self.claim(.leased(ahead: .max - Self.now), []) == "0/1 to \(Int64.max)")
        try storeError(.conflict) { _ = try Self.renew(.of(0, lastTime: Self.now, ahead: .max), nil) }
    }

    @Test func `a row that cannot be read is nobody's, and stops only who needs it`() throws {
        let damaged = WorkerEntry.damaged(worker: 0, "the row of 0 is odd")
        func leased(_ workers: Int, _ entries: [WorkerEntry]) throws -> String {
            guard case .write(let row, _) = try WorkerRule.claim(.leased(workers: workers), entries, Self.standing())
            else { return "none" }
            return "\(row.worker)"
        }
        #expect(try leased(2, [damaged]) == "1")
        #expect(try leased(2, [damaged, .row(Self.row(1, lastTime: 5))]) == "1")
        let error = try storeError(.conflict) { _ = try leased(2, [damaged, .row(Self.row(1))]) }
        #expect(error.message == "the row of 0 is odd" && !error.isOutage)
        try storeError(.conflict) {
            _ = try WorkerRule.claim(.configured(0), [damaged], Self.standing())
        }
        #expect(
            try WorkerRule.renew(.of(0), damaged, Self.standing()) == .answer(.unsupported("the row of 0 is odd")))
        try storeError(.conflict) { _ = try WorkerRule.release(damaged, worker: 0) }
    }
}
