import LeafClient
import LeafTestKit
import Testing

/// leafctl decode, snowflake, workers: against a server that says what leafd would, or against none.
struct SnowflakeToolTests {
    private static let leafsExample = "1169786042799259000"

    private func leafctl(_ words: [String]) throws -> Tool.Result {
        try Tool.run(try Tool.product("leafctl"), words)
    }

    /// Runs leafctl on a server that expects these requests, and answers each.
    private func leafctl(_ words: [String], _ exchange: [(request: [String], reply: String)]) throws -> Tool.Result {
        let server = try ScriptedServer { peer in
            for (request, reply) in exchange {
                try peer.expect(
                    "*\(request.count)\r\n" + request.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
                try peer.send(reply)
            }
        }
        let result = try leafctl(words + ["--socket", server.path, "--timeout", "30s"])
        server.finish()
        return result
    }

    // MARK: decode

    @Test(arguments: [
        ["--epoch", "1288834974657"], ["--layout", "leaf"], ["--layout", "1ms,41,10,12"],
        ["--epoch", "1288834974657", "--layout", "leaf"],
    ])
    func `Leaf's own example is decoded without a daemon where epoch or layout are given`(options: [String]) throws {
        let result = try leafctl(
            ["decode", Self.leafsExample, "--socket", "/nonexistent/leafd.sock"] + options)
        #expect(result.isSuccess, "\(result.errors)")
        #expect(
            result.lines == [
                "                 ID  TIME                      WORKER  SEQUENCE",
                "1169786042799259000  2019-09-06T01:35:00.834Z      39      3448",
            ])
    }

