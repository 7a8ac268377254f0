import LeafClient
import LeafCore
import LeafServer
import Testing

/// The commands of the protocol, one by one: replies and errors as `Docs/Protocol.md` has them.
struct CommandTableTests {
    typealias Row = [(request: String, reply: String?)]

    /// Each row on a daemon of its own, one request after the other on one connection.
    static let rows: [Row] = [
        // NEXT
        [("NEXT orders", ":1"), ("next orders", ":2"), ("NEXT orders 3", "[:3, :4, :5]"), ("NEXT orders 1", "[:6]")],
        [("NEXT orders STRING", "\"1\""), ("NEXT orders 2 string", "[\"2\", \"3\"]"), ("NEXT orders 9 STRING", nil)],
        [
            ("NEXT orders 1 2", "-ERR syntax error: NEXT tag [count] [STRING]"),
            ("NEXT orders 1 2 STRING", "-ERR wrong number of arguments for 'next' command"),
            ("NEXT", "-ERR wrong number of arguments for 'next' command"),
            ("NEXT orders", ":1"),
        ],
        [
            ("NEXT orders 0", "-ERR the count 0 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("NEXT orders -1", "-ERR the count -1 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("NEXT orders 100001", "-ERR the count 100001 is out of range: ask for 1 to 100000 (server.max-batch)"),
            (
                "NEXT orders 99999999999999999999",
                "-ERR the count '99999999999999999999' is not an integer or out of range"
            ),
            ("NEXT orders 1.5", "-ERR the count '1.5' is not an integer or out of range"),
            ("NEXT orders", ":1"),
        ],
        // LEASE
        [("LEASE orders 5", "[:1, :5]"), ("LEASE orders 1", "[:6, :6]"), ("NEXT orders", ":7")],
        [
            ("LEASE orders", "-ERR wrong number of arguments for 'lease' command"),
            ("LEASE orders 0", "-ERR the count 0 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("LEASE orders 100001", "-ERR the count 100001 is out of range: ask for 1 to 100000 (server.max-batch)"),
        ],
        // INCR, INCRBY: the last of n in a row, though the first lease has a hundred.
        [("INCR orders", ":1"), ("INCRBY orders 1", ":2"), ("INCRBY orders 8", ":10"), ("INCR orders", ":11")],
        [
            ("INCRBY orders 0", "-ERR the count 0 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("INCRBY orders -5", "-ERR the count -5 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("INCRBY orders", "-ERR wrong number of arguments for 'incrby' command"),
            ("INCR orders 1", "-ERR wrong number of arguments for 'incr' command"),
        ],
        // Tags
        [
            ("NEXT nothing", "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)"),
            ("LEASE nothing 1", "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)"),
            ("INCR nothing", "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)"),
            ("STATS nothing", "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)"),
            ("TAGS", "[\"orders\"]"), ("HEALTH", "+OK"),
        ],
        // Administration
        [
            ("CREATE users STEP 200 START 5000 MAX 9999 DESCRIPTION of our site", "+OK"),
            ("TAGS", "[\"orders\", \"users\"]"), ("NEXT users 3", "[:5000, :5001, :5002]"), ("CREATE users", nil),
            ("ALTER users STEP 300", "+OK"), ("ALTER users STEP 0", "-ERR STEP '0' is not a positive integer"),
            ("ALTER users SIZE 5", "-ERR syntax error: ALTER tag STEP n"), ("ALTER nothing STEP 5", nil),
            ("DROP users", "+OK"),
            ("NEXT users", "-NOTAG no such tag users: create it with CREATE (or leafctl create)"),
            ("DROP users", nil), ("TAGS", "[\"orders\"]"),
        ],
        [
            ("CREATE users STEP", "-ERR STEP needs a value"),
            ("CREATE users STEP x", "-ERR STEP 'x' is not a positive integer"),
            ("CREATE users STEP 2147483648", "-ERR STEP 2147483648 is out of range: 1 to 2147483647"),
            ("CREATE users START 10 MAX 9", "-ERR MAX 9 is below the first ID, 10"),
            (
                "CREATE users SIZE 5",
                "-ERR syntax error at 'SIZE': CREATE tag [STEP n] [START n] [MAX n] [DESCRIPTION text]"
            ),
            ("CREATE users START 9223372036854775808", "-ERR START '9223372036854775808' is not a positive integer"),
            ("CREATE", "-ERR wrong number of arguments for 'create' command"),
            ("NEXT users", "-NOTAG no such tag users: create it with CREATE (or leafctl create)"),
        ],
        [
            ("BUMP orders 5000", "+OK"), ("NEXT orders", ":5000"), ("BUMP orders 10", "+OK"), ("bump all", "+OK"),
            ("BUMP nothing 5", "-NOTAG no such tag nothing"), ("BUMP ALL 5", "-NOTAG no such tag ALL"),
            ("BUMP orders", "-ERR syntax error: BUMP tag n, or BUMP ALL for all tags"),
            ("BUMP orders 0", "-ERR the counter '0' is not an integer from 1 to 9223372036854775807"),
            ("BUMP orders -7", "-ERR the counter '-7' is not an integer from 1 to 9223372036854775807"),
            ("BUMP orders ten", "-ERR the counter 'ten' is not an integer from 1 to 9223372036854775807"),
            (
                "BUMP orders 9223372036854775808",
                "-ERR the counter '9223372036854775808' is not an integer from 1 to 9223372036854775807"
            ),
            ("BUMP", "-ERR wrong number of arguments for 'bump' command"),
            ("BUMP orders 5 6", "-ERR wrong number of arguments for 'bump' command"), ("NEXT orders", ":5001"),
        ],
        [
            ("CREATE ALL", "+OK"), ("BUMP ALL 777", "+OK"), ("NEXT ALL", ":777"), ("NEXT orders", ":1"),
        ],
        [
            ("FORGET orders", "+OK"), ("FORGET nothing", "+OK"), ("NEXT orders", ":1"),
            ("FORGET", "-ERR wrong number of arguments for 'forget' command"),
            ("FORGET orders users", "-ERR wrong number of arguments for 'forget' command"),
            ("FENCE orders", "-ERR wrong number of arguments for 'fence' command"),
            ("NEXT orders", ":2"), ("FENCE", "+OK"), ("NEXT orders", ":101"),
        ],
        // Snowflakes, of a store that knows nothing of them
        [
            ("SNOWFLAKE", "-NOWORKER this daemon holds no worker id: this store gives out no worker ids"),
            ("SNOWFLAKE 5 WORKER 1", "-NOWORKER this daemon holds no worker id: this store gives out no worker ids"),
            ("SNOWFLAKE 0", "-ERR the count 0 is out of range: ask for 1 to 100000 (server.max-batch)"),
            ("SNOWFLAKE WORKER 1024", "-ERR the worker id '1024' is not one of 0 to 1023"),
            ("SNOWFLAKE 1 2", "-ERR syntax error at '2': SNOWFLAKE [count] [WORKER id] [STRING]"),
            ("SNOWFLAKE STRING WORKER 1", "-ERR syntax error at 'WORKER': SNOWFLAKE [count] [WORKER id] [STRING]"),
            ("WORKERS", "-ERR this store gives out no worker ids"),
            ("WORKERS RELEASE", "-ERR syntax error: WORKERS, or WORKERS RELEASE id"),
            ("WORKERS RELEASE x", "-ERR the worker id 'x' is not one of 0 to 1023"),
        ],
        // Snowflakes, taken apart
        [
            (
                "DECODE 1169786042799259000",
                #"["timestamp_ms", :1567733700834, "iso8601", "2019-09-06T01:35:00.834Z", "worker", :39, "sequence", :3448]"#
            ),
            ("DECODE -5", "-ERR the ID -5 is negative: no snowflake is"),
            ("DECODE 1.5", "-ERR the ID '1.5' is not an integer or out of range"),
        ],
        // What is no command
        [
            ("FLUSHALL", "-ERR unknown command 'FLUSHALL', with args beginning with: "),
            ("get a b", "-ERR unknown command 'get', with args beginning with: 'a' 'b' "),
            ("NEX orders", "-ERR unknown command 'NEX', with args beginning with: 'orders' "),
            ("NEXTX orders", "-ERR unknown command 'NEXTX', with args beginning with: 'orders' "),
        ],
    ]

    @Test(arguments: rows)
    func isAnsweredAsTheTableSays(row: Row) async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            for (request, expected) in row {
                let reply = try connection.ask(request)
                if let expected {
                    #expect(reply == expected, "\(request)")
                } else if request.hasPrefix("NEXT") {
                    #expect(!reply.hasPrefix("-"), "\(request)")
                } else {
                    #expect(reply.hasPrefix("-ERR ") || reply.hasPrefix("-NOTAG "), "\(request): \(reply)")
                }
            }
            #expect(try connection.ask("PING") == "+PONG")
        }
    }

    @Test func manyIDsComeAcrossSegments() async throws {
        try await TestDaemon.run(change: { $0.maxStep = 100 }) { daemon in
            let connection = try daemon.connect()
            let ids = try connection.next("orders", count: 1234)
            #expect(ids == (1...1234).map { $0 })
            // Another daemon has leased in between: what follows has a gap.
            #expect(try connection.lease("orders", count: 5000).reduce(0) { $0 + $1.count } == 5000)
            guard case .integer(let last) = try connection.command("INCRBY", "orders", "1000") else {
                Issue.record("INCRBY of ten segments got no ID")
                return
            }
            #expect(last >= 7234)
            #expect(try connection.next("orders") == last + 1)
        }
    }

    @Test func theLargestBatchIsAnswered() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("orders", count: 100_000).count == 100_000)
            guard case .array(let texts) = try connection.command("NEXT", "orders", "100000", "STRING") else {
                Issue.record("no array")
                return
            }
            #expect(texts.count == 100_000)
            #expect(texts.last?.text == "200000")
        }
    }

    @Test func aTagAtItsMaximumOverflows() async throws {
        let store = MemoryStore()
        store.add(try Tag("few"), maxID: 1, step: 100, limit: 100)
        store.add(try Tag("last"), maxID: .max - 100, step: 100)
        try await TestDaemon.run(store) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.next("few", count: 100).last == 100)
            #expect(try connection.command("NEXT", "few").errorPrefix == "OVERFLOW")
            #expect(try connection.next("last", count: 100).last == .max - 1)
            #expect(try connection.command("NEXT", "last", "STRING").errorPrefix == "OVERFLOW")
        }
    }

    @Test func aTagWithoutARowIsMadeAtItsFirstRequestIfThatIsConfigured() async throws {
        try await TestDaemon.run(change: { $0.autoCreate = true }) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.command("NEXT", "brand-new") == .integer(1))
            #expect(try connection.command("NEXT", "brand new").errorPrefix == "ERR")
        }
    }
}
