import Glibc
import LeafClient
import LeafCore
import LeafEngine
import LeafStoreSQLite
import LeafTestKit
import Testing

@Suite("Snowflakes over the socket")
struct SnowflakeCommandTests {
    private let folder = TemporaryFolder()

    private func run(
        _ settings: SnowflakeSettings = SnowflakeSettings(), _ body: (TestDaemon) async throws -> Void
    ) async throws {
        let store = try SQLiteStore(path: folder.file("central.sqlite"), defaultStep: 100)
        try await TestDaemon.run(store, { $0.snowflake = settings }, body)
    }

    private static let format = SnowflakeSettings().format

    private func integers(_ reply: Reply) throws -> [Int64] {
        guard case .array(let items) = reply else { throw TestProblem("no array: \(reply)") }
        return try items.map { try #require($0.integer) }
    }

    @Test func `one, many, and as text: they ascend, and tell time and worker`() async throws {
        try await run { daemon in
            let connection = try daemon.connect()
            let first = try #require(try connection.command("SNOWFLAKE").integer)
            let many = try integers(try connection.command("snowflake", "10000"))
            #expect(many.count == 10_000 && many[0] > first)
            #expect(zip(many, many.dropFirst()).allSatisfy { $0 < $1 })
            let now = Clock.now()
            for id in [first, many[0], many[9_999]] {
                let parts = try #require(Self.format.parts(of: id))
                #expect(parts.worker == 0 && abs(parts.time - now) < 60_000)
            }
            let text = try connection.ask("SNOWFLAKE STRING")
            #expect(text.hasPrefix("\"") && text.count == 21, "\(text)")
            let texts = try connection.ask("SNOWFLAKE 2 WORKER 0 STRING")
            #expect(texts.hasPrefix("[\"") && texts.contains("\", \""), "\(texts)")
        }
    }

    @Test func `only a worker id that this daemon holds is stamped with`() async throws {
        var settings = SnowflakeSettings()
        settings.extraWorkers = 1
        try await run(settings) { daemon in
            let connection = try daemon.connect()
            for worker in [0, 1] {
                let id = try #require(try connection.command("SNOWFLAKE", "WORKER", "\(worker)").integer)
                #expect(Self.format.parts(of: id)?.worker == worker)
            }
            #expect(
                try connection.ask("SNOWFLAKE WORKER 2")
                    == "-NOWORKER worker id 2 is not this daemon's, which holds 0, 1")
        }
    }

    @Test func `a long pipeline gets an answer to each, none twice, in order`() async throws {
        try await run { daemon in
            let connection = try daemon.connect()
            try connection.send([[String]](repeating: ["SNOWFLAKE"], count: 30_000))
            var before: Int64 = 0
            for _ in 0..<30_000 {
                let id = try #require(try connection.receive().integer)
                #expect(id > before)
                before = id
            }
        }
    }

    @Test func `among others, in a transaction, and after a tag: each reply is in its place`() async throws {
        try await run { daemon in
            let connection = try daemon.connect()
            try connection.send([
                ["NEXT", "orders"], ["NEXT", "orders"], ["SNOWFLAKE"], ["SNOWFLAKE"], ["NEXT", "orders"], ["MULTI"],
                ["SNOWFLAKE"],
                ["NEXT", "orders"], ["EXEC"], ["SNOWFLAKE"],
            ])
            let replies = try connection.receive(10)
            #expect([0, 1, 4].map { replies[$0].integer } == [1, 2, 3])
            let (a, b, c) = (replies[2].integer ?? 0, replies[3].integer ?? 0, replies[9].integer ?? 0)
            #expect(0 < a && a < b && b < c)
            guard case .array(let items) = replies[8] else { return #expect(Bool(false), "\(replies[8])") }
            #expect(items.count == 2 && items[0].integer ?? 0 > b && items[1].integer == 4)
        }
    }

    @Test func `a layout's second is the most for one request, and more is refused by its number`() async throws {
        var settings = SnowflakeSettings()
        settings.format = SnowflakeFormat(layout: .js53, epoch: 1_600_000_000_000)
        try await run(settings) { daemon in
            let connection = try daemon.connect()
            let ids = try integers(try connection.command("SNOWFLAKE", "25000"))
            #expect(Set(ids).count == 25_000 && ids.allSatisfy { $0 < 1 << 53 })
            #expect(
                try connection.ask("SNOWFLAKE 25601")
                    == "-ERR a request gets at most 25600 snowflakes: as many as a worker id has in a second")
        }
    }

    @Test func `where they are off, that is what is said`() async throws {
        var settings = SnowflakeSettings()
        settings.isEnabled = false
        try await run(settings) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("SNOWFLAKE") == "-ERR snowflakes are off on this host (snowflake.enabled)")
            #expect(try connection.ask("DECODE 5").hasPrefix("[\"timestamp_ms\""))
        }
    }

    @Test func `a worker id that was released is stamped with no more, and another is claimed`() async throws {
        try await run { daemon in
            let connection = try daemon.connect()
            let before = try #require(try connection.command("SNOWFLAKE").integer)
            #expect(Self.format.parts(of: before)?.worker == 0)
            guard case .array(let rows) = try connection.command("WORKERS"), case .array(let row)? = rows.first else {
                return #expect(Bool(false), "no rows")
            }
            #expect(rows.count == 1 && row.count == 7 && row[0].integer == 0 && row[1].integer == 1)
            #expect(try connection.ask("WORKERS RELEASE 0") == "+OK")
            try await eventually("another worker id is used") {
                let id = try #require(try connection.command("SNOWFLAKE").integer)
                return Self.format.parts(of: id)?.worker == 1
            }
        }
    }

    @Test func `a start goes on above what was stamped before it, with the same worker id`() async throws {
        var last: Int64 = 0
        for _ in 0..<3 {
            try await run { daemon in
                let id = try #require(try daemon.ask("SNOWFLAKE").integer)
                #expect(id > last)
                last = id
            }
        }
    }
}

private enum Clock {
    /// In milliseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
