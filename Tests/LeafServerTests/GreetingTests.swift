import LeafClient
import LeafServer
import Testing

/// What Redis clients say at connect and beside their work.
struct GreetingTests {
    @Test func hello3IsAnsweredByAMapAndNothingElseChanges() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            let hello = try connection.command("HELLO", "3", "SETNAME", "app")
            #expect(hello["server"]?.text == "leafd")
            #expect(hello["version"]?.text == "7.0.0")
            #expect(hello["proto"] == .integer(3))
            #expect(hello["id"]?.integer ?? 0 >= 1)
            #expect(hello["mode"]?.text == "standalone")
            #expect(hello["role"]?.text == "master")
            #expect(hello["modules"] == .array([]))
            #expect(try connection.ask("CLIENT GETNAME") == "\"app\"")
            #expect(try connection.ask("NEXT orders 2") == "[:1, :2]")
            #expect(try connection.command("HELLO")["proto"] == .integer(3))
            #expect(try connection.ask("RESET") == "+RESET")
            #expect(try connection.command("HELLO").array?.count == 14)
            #expect(try connection.ask("CLIENT GETNAME") == "\"\"")
        }
    }

    @Test func hello2IsAnsweredByAFlatArray() async throws {
        try await TestDaemon.run { daemon in
            let reply = try daemon.ask("HELLO", "2")
            #expect(reply.array?.count == 14)
            #expect(reply.array?[4...5] == [.text("proto"), .integer(2)])
        }
    }

    @Test(arguments: [
        ("HELLO 4", "-NOPROTO unsupported protocol version"),
        ("HELLO three", "-ERR Protocol version is not an integer or out of range"),
        ("HELLO 99999999999999999999", "-ERR Protocol version is not an integer or out of range"),
        ("HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"),
        ("HELLO 3 NAME x", "-ERR Syntax error in HELLO option 'NAME'"),
        (
            "HELLO 3 AUTH default secret SETNAME x",
            "-ERR AUTH <password> called without any password configured for the default user. "
                + "Are you sure your configuration is correct?"
        ),
        (
            "AUTH secret",
            "-ERR AUTH <password> called without any password configured for the default user. "
                + "Are you sure your configuration is correct?"
        ),
        ("AUTH", "-ERR wrong number of arguments for 'auth' command"),
        ("PING", "+PONG"), ("PING hello", "\"hello\""),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
        ("ECHO hello", "\"hello\""), ("SELECT 0", "+OK"), ("SELECT 1", "-ERR DB index is out of range"),
        ("SELECT x", "-ERR value is not an integer or out of range"),
        ("CLIENT SETNAME app", "+OK"), ("CLIENT SETINFO LIB-NAME redis-py", "+OK"),
        ("client setinfo lib-ver 8.0", "+OK"), ("CLIENT GETNAME", "\"\""),
        ("CLIENT MAINT_NOTIFICATIONS ON", "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP."),
        ("CLIENT SETNAME", "-ERR unknown subcommand 'SETNAME'. Try CLIENT HELP."),
        ("CLIENT", "-ERR wrong number of arguments for 'client' command"),
        ("COMMAND", "[]"), ("COMMAND DOCS", "[]"), ("COMMAND INFO get", "[]"), ("COMMAND COUNT", ":30"),
        ("CONFIG GET save", "[\"save\", \"\"]"),
        ("CONFIG GET save appendonly", "[\"save\", \"\", \"appendonly\", \"\"]"),
        ("CONFIG SET save x", "-ERR only CONFIG GET is served: leafd is configured by its file, see leafd --check"),
        ("CONFIG", "-ERR only CONFIG GET is served: leafd is configured by its file, see leafd --check"),
        ("RESET", "+RESET"), ("QUIT", "+OK"),
    ])
    func isAnsweredAsClientsExpect(request: String, expected: String) async throws {
        try await TestDaemon.run { daemon in
            let reply = try daemon.connect().ask(request)
            #expect(reply == expected)
        }
    }

    @Test func infoLooksLikeAServerThatIsReady() async throws {
        try await TestDaemon.run { daemon in
            let text = try #require(try daemon.ask("INFO").text)
            let lines = text.split(separator: "\r\n")
            #expect(lines.contains("redis_version:7.0.0"))
            #expect(lines.contains("role:master"))
            #expect(lines.contains("leafd_version:test"))
            #expect(!text.contains("loading:1"))
            #expect(lines.allSatisfy { $0.hasPrefix("#") || $0.contains(":") })
        }
    }

    @Test func infoGivesTheSectionsThatAreAskedFor() async throws {
        try await TestDaemon.run { daemon in
            #expect(try daemon.ask("NEXT", "orders", "5").array?.count == 5)
            #expect(try daemon.ask("NEXT", "nothing").isError)
            func sections(_ words: String...) throws -> [String] {
                let text = try #require(try daemon.connect().command(["INFO"] + words).text)
                return text.split(separator: "\r\n").filter { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
            }
            let all = try sections()
            #expect(all.count == Set(all).count && all.contains("Clients") && all.contains("Leafd"))
            #expect(try sections("everything") == all && sections("ALL") == all)
            #expect(try sections("server") == ["Server"] && sections("Stats", "CPU") == ["Stats", "CPU"])
            #expect(try sections("keyspace").isEmpty)
            let leafd = try #require(try daemon.ask("INFO", "leafd", "commandstats", "errorstats").text)
            let lines = leafd.split(separator: "\r\n")
            for line in ["ids_issued:5", "tags:1", "store_up:1", "cmdstat_next:calls=2", "errorstat_NOTAG:count=1"] {
                #expect(lines.contains(Substring(line)), "\(line)")
            }
        }
    }

    @Test func connectionsHaveDifferentIDs() async throws {
        try await TestDaemon.run { daemon in
            let (first, second) = (try daemon.connect(), try daemon.connect())
            let ids = [try first.ask("CLIENT ID"), try second.ask("CLIENT ID")]
            #expect(ids[0] != ids[1])
            #expect(try first.ask("CLIENT ID") == ids[0])
        }
    }
}
