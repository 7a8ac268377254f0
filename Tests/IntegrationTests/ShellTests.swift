import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Asked from a shell")
    struct ShellTests {
        @Test("netcat that ends its input gets its replies first", .enabled(if: Tool.isThere("nc"), "no nc here"))
        func netcat() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try Tool.run(
                "nc", ["-U", "-N", daemon.setup.socketPath], input: "NEXT orders\nNEXT orders 2\r\nPING\nNEXT nobody\n")
            let lines = result.output.split(whereSeparator: \.isNewline)
            #expect(result.isSuccess)
            #expect(lines.prefix(5) == [":1", "*2", ":2", ":3", "+PONG"], "\(result.output)")
            #expect(lines.last?.hasPrefix("-NOTAG") == true, "\(result.output)")
        }

        private func leafctl(_ daemon: LeafDaemon, _ words: String...) throws -> Tool.Result {
            try Tool.run(
                try Tool.product("leafctl"), words + ["--socket", daemon.setup.socketPath, "--timeout", "30s"])
        }

        @Test("leafctl prints IDs and nothing else")
        func ids() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try leafctl(daemon, "next", "orders").output == "1\n")
            #expect(try leafctl(daemon, "next", "orders", "3").output == "2\n3\n4\n")
            #expect(try leafctl(daemon, "lease", "orders", "100").output == "5 104\n")
            let many = try leafctl(daemon, "next", "orders", "250000", "--batch", "50000")
            expectUnique(many.ids, count: 250_000)
            let unknown = try leafctl(daemon, "next", "nobody")
            #expect(unknown.exit == .code(1))
            #expect(unknown.output == "")
            #expect(unknown.errors.contains("NOTAG"), "\(unknown.errors)")
        }

        @Test("leafctl finds the socket in the environment")
        func environment() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let result = try Tool.run(
                try Tool.product("leafctl"), ["next", "orders", "--timeout", "30s"],
                environment: ["LEAFD_SOCKET": daemon.setup.socketPath])
            #expect(result.output == "1\n")
        }

        @Test("leafctl creates, lists, alters and drops tags; a tag created anew goes on above its old IDs")
        func tags() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try leafctl(daemon, "create", "parcels", "--step", "500", "--start", "1000").isSuccess)
            #expect(try leafctl(daemon, "next", "parcels").output == "1000\n")
            #expect(try leafctl(daemon, "create", "parcels").exit == .code(1))
            #expect(try leafctl(daemon, "tags").lines == ["orders", "parcels"])
            #expect(try leafctl(daemon, "alter", "parcels", "--step", "700").isSuccess)
            #expect(try daemon.setup.store.query("SELECT step FROM leaf_alloc WHERE biz_tag = 'parcels';") == ["700"])
            #expect(try leafctl(daemon, "drop", "parcels").isSuccess)
            #expect(try leafctl(daemon, "tags").lines == ["orders"])
            #expect(try leafctl(daemon, "next", "parcels").errors.contains("NOTAG"))
            #expect(try leafctl(daemon, "create", "parcels").isSuccess)
            let again = try leafctl(daemon, "next", "parcels")
            #expect(try #require(again.ids.first) > 1000, "\(again.errors)")
        }

        @Test("leafctl stats shows a table for people, and the object for programs")
        func stats() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            let table = try leafctl(daemon, "stats")
            #expect(table.isSuccess && table.output.contains("orders"), "\(table.output)\(table.errors)")
            let object = try leafctl(daemon, "stats", "--json")
            #expect(object.isSuccess, "\(object.errors)")
            let check =
                "import json, sys; s = json.load(sys.stdin); print(s['pid'], s['tags'][0]['tag'], s['store']['up'])"
            let read = try Tool.run("python3", ["-c", check], input: object.output)
            #expect(read.output == "\(daemon.pid) orders True\n", "\(object.output)\(read.errors)")
            let tag = try leafctl(daemon, "stats", "orders")
            #expect(tag.isSuccess && tag.output.contains("orders"))
        }

        @Test("leafctl health exits with 0, 1, 2 or 3; --live with 0 as long as there is an answer")
        func health() throws {
            let daemon = try LeafDaemon(
                DaemonSetup(tags: ["{name: orders, step: 100}"], settings: ["segments.reserve=0s"]))
            #expect(try daemon.next() == 1)
            #expect(try leafctl(daemon, "health").exit == .code(0))
            try daemon.setup.store.moveAway()
            #expect(try daemon.connect().next("orders", count: 30).count == 30)
            try eventually("health: degraded") { try leafctl(daemon, "health").exit == .code(1) }
            try eventually("the stock is used up") { try daemon.ask("NEXT", "orders").integer == nil }
            #expect(try leafctl(daemon, "health").exit == .code(2))
            #expect(try leafctl(daemon, "health", "--live").exit == .code(0))
            #expect(try daemon.stop() == .code(0))
            let gone = try leafctl(daemon, "health")
            #expect(gone.exit == .code(3))
            #expect(gone.errors.hasPrefix("leafctl: "))
        }

        @Test("leafctl check-config says what is wrong, as leafd does")
        func checkConfiguration() throws {
            let setup = DaemonSetup()
            try setup.write()
            let leafctl = try Tool.product("leafctl")
            #expect(try Tool.run(leafctl, ["check-config", setup.configurationPath]).isSuccess)
            var wrong = setup
            wrong.yaml = "server:\n    max-batch: many\n"
            try wrong.write()
            let result = try Tool.run(leafctl, ["check-config", wrong.configurationPath])
            #expect(result.exit == .code(78))
            #expect(result.errors.contains("server.max-batch"), "\(result.errors)")
        }
    }
}
