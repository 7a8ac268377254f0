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
