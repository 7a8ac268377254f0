import LeafCore
import LeafStore
import LeafStoreSQL
import LeafTestKit
import Testing

@Suite struct `A session with a database server` {
    private static func registered(_ fixture: SQLFixture, beats: Int = 3) throws -> (SQLSession, AgentMark) {
        let session = try fixture.open(tag: "orders")
        _ = try session.facts(agentID: "me")
        var seen: AgentRow?
        for beat in 1...beats {
            let reply = try session.beat("me", over: seen, Int64(beat), nonce: "n\(beat)")
            try #require(reply.isAcknowledged)
            seen = AgentRow(beat: Int64(beat), nonce: "n\(beat)", isContested: false)
        }
        return (session, AgentMark(agentID: "me", beat: Int64(beats)))
    }

    @Test(arguments: Database.allCases)
    func `reads all facts: the store, the server, the row, the lifts`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let (session, _) = try Self.registered(fixture)
        let facts = try session.facts(agentID: "me")
        #expect(facts.storeID == session.storeID.text)
        #expect(facts.row == AgentRow(beat: 3, nonce: "n3", isContested: false))
        #expect(facts.hasAgents && facts.hasState && facts.lift == 0)
        #expect(facts.server?.hasPrefix(database.rawValue) == true)
        #expect(facts.recordedServer == facts.server)
        #expect(try session.facts(agentID: "somebody").row == nil)
    }

    @Test(arguments: Database.allCases)
    func `moves the row of an agent only from what was seen`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let (session, _) = try Self.registered(fixture)
        let wrong: [AgentRow?] = [
            nil, AgentRow(beat: 2, nonce: "n3", isContested: false), AgentRow(beat: 3, nonce: "n2", isContested: false),
        ]
        for seen in wrong { #expect(try !session.beat("me", over: seen, 4, nonce: "x").isAcknowledged) }
        #expect(
            try !session.beat("gone", over: AgentRow(beat: 1, nonce: "n", isContested: false), 2, nonce: "x")
                .isAcknowledged)
        #expect(try session.facts(agentID: "me").row?.beat == 3)
        try session.contest(agentID: "me")
        #expect(try session.facts(agentID: "me").row?.isContested == true)
        let seen = AgentRow(beat: 3, nonce: "n3", isContested: false)
        #expect(try !session.beat("me", over: seen, 4, nonce: "n4").isAcknowledged)
    }

    @Test(arguments: Database.allCases)
    func `moves it for one of eight who beat at the same time from the same row`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let (session, _) = try Self.registered(fixture)
        let store = try fixture.store()
        for seen in [AgentRow(beat: 3, nonce: "n3", isContested: false), nil] {
            let agent = seen == nil ? "new" : "me"
            let outcomes = try onThreads(8) { index in
                Result {
                    let session = try store.open(knownStore: nil)
                    defer { session.close() }
                    return try session.beat(agent, over: seen, 4, nonce: "m\(index)").isAcknowledged
                }
            }
            // In PostgreSQL and MySQL alike: the others are refused, or told of the row that came first.
            #expect(outcomes.count { (try? $0.get()) == true } == 1, "\(outcomes)")
            #expect(try session.facts(agentID: agent).row?.beat == 4)
        }
    }

    @Test(arguments: Database.allCases)
    func `leases nothing when the daemon's row is gone, older or the store's id another`(_ database: Database) throws {
        let accidents: [(String, StoreError.Code)] = [
            ("DELETE FROM leafd_agent", .wentBackward), ("UPDATE leafd_agent SET beat = 2", .wentBackward),
            (
                "UPDATE leafd_state SET value = '0123456789abcdef0123456789abcdef' WHERE name = 'store_id'",
                .foreignStore
            ),
            ("DELETE FROM leafd_state WHERE name = 'store_id'", .missing),
            ("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'", .wentBackward),
            ("DELETE FROM leafd_state WHERE name = 'server/leaf_alloc'", .wentBackward),
        ]
        for (accident, code) in accidents {
            let fixture = try SQLFixture(database)
            let (session, mark) = try Self.registered(fixture)
            try session.create("users")
            #expect(try session.lease("orders", 10, agent: mark).lease != nil)
            let counter = try fixture.counter(of: "orders")
            try fixture.sql(accident)
            let requests = try ["orders", "users"].map {
                LeaseRequest(tag: try Tag($0), count: 10, floor: 0, jump: 0, agent: mark)
            }
            for batch in [Array(requests.prefix(1)), requests] {
                let error = try storeError(code) { _ = try session.lease(batch) }
                #expect(error.isSessionLost, "\(accident)")
            }
            #expect(try fixture.counter(of: "orders") == counter, "\(accident)")
            #expect(try fixture.counter(of: "users") == 1, "\(accident)")
            // Nor is a tag made.
            try storeError(code) {
                let session = try fixture.store().open(knownStore: session.storeID)
                _ = try session.facts(agentID: "me")
                try session.create("new", agent: mark)
            }
            #expect(try fixture.counter(of: "new") == nil)
        }
    }

    @Test(arguments: Database.allCases)
    func `does not compare servers with identity none`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let session = try fixture.store(identity: false).open(knownStore: nil)
        try session.create("orders")
        #expect(try session.facts(agentID: "me").server == nil)
        try fixture.sql("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'")
        #expect(try session.lease("orders", 10).lease != nil)
    }

    @Test(arguments: Database.allCases)
    func `beats on no other server`(_ database: Database) throws {
        let fixture = try SQLFixture(database)
        let (session, _) = try Self.registered(fixture)
        try fixture.sql("UPDATE leafd_state SET value = 'another' WHERE name = 'server/leaf_alloc'")
        let seen = AgentRow(beat: 3, nonce: "n3", isContested: false)
        try storeError(.wentBackward) { _ = try session.beat("me", over: seen, 4, nonce: "n4") }
        #expect(try fixture.sql("SELECT beat FROM leafd_agent") == "3")
    }
}
