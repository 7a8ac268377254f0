import Glibc
import LeafClient
import LeafCore
import LeafEngine
import LeafServer
import Testing

/// Requests that wait: for a lease, for the end of their patience, for a client that has gone.
struct WaitingTests {
    @Test func aRequestThatWaitsTooLongGetsATimeout() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.waitTimeout = .milliseconds(50) }) { daemon in
            store.hold()
            let connection = try daemon.connect()
            #expect(
                try connection.ask("NEXT orders")
                    == "-TIMEOUT no lease for orders within 50 ms (segments.wait-timeout): try again")
            store.letGo()
            // Late, the lease came all the same, and nothing of it was taken.
            try await eventually("the lease has come") { try connection.ask("NEXT orders") == ":1" }
        }
    }

    @Test func aPipelineOnAStoreThatHangsWaitsOnce() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.waitTimeout = .milliseconds(500) }) { daemon in
            store.hold()
            // One after the other they would wait for a minute, longer than this connection does.
            let connection = try daemon.connect(timeout: .seconds(20))
            let replies = try connection.pipeline(
                Array(repeating: ["NEXT", "orders"], count: 80) + Array(repeating: ["LEASE", "orders", "5"], count: 40))
            #expect(replies.allSatisfy { $0.errorPrefix == "TIMEOUT" })
            store.letGo()
        }
    }

    @Test func withoutStoreAndStockEveryRequestIsRefusedAtOnce() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("NEXT orders") == ":1")
            store.goAway()
            // What is in stock is issued; behind it comes the error, and never a hang.
            var last = Reply.null
            try await eventually("the stock is used up") {
                last = try connection.command("NEXT", "orders", "10")
                return last.isError
            }
            #expect(last.errorPrefix == "EXHAUSTED")
            let replies = try connection.pipeline(Array(repeating: ["NEXT", "orders", "1000"], count: 500))
            #expect(replies.allSatisfy { $0.errorPrefix == "EXHAUSTED" })
            #expect(
                try connection.command("HEALTH").isError
                    || connection.command("HEALTH").text?.hasPrefix("DEGRADED") == true)
            #expect(try connection.command("NEXT", "unknown").errorPrefix == "NOTAG")
            store.comeBack()
            try await eventually("the store is noticed") { try connection.command("NEXT", "orders").integer != nil }
        }
    }

    @Test func aStartWithoutStoreServesByItselfWhenItComes() async throws {
        let store = MemoryStore()
        store.add(try Tag("orders"))
        store.goAway()
        try await TestDaemon.run(store, { $0.tags = [] }) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.command("NEXT", "orders").errorPrefix == "EXHAUSTED")
            store.comeBack()
            try await eventually("the store is noticed") { try connection.command("NEXT", "orders") == .integer(1) }
        }
    }

    @Test func aTagCreatedAfterARefusalIsServedOnTheSameConnections() async throws {
        let store = MemoryStore()
        store.fallSilent()
        let change: (inout TestDaemon.Options) -> Void = { options in
            options.awaitsTags = false
            options.limits.waitTimeout = .milliseconds(50)
        }
        try await TestDaemon.run(store, change) { daemon in
            let connections = try (0..<2).map { _ in try daemon.connect() }
            // The list is not known yet: the tag may exist.
            for connection in connections {
                #expect(try connection.command("NEXT", "late").errorPrefix == "TIMEOUT")
            }
            store.speak()
            try await eventually("the tag is known not to exist") {
                try daemon.ask("NEXT", "late").errorPrefix == "NOTAG"
            }
            #expect(try connections[0].command("NEXT", "late").errorPrefix == "NOTAG")
            #expect(try daemon.ask("CREATE", "late") == .simple("OK"))
            var seen: [Int64] = []
            for connection in connections {
                try await eventually("there is an ID") {
                    let reply = try connection.command("NEXT", "late")
                    #expect(reply.errorPrefix != "NOTAG")
                    if let id = reply.integer { seen.append(id) }
                    return !reply.isError
                }
            }
            #expect(seen.count == 2 && seen[0] < seen[1])
        }
    }

    @Test func afterATimeoutTheNextRequestWaitsAgain() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.limits.waitTimeout = .seconds(2) }) { daemon in
            store.hold()
            let connection = try daemon.connect()
            #expect(try connection.command("NEXT", "orders").errorPrefix == "TIMEOUT")
            try connection.send([["NEXT", "orders"]])
            // Not `eventually`: on a busy machine this test might not get its thread back before the wait is over.
            let end = ContinuousClock.now.advanced(by: .seconds(30))
            while daemon.engine.parked == 0, ContinuousClock.now < end { usleep(1000) }
            store.letGo()
            #expect(try connection.receive() == .integer(1))
        }
    }

    @Test func tooManyParkedRequestsAreRefusedAndTheParkedOnesServed() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.maxParked = 3 }) { daemon in
            store.hold()
            let parked = try (0..<3).map { _ in try daemon.connect() }
            for connection in parked { try connection.send([["NEXT", "orders"]]) }
            try await daemon.waitUntilParked(3)
            #expect(
                try daemon.ask("NEXT", "orders").description
                    == "-ERR too many requests are waiting already (segments.max-parked): try again")
            store.letGo()
            #expect(Set(try parked.map { try $0.receive() }) == [.integer(1), .integer(2), .integer(3)])
        }
    }

    @Test func aClientThatGoesTakesItsParkedRequestBack() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let gone = try daemon.connect()
            try gone.send(Array(repeating: ["NEXT", "orders"], count: 10))
            try await daemon.waitUntilParked(1)
            gone.close()
            try await daemon.waitUntilParked(0)
            let next = try daemon.connect()
            try next.send([["NEXT", "orders"]])
            store.letGo()
            #expect(try next.receive() == .integer(1))
        }
    }

    @Test func aThousandClientsOnATagWithASmallStepAllGetIDs() async throws {
        try await TestDaemon.run(change: { $0.eventLoops = 2 }) { daemon in
            let connections = try (0..<1000).map { _ in try daemon.connect(timeout: .seconds(60)) }
            for connection in connections { try connection.send([["NEXT", "orders"], ["NEXT", "orders"]]) }
            var seen = Set<Int64>()
            for connection in connections {
                let ids = try connection.receive(2).map { try #require($0.integer, "\($0)") }
                #expect(ids[0] < ids[1])
                seen.formUnion(ids)
            }
            #expect(seen.count == 2000)
            #expect(seen.min() == 1)
        }
    }

    // MARK: A stop in each state

    @Test func aStopLetsAParkedRequestHaveItsAnswer() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let connection = try daemon.connect()
            try connection.send([["NEXT", "orders"], ["NEXT", "orders"], ["PING"]])
            try await daemon.waitUntilParked(1)
            async let closed: Void = daemon.close()
            try await eventually("the socket takes nobody any more") { (try? daemon.connect()) == nil }
            store.letGo()
            #expect(try connection.receive(3) == [.integer(1), .integer(2), .simple("PONG")])
            #expect(try connection.isAtEnd())
            await closed
        }
    }

    @Test func aStopWhileTheStoreHangsTellsWhoWaits() async throws {
        let store = MemoryStore()
        let connections = try await TestDaemon.run(store) { daemon in
            store.hold()
            let connections = try (0..<2).map { _ in try daemon.connect() }
            for connection in connections { try connection.send([["NEXT", "orders"], ["NEXT", "orders"]]) }
            try await daemon.waitUntilParked(2)
            await daemon.close(patience: .milliseconds(100))
            // The engine's stop waits for the call to the store that is under way.
            store.goAway()
            return connections
        }
        for connection in connections {
            #expect(try connection.receive(2).allSatisfy { ["SHUTDOWN", "EXHAUSTED"].contains($0.errorPrefix) })
            #expect(try connection.isAtEnd())
        }
    }

    @Test func aStopClosesIdleHalfSentAndUnreadConnections() async throws {
        try await TestDaemon.run { daemon in
            let idle = try daemon.connect()
            #expect(try idle.ask("PING") == "+PONG")
            let halfSent = try daemon.connect()
            #expect(try halfSent.ask("PING") == "+PONG")
            try halfSent.send(bytes: Array("*2\r\n$4\r\nNEXT\r\n$6\r\nord".utf8))
            let unread = try daemon.connect()
            try unread.send(Array(repeating: ["NEXT", "orders", "100000"], count: 20))
            try await eventually("the store has been asked for all of that") {
                try daemon.ask("NEXT", "orders").integer ?? 0 > 100_000
            }
            await daemon.close(patience: .milliseconds(200))
            #expect(try idle.isAtEnd())
            #expect(try halfSent.isAtEnd())
            // It reads at last: whole replies, then the end.
            var replies = 0
            while case .array(let ids)? = try? unread.receive() {
                #expect(ids.count == 100_000)
                replies += 1
            }
            #expect(replies > 0)
        }
    }

    @Test func theEndOfTheServerClosesWhatIsLeft() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("PING") == "+PONG")
            store.hold()
            let parked = try daemon.connect()
            try parked.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(1)
            // leafd does this last: connections that outlast the patience are cut off.
            daemon.server.stop()
            #expect(try connection.isAtEnd())
            #expect(try parked.isAtEnd())
            #expect(daemon.engine.parked == 0)
            store.letGo()
        }
    }

    @Test func nothingOfADaemonOutlivesIt() async throws {
        weak var engine: AnyObject?
        let store = MemoryStore()
        let left = try await TestDaemon.run(store) { daemon in
            engine = daemon.engine
            store.hold()
            let parked = try daemon.connect()
            try parked.send([["NEXT", "orders"]])
            let gone = try daemon.connect()
            try gone.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(2)
            gone.close()
            let unread = try daemon.connect()
            try unread.send(Array(repeating: ["STATS"], count: 1000))
            let inTransaction = try daemon.connect()
            try inTransaction.send([["MULTI"], ["NEXT", "orders"], ["EXEC"]])
            #expect(try inTransaction.receive(2) == [.simple("OK"), .simple("QUEUED")])
            try await daemon.waitUntilParked(2)
            store.goAway()
            return [parked, unread, inTransaction]
        }
        #expect(left.count == 3)
        try await eventually("the engine has been let go of") { engine == nil }
    }
}