    @Test func `decode gives a JSON array on request`() throws {
        let result = try leafctl(["decode", "--json", "--layout", "leaf", Self.leafsExample, "0"])
        #expect(
            result.output == #"[{"id":1169786042799259000,"iso8601":"2019-09-06T01:35:00.834Z","sequence":3448,"#
                + #""timestamp_ms":1567733700834,"worker":39},"# + "\n "
                + #"{"id":0,"iso8601":"2010-11-04T01:42:54.657Z","sequence":0,"timestamp_ms":1288834974657,"worker":0}]"#
                + "\n")
    }

    @Test func `a layout of one's own has other parts`() throws {
        let result = try leafctl(
            ["decode", "--json", "--epoch", "1577836800000", "--layout", "10ms,39,6,8", "1638419"])
        #expect(
            result.output == #"[{"id":1638419,"iso8601":"2020-01-01T00:00:01.000Z","sequence":19,"#
                + #""timestamp_ms":1577836801000,"worker":0}]"# + "\n", "\(result.errors)")
        #expect(
            result.output
                == (try leafctl(
                    ["decode", "--json", "--epoch", "1577836800000", "--layout", "js53", "1638419"])).output)
    }

    @Test func `without epoch and layout the daemon is asked, whose own count`() throws {
        let result = try leafctl(
            ["decode", "1638419", "7"],
            [
                (
                    ["DECODE", "1638419"],
                    "*10\r\n$3\r\nnew\r\n$1\r\nx\r\n$12\r\ntimestamp_ms\r\n:1577836801000\r\n$7\r\niso8601\r\n"
                        + "$24\r\n2020-01-01T00:00:01.000Z\r\n$6\r\nworker\r\n:0\r\n$8\r\nsequence\r\n:19\r\n"
                ),
                (
                    ["DECODE", "7"],
                    "*8\r\n$12\r\ntimestamp_ms\r\n:1577836800000\r\n$7\r\niso8601\r\n"
                        + "$24\r\n2020-01-01T00:00:00.000Z\r\n$6\r\nworker\r\n:0\r\n$8\r\nsequence\r\n:7\r\n"
                ),
            ])
        #expect(
            result.lines == [
                "     ID  TIME                      WORKER  SEQUENCE",
                "1638419  2020-01-01T00:00:01.000Z       0        19",
                "      7  2020-01-01T00:00:00.000Z       0         7",
            ], "\(result.errors)")
    }

    @Test func `an ID that is none of the layout's is told why, and nothing is printed`() throws {
        let local = try leafctl(["decode", "7", "--layout", "js53", "9007199254740992"])
        #expect(local.exit == .code(1))
        #expect(local.output == "")
        #expect(local.errors.contains("9007199254740992 has 54 bits, more than the 53"), "\(local.errors)")
        let remote = try leafctl(
            ["decode", "5"], [(["DECODE", "5"], "-ERR the ID 5 has more bits than the layout\r\n")])
        #expect(remote.exit == .code(1))
        #expect(remote.output == "")
        #expect(remote.errors == "leafctl: ERR the ID 5 has more bits than the layout\n")
    }

    @Test(arguments: [
        ["decode"], ["decode", "-1"], ["decode", "9223372036854775808"], ["decode", "x"],
        ["decode", "1", "--epoch", "-1"], ["decode", "1", "--epoch", "soon"], ["decode", "1", "--layout", "sonyflake"],
        ["decode", "1", "--layout", "1ms,41,10"], ["decode", "1", "--layout", "1ms,41,10,13"],
        ["decode", "1", "--layout", "2s,41,10,12"], ["decode", "1", "--layout", "41,10,12,1"],
        ["snowflake", "0"], ["snowflake", "--worker", "-1"], ["snowflake", "--worker", "65536"],
        ["workers", "release"], ["workers", "release", "all"], ["workers", "release", "1", "2"],
    ])
    func `wrong usage is refused before anything is asked`(words: [String]) throws {
        let result = try leafctl(words)
        #expect(result.exit == .code(64))
        #expect(result.output == "")
    }

    // MARK: snowflake

    @Test func `snowflake prints one ID, and nothing else`() throws {
        let result = try leafctl(["snowflake"], [(["SNOWFLAKE"], ":1169786042799259000\r\n")])
        #expect(result.output == "1169786042799259000\n", "\(result.errors)")
        #expect(result.errors == "")
    }

    @Test func `snowflake asks for many in batches, with the worker id in each request`() throws {
        let result = try leafctl(
            ["snowflake", "5", "--worker", "39", "--batch", "3"],
            [
                (["SNOWFLAKE", "3", "WORKER", "39"], "*3\r\n:11\r\n:12\r\n:13\r\n"),
                (["SNOWFLAKE", "2", "WORKER", "39"], "*2\r\n:15\r\n:16\r\n"),
            ])
        #expect(result.output == "11\n12\n13\n15\n16\n", "\(result.errors)")
        let one = try leafctl(["snowflake", "--worker", "7"], [(["SNOWFLAKE", "WORKER", "7"], ":11\r\n")])
        #expect(one.output == "11\n", "\(one.errors)")
    }

    @Test func `what was issued before a failure is printed, and the failure shows`() throws {
        let result = try leafctl(
            ["snowflake", "4", "--batch", "2"],
            [
                (["SNOWFLAKE", "2"], "*2\r\n:11\r\n:12\r\n"),
                (["SNOWFLAKE", "2"], "-CLOCK the lease of worker 39 is over\r\n"),
            ])
        #expect(result.output == "11\n12\n")
        #expect(result.exit == .code(1))
        #expect(result.errors == "leafctl: CLOCK the lease of worker 39 is over\n")
    }

    @Test(arguments: ["*1\r\n:11\r\n", "*2\r\n:11\r\n$2\r\n12\r\n", ":11\r\n", "+OK\r\n"])
    func `IDs of another number or kind are refused, not passed on`(reply: String) throws {
        let result = try leafctl(["snowflake", "2"], [(["SNOWFLAKE", "2"], reply)])
        #expect(result.output == "")
        #expect(result.exit == .code(3))
    }

    // MARK: workers

    private static let rows =
        "*4\r\n" + row(0, 1, String(repeating: "0f", count: 16), "", "web-1.example.com", 1_567_733_700_834, "mine")
        + row(39, 12, String(repeating: "a1", count: 16), "machine", "db-with-a-very-long-name.example.com", 1, "held")
        + row(40, 3, "beef", "machine", "gone", 1_567_733_700_834, "over")
        + row(1023, 4, "", "", "", 1_567_733_700_834, "released")

    private static func row(
        _ worker: Int, _ generation: Int, _ holder: String, _ machine: String, _ host: String, _ lastTime: Int,
        _ state: String
    ) -> String {
        let texts = [holder, machine, host].map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        return "*7\r\n:\(worker)\r\n:\(generation)\r\n\(texts):\(lastTime)\r\n$\(state.utf8.count)\r\n\(state)\r\n"
    }

    @Test(arguments: [["workers"], ["workers", "list"]])
    func `workers shows who holds what, in 80 columns`(words: [String]) throws {
        let result = try leafctl(words, [(["WORKERS"], Self.rows)])
        #expect(
            result.lines == [
                "WORKER  STATE         UNTIL (UTC)           GEN  HOST                HOLDER",
                "     0  mine          2019-09-06T01:35:00Z    1  web-1.example.com   0f0f0…f0f0f",
                "    39  held, static  1970-01-01T00:00:00Z   12  db-with-a…mple.com  a1a1a…1a1a1",
                "    40  over, static  2019-09-06T01:35:00Z    3  gone                beef",
                "  1023  released      2019-09-06T01:35:00Z    4  -                   -",
            ], "\(result.errors)")
        #expect(result.lines.allSatisfy { $0.count <= 80 })
    }

    @Test func `workers gives all of it as JSON`() throws {
        let result = try leafctl(["workers", "--json"], [(["WORKERS"], Self.rows)])
        let check =
            "import json, sys; print([(w['worker'], w['state'], w['ts_hi_ms']) for w in json.load(sys.stdin)][1:3])"
        let read = try Tool.run("python3", ["-c", check], input: result.output)
        #expect(read.output == "[(39, 'held', 1), (40, 'over', 1567733700834)]\n", "\(result.output)\(read.errors)")
        #expect(try leafctl(["workers", "--json"], [(["WORKERS"], "*0\r\n")]).output == "[]\n")
    }

    @Test func `columns of a newer daemon are passed over, missing ones are an error`() throws {
        let more = "*1\r\n*8\r\n:1\r\n:1\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n:0\r\n$7\r\nfloated\r\n:9\r\n"
        #expect(try leafctl(["workers"], [(["WORKERS"], more)]).lines.last?.contains("floated") == true)
        let less = try leafctl(["workers"], [(["WORKERS"], "*1\r\n*2\r\n:1\r\n:1\r\n")])
        #expect(less.exit == .code(3))
    }

    @Test func `workers release names the one, and needs an OK`() throws {
        let done = try leafctl(["workers", "release", "39"], [(["WORKERS", "RELEASE", "39"], "+OK\r\n")])
        #expect(done.isSuccess && done.output == "", "\(done.errors)")
        let refused = try leafctl(
            ["workers", "release", "39"], [(["WORKERS", "RELEASE", "39"], "-NOPERM not an administrator\r\n")])
        #expect(refused.exit == .code(1))
        #expect(refused.errors.contains("NOPERM"))
    }

    @Test func `the help of release says what it means`() throws {
        let help = try leafctl(["workers", "release", "--help"])
        #expect(help.isSuccess)
        let words = help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("nobody but the holder of now ever stamps a time up to UNTIL under that id"), "\(words)")
    }

    // MARK: stats

    @Test func `stats shows snowflakes within 80 columns, and why there are none`() throws {
        let json = """
            {"snowflake":{"enabled":true,"format":"epoch 1288834974657, 41 bits of 1 ms, 10 of worker, 12 of sequence",\
            "workers":[39,1023],"generations":[2,17],"issued":1234567,"ids_per_unit":3.25,"horizon_s":7100.5,\
            "clock_offset_ms":-0.25,"clock_steps":2,"waits":5,"problem":"the lease of worker id 39 is over, and the store \
            does not answer: bring the database back, or have somebody look at it"}}
            """
        let result = try leafctl(
            ["stats"], [(["STATS"], "$\(json.utf8.count)\r\n\(json)\r\n"), (["HEALTH"], "+OK\r\n")])
        #expect(result.lines.allSatisfy { $0.count <= 80 }, "\(result.output)")
        let shown = result.lines.drop { !$0.hasPrefix("snowflake") }.prefix { !$0.hasPrefix("leafd") }
        #expect(
            Array(shown) == [
                "snowflake    worker 39 (generation 2), worker 1023 (generation 17),",
                "             1.23M issued, horizon 118m, clock offset -0.25 ms, 2 clock steps,",
                "             5 waits, 3.25 IDs a unit",
                "             epoch 1288834974657, 41 bits of 1 ms, 10 of worker, 12 of sequence",
                "             NOT ISSUING: the lease of worker id 39 is over, and the store does",
                "             not answer: bring the database back, or have somebody look at it",
            ], "\(result.output)")
    }
}
