import LeafClient
import LeafCore
import LeafProtocol
import LeafServer
import LeafStoreSQLite
import LeafTestKit
import Testing

/// STATS, and the whole on the store that leafd ships with.
struct StatsTests {
    @Test func statsCountWhatHappened() async throws {
        try await TestDaemon.run(change: { $0.eventLoops = 2 }) { daemon in
            let connections = try (0..<4).map { _ in try daemon.connect() }
            for connection in connections {
                #expect(
                    try connection.pipeline(Array(repeating: ["NEXT", "orders"], count: 25)).allSatisfy { !$0.isError })
                #expect(try connection.command("NEXT", "nothing").isError)
                #expect(try connection.command("NOSUCH").isError)
            }
            let stats = try StatsDocument(json: try #require(try connections[0].command("STATS").text))
            #expect(stats.version == "test")
            #expect(stats.commands["NEXT"] == 104)
            #expect(stats.commands["STATS"] == 1)
            #expect(stats.errors == ["NOTAG": 4, "ERR": 4])
            #expect(stats.connections.open == 4 && stats.connections.total == 4 && stats.connections.refused == 0)
            #expect(stats.store.kind == "memory" && stats.store.up == true)
            #expect(stats.tagsTotal == 1)
            #expect(stats.tags.first?.issued == 100)
            let tag = try StatsFixture.tag(try #require(try connections[0].command("STATS", "orders").text))
            #expect(tag.tag == "orders" && tag.issued == 100 && tag.segments.count >= 1)
        }
    }

    @Test func everyRequestIsInTheHistogramOnce() async throws {
        let store = MemoryStore()
        store.add(try Tag("orders"))
        try await TestDaemon.run(store, { $0.eventLoops = 2 }) { daemon in
            let connections = try (0..<4).map { _ in try daemon.connect() }
            for connection in connections {
                // Joined, repeated, parked at first, large, refused, and replayed by EXEC.
                let requests: [[String]] =
                    Array(repeating: ["NEXT", "orders"], count: 300) + [["LEASE", "orders", "250"], ["PING"]]
                    + [["NEXT", "nothing"], ["MULTI"], ["INCR", "orders"], ["INCR", "orders"], ["EXEC"], ["HEALTH"]]
                _ = try connection.pipeline(requests)
            }
            let stats = try StatsDocument(json: try #require(try connections[0].command("STATS").text))
            let histogram = stats.requestHistogram
            // Those queued by MULTI are counted when they are done; STATS itself is not over yet.
            let perClient: Int64 = 300 + 2 + 1 + 2 + 2 + 1
            #expect(histogram.total == 4 * perClient)
            #expect(stats.commands.values.reduce(0, +) == 4 * perClient + 1)
            #expect(stats.commands["INCR"] == 8)
            #expect(histogram.counts == histogram.counts.sorted() && histogram.counts.count == histogram.upTo.count)
            #expect((histogram.counts.last ?? 0) <= histogram.total && histogram.sum > 0)
            let latency = stats.requestMicroseconds
            let (p50, p999) = (try #require(latency.p50), try #require(latency.p999))
            #expect(p50 > 0 && p50 <= p999 && p999 <= (latency.max ?? 0))
        }
    }

    @Test func aRequestThatWaitsIsMeasuredFromItsArrival() async throws {
        let store = MemoryStore()
        store.add(try Tag("orders"))
        store.hold()
        try await TestDaemon.run(store, { $0.tags = [] }) { daemon in
            let waiting = try daemon.connect()
            try waiting.send([["NEXT", "orders"], ["NEXT", "orders"], ["PING"]])
            try await daemon.waitUntilParked(1)
            try await Task.sleep(for: .milliseconds(200))
            store.letGo()
            #expect(try waiting.receive(3).allSatisfy { !$0.isError })
            let stats = try StatsDocument(json: try #require(try daemon.ask("STATS").text))
            // Three requests came together and were answered together, behind the one that waited.
            #expect((stats.requestMicroseconds.max ?? 0) >= 200_000)
            #expect(stats.requestHistogram.total == 3)
            #expect(stats.ids.waits >= 1 && stats.tags.first?.waits == stats.ids.waits)
        }
    }

    @Test func theSuccessRateIsOfRequestsNotOfIDs() async throws {
        try await TestDaemon.run { daemon in
            #expect(try daemon.ask("LEASE", "orders", "500").array?.isEmpty == false)
            #expect(try daemon.ask("NEXT", "orders").integer != nil)
            // More in a row than a tag ever leases at once: refused.
            #expect(try daemon.ask("FENCE") == .simple("OK"))
            let stats = try StatsDocument(json: try #require(try daemon.ask("STATS").text))
            let tag = try #require(stats.tags.first)
            #expect(tag.issued == 501 && stats.ids.issued == 501)
            #expect(tag.served == 2 && stats.ids.served == 2)
            let rate = try #require(tag.successRate)
            #expect(rate == Double(2) / Double(2 + tag.failed) && stats.ids.successRate == rate)
            #expect(stats.connections.limit ?? 0 > 0)
            #expect(stats.process.residentBytes ?? 0 > 1 << 20 && stats.process.openDescriptors ?? 0 > 3)
            #expect(stats.process.cpuSeconds != nil && stats.process.maxDescriptors ?? 0 > 0)
        }
    }

    @Test func statsAllGivesEveryTagOnceInPages() async throws {
        let names = (0..<2345).map { "tag-\($0)" }
        let store = MemoryStore()
        for name in names { store.add(try Tag(name)) }
        try await TestDaemon.run(store, { $0.tags = [] }) { daemon in
            let connection = try daemon.connect()
            var seen: [String] = []
            var cursor: String? = "0"
            var pages = 0
            while let next = cursor {
                let page = try StatsPage(json: try #require(try connection.command("STATS", "ALL", next).text))
                seen += page.tags.map(\.tag)
                cursor = page.cursor
                pages += 1
            }
            #expect(pages == 3)
            #expect(seen == names.sorted())
            let last = try StatsPage(json: try #require(try connection.command("STATS", "ALL", "2147483647").text))
            #expect(last.tags.isEmpty && last.cursor == nil)
            let all = try StatsDocument(json: try #require(try connection.command("STATS").text))
            #expect(all.tagsTotal == 2345 && all.tags.count == 100)
            #expect(try connection.command("TAGS").array?.count == 2345)
        }
    }

    @Test func theWholeWorksOnSQLite() async throws {
        let folder = TemporaryFolder()
        let store = try SQLiteStore(path: folder.file("central.sqlite"), defaultStep: 100)
        try await TestDaemon.run(store, { $0.eventLoops = 2 }) { daemon in
            let connections = try (0..<50).map { _ in try daemon.connect() }
            var seen = Set<Int64>()
            for _ in 0..<20 {
                for connection in connections { try connection.send([["NEXT", "orders"], ["NEXT", "orders", "5"]]) }
                for connection in connections {
                    let replies = try connection.receive(2)
                    let ids = [try #require(replies[0].integer)] + (replies[1].array ?? []).compactMap(\.integer)
                    #expect(ids.count == 6 && ids == ids.sorted())
                    seen.formUnion(ids)
                }
            }
            #expect(seen.count == 6000 && seen.min() == 1)
            #expect(try daemon.ask("CREATE", "users", "START", "500", "MAX", "1000") == .simple("OK"))
            #expect(try daemon.ask("NEXT", "users") == .integer(500))
            #expect(try daemon.ask("CREATE", "users").errorPrefix == "ERR")
            #expect(try daemon.ask("DROP", "users") == .simple("OK"))
            #expect(try daemon.ask("NEXT", "users").errorPrefix == "NOTAG")
            #expect(try daemon.ask("HEALTH") == .simple("OK"))
        }
    }
}

enum StatsFixture {
    /// STATS of one tag, as its reply has it.
    static func tag(_ json: String) throws -> TagStats { try TagStats(json: json) }
}
