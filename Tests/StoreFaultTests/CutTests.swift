import LeafClient
import LeafTestKit
import Testing

extension StoreFaults {
    /// A connection that ends after every possible byte, while a rival leases from the same counters right after it: whatever
    /// the daemon took for its own without an acknowledgement, the rival would be given as well.
    ///
    /// Meant to be red without: the end of a connection counting as a failure of the call; whole replies only (a column or number that is
    /// cut short taken for a short one); the store's own commit before its answer (a lease believed when it was sent).
    @Suite("Cut at every byte", .serialized)
    struct CutTests {
        private static let tags = ["early", "late", "middle"]
        private static let take = 10

        /// One daemon that leases little, and the rival.
        private final class Duel {
            let server: any DatabaseServer
            let proxy: FaultProxy
            let daemon: LeafDaemon
            let rival: LeafServerStandIn
            let leafd: LeafConnection
            let collectors = CutTests.tags.map { _ in IDCollector() }
            private let database: String

            init(_ kind: StoreKind) throws {
                server = try kind.server
                database = Database.newName()
                try server.makeDatabase(database)
                proxy = try FaultProxy(to: server.port)
                var setup = DaemonSetup(tags: CutTests.tags.map { "{name: \($0)}" })
                // Nothing but leases is to go over the line, and in plain text: TLS is not of the same length each time.
                setup.settings += [
                    "store.url=" + server.url(port: proxy.port, database: database), "store.create-schema=true",
                    "store.tls=disabled", "store.beat=1h", "store.query-timeout=300ms", "store.connect-timeout=1s",
                    "segments.reserve=0s", "segments.min-step=10", "segments.default-step=10", "segments.max-step=10",
                ]
                setup.environment["LEAFD_STORE_PASSWORD"] = ServerUser.password
                daemon = try LeafDaemon(setup)
                rival = LeafServerStandIn(server, database: database)
                leafd = try daemon.connect()
                try takeAll()
            }

            /// Takes as much of each tag as one lease brings, and waits until there is as much again: after a lease of each.
            func takeAll() throws {
                let requests = CutTests.tags.map { ["NEXT", $0, "\(CutTests.take)"] }
                for (index, reply) in try leafd.pipeline(requests).enumerated() {
                    let ids: [Int64]
                    if let array = reply.array {
                        ids = array.compactMap(\.integer)
                    } else {
                        // No stock, since the store was away for a moment.
                        ids = try eventually("\(CutTests.tags[index]) is served again") {
                            try leafd.command(requests[index]).array?.compactMap(\.integer)
                        }
                    }
                    collectors[index].record(ids, thread: 0)
                }
                try eventually("there is stock again") {
                    let stats = try Stats(daemon)
                    return try CutTests.tags.allSatisfy { try stats.tag($0).stock >= CutTests.take }
                }
            }

            func rivalTakes() throws {
                for (index, tag) in CutTests.tags.enumerated() {
                    collectors[index].record(Array(try rival.lease(tag)), thread: 1)
                }
            }

            /// Holds that no ID was issued twice, or before it was leased.
            func expectUnique() throws {
                for (index, tag) in CutTests.tags.enumerated() {
                    #expect(collectors[index].faults == [], "\(tag)")
                    let counter = try server.counter(tag, database: database)
                    #expect(collectors[index].highest < counter, "\(tag)")
                }
                try daemon.expectNoSecrets()
            }
        }

        /// Where to cut something of a length: everywhere, or at the ends and some places between.
        private static func places(_ length: Int, _ samples: Int) -> [Int] {
            guard soakScale == 1 else { return Array(0...length) }
            let stride = max(1, length / samples)
            return Set(
                [0, 1, 2, 3, length - 1, length].filter { $0 >= 0 } + Swift.stride(from: 0, to: length, by: stride)
            )
            .sorted()
        }

        @Test("a lease that is cut anywhere is nobody's", arguments: StoreKind.available)
        func lease(_ kind: StoreKind) throws {
            let duel = try Duel(kind)
            try duel.rivalTakes()
            let before = duel.proxy.counters
            try duel.takeAll()
            let exchange = duel.proxy.counters - before
            figure(
                "\(kind): three leases: \(exchange.toServer) bytes to the server, \(exchange.toClient) back, \(exchange.roundTrips) round trips"
            )
            var cuts = 0
            for (direction, length) in [
                (FaultProxy.Direction.toServer, exchange.toServer), (.toClient, exchange.toClient),
            ] {
                for how in [FaultProxy.Cut.close, .reset] {
                    for place in CutTests.places(length, 12) {
                        duel.proxy.cut(afterBytes: place, direction, how: how)
                        try duel.takeAll()
                        try duel.rivalTakes()
                        cuts += 1
                    }
                }
                for place in [0, length / 2, length - 1] {
                    duel.proxy.cut(afterBytes: place, direction, how: .blackhole)
                    // PostgreSQL may have a lease without its end, and hold its row. Where a network is cut, the server's
                    // keepalives end that (11 s); the proxy is alive.
                    let keepalive = Crew(1) { [proxy = duel.proxy] _ in
                        pauseThread(.seconds(1))
                        proxy.dropConnections()
                    }
                    try duel.takeAll()
                    keepalive.join()
                    try duel.rivalTakes()
                    duel.proxy.restore()
                    cuts += 1
                }
            }
            duel.proxy.restore()
            try duel.takeAll()
            try duel.expectUnique()
            figure("\(kind): \(cuts) cuts in leases, \(duel.proxy.counters.cuts) struck")
        }

        @Test("a login that is cut anywhere is followed by another", arguments: StoreKind.available)
        func login(_ kind: StoreKind) throws {
            let duel = try Duel(kind)
            duel.proxy.dropConnections()
            let before = duel.proxy.counters
            try duel.takeAll()
            let exchange = duel.proxy.counters - before
            figure(
                "\(kind): login, settling and three leases: \(exchange.toServer) bytes to the server, \(exchange.toClient) back, \(exchange.roundTrips) round trips, \(exchange.connections) connections"
            )
            var cuts = 0
            for (direction, length) in [
                (FaultProxy.Direction.toServer, exchange.toServer), (.toClient, exchange.toClient),
            ] {
                for place in CutTests.places(length, 24) {
                    duel.proxy.dropConnections()
                    duel.proxy.cut(afterBytes: place, direction, how: place.isMultiple(of: 2) ? .reset : .close)
                    try duel.takeAll()
                    try duel.rivalTakes()
                    cuts += 1
                }
            }
            duel.proxy.restore()
            try eventually("HEALTH says OK") {
                try duel.takeAll()
                return try duel.daemon.health() == "+OK"
            }
            try duel.expectUnique()
            figure("\(kind): \(cuts) cuts in logins, \(duel.proxy.counters.cuts) struck")
        }
    }
}
