import LeafClient
import LeafCore
import Testing

/// BUMP, FORGET and FENCE: what they change in the store, and what is issued afterwards.
struct FencingCommandTests {
    @Test func `BUMP raises where the next lease begins, and never lowers`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("BUMP orders 5000") == "+OK")
            #expect(store.counter("orders") == 5000)
            #expect(try connection.ask("BUMP orders 4999") == "+OK")
            #expect(store.counter("orders") == 5000)
            #expect(try connection.next("orders") == 5000)
        }
    }

    @Test func `BUMP ALL lifts every counter above what this host was leased, by the gap`() async throws {
        let store = MemoryStore()
        store.add(try Tag("untouched"), maxID: 40)
        try await TestDaemon.run(store) { daemon in
            #expect(try daemon.ask("NEXT", "orders") == .integer(1))
            let leased = try #require(store.counter("orders"))
            // Restored from a backup, by hand.
            store.add(try Tag("orders"), maxID: 1)
            #expect(try daemon.ask("BUMP", "ALL") == .simple("OK"))
            #expect(try #require(store.counter("orders")) >= leased + 1_000_000)
            #expect(store.counter("untouched") == 1_000_040)
            #expect(try daemon.ask("NEXT", "orders") == .integer(2))
        }
    }

    @Test func `after FENCE nothing of the stock held before is issued`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders") == 1)
            let leased = try #require(store.counter("orders"))
            let agents = store.agents
            #expect(try connection.ask("FENCE") == "+OK")
            #expect(try connection.next("orders") >= leased)
            #expect(store.agents.isStrictSuperset(of: agents))
        }
    }

    @Test func `FENCE gives the stock up though the store is away`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders") == 1)
            let leased = try #require(store.counter("orders"))
            store.goAway()
            #expect(try connection.ask("FENCE") == "+OK")
            #expect(try connection.command("NEXT", "orders").isError)
            store.comeBack()
            try await eventually("leases come again") {
                try connection.command("NEXT", "orders").integer ?? 0 >= leased
            }
        }
    }

    @Test func `a counter that was reset is followed after FORGET, and lifted without it`() async throws {
        for forgets in [true, false] {
            let store = MemoryStore()
            try await TestDaemon.run(store) { daemon in
                let connection = try daemon.connect()
                #expect(try connection.next("orders") == 1)
                let leased = try #require(store.counter("orders"))
                store.add(try Tag("orders"), maxID: 1)
                if forgets {
                    #expect(try connection.ask("FORGET orders") == "+OK")
                    #expect(try connection.next("orders") == 1)
                } else {
                    // The stock that is left, then a lease.
                    let ids = try connection.next("orders", count: Int(leased)).sorted()
                    #expect(ids.first == 2 && ids.last ?? 0 > leased + 1_000_000 && Set(ids).count == ids.count)
                }
            }
        }
    }

    @Test func `a dropped tag starts anew only after FORGET`() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders") == 1)
            #expect(try connection.ask("DROP orders") == "+OK")
            #expect(try connection.command("CREATE", "orders", "START", "1").errorPrefix == "ERR")
            #expect(try connection.ask("FORGET orders") == "+OK")
            #expect(try connection.ask("CREATE orders START 1") == "+OK")
            #expect(try connection.next("orders") == 1)
        }
    }

    @Test func `while the store is away nothing is bumped or forgotten, and the stock is still there`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders") == 1)
            store.goAway()
            for request in ["BUMP orders 5000", "BUMP ALL", "FORGET orders"] {
                #expect(try connection.ask(request) == "-UNHEALTHY the store in memory is away")
            }
            #expect(try connection.next("orders") == 2)
        }
    }

    @Test func `a change that meets a database gone backward is refused, and can be repeated`() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders") == 1)
            store.failOver()
            let refused = try connection.ask("BUMP orders 5000")
            #expect(
                refused.hasPrefix("-UNHEALTHY the central store has lost commits, and nothing was changed: "),
                "\(refused)")
            #expect(refused.hasSuffix("(the store in memory went backward: another server answers)"))
            #expect(try connection.ask("BUMP orders 5000") == "+OK")
            #expect(try #require(store.counter("orders")) > 1_000_000)
        }
    }
}
