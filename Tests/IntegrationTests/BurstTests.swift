import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("A burst")
    struct BurstTests {
        @Test("1,000 clients at once on a cold tag with step 100 get IDs, and no error")
        func thousand() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders, step: 100}"]))
            let clients = try (0..<1000).map { _ in try daemon.connect(timeout: .seconds(30)) }
            for round in 1...3 {
                var ids: [Int64] = []
                var errors: [Reply] = []
                let time = try elapsed {
                    for client in clients { try client.send([["NEXT", "orders"]]) }
                    for client in clients {
                        let reply = try client.receive()
                        if let id = reply.integer { ids.append(id) } else { errors.append(reply) }
                    }
                }
                #expect(errors == [])
                expectUnique(ids, count: 1000)
                figure("burst \(round) of 1,000 clients: \(time)")
            }
        }

        @Test("a cold tag's first request does not hold up other connections")
        func coldTag() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: warm}", "{name: cold}"]))
            let neighbour = try daemon.connect()
            #expect(try neighbour.next("warm") == 1)
            let locker = try StoreLocker(daemon.setup.store)
            try locker.lock()
            let waiting = try daemon.connect()
            try waiting.send([["NEXT", "cold"]])
            // All within the time that the cold one may wait: it is answered after these.
            #expect(try neighbour.next("warm", count: 50).count == 50)
            #expect(try neighbour.command("PING") == .simple("PONG"))
            try locker.release()
            let reply = try waiting.receive()
            #expect(
                reply.integer != nil || reply.errorPrefix == "TIMEOUT" || reply.errorPrefix == "EXHAUSTED", "\(reply)")
        }

        @Test("a request larger than a segment is answered from several, or from a lease of its size")
        func largerThanSegment() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders, step: 100}"]))
            let leafd = try daemon.connect()
            var ids = try leafd.next("orders", count: 5000)
            ids += try leafd.leaseIDs("orders", count: 7000)
            let last = try #require(try leafd.command("INCRBY", "orders", "3000").integer)
            ids += Array(last - 2999...last)
            expectUnique(ids, count: 15_000)
        }
    }
}
