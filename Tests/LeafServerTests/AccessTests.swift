import Glibc
import LeafClient
import LeafCore
import LeafServer
import Testing

/// Who may do what, by the uid that the kernel tells; and how many may come.
struct AccessTests {
    @Test func aRuleLetsItsUsersUseItsTagsAlone() async throws {
        try await TestDaemon.run(change: { options in
            options.tags = ["orders", "users"]
            options.rules = [
                AccessPolicy.Rule(uids: [geteuid()], gids: []) { $0.name == "orders" },
                AccessPolicy.Rule(uids: [geteuid() &+ 1], gids: []) { _ in true },
            ]
        }) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("NEXT orders") == ":1")
            let refused = "-NOPERM the access rules do not let this uid use users"
            for request in ["NEXT users", "LEASE users 5", "INCR users", "INCRBY users 2", "STATS users"] {
                #expect(try connection.ask(request) == refused)
            }
            #expect(try connection.ask("TAGS") == "[\"orders\"]")
            #expect(
                try connection.pipeline([["MULTI"], ["INCR", "users"], ["EXEC"]]).last?.description == "[\(refused)]")
            #expect(try connection.ask("NEXT orders") == ":2")
        }
    }

    @Test func aRuleForAGroupCountsToo() async throws {
        try await TestDaemon.run(change: { options in
            options.rules = [AccessPolicy.Rule(uids: [], gids: [getegid()]) { _ in true }]
        }) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("NEXT orders") == ":1")
        }
    }

    @Test func whoHasNoRuleMayUseNoTag() async throws {
        try await TestDaemon.run(change: { options in
            options.rules = [AccessPolicy.Rule(uids: [geteuid() &+ 1], gids: []) { _ in true }]
        }) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.command("NEXT", "orders").errorPrefix == "NOPERM")
            #expect(try connection.ask("TAGS") == "[]")
            #expect(try connection.ask("PING") == "+PONG")
        }
    }

    static let administrative = [
        "CREATE new", "ALTER orders STEP 5", "DROP orders", "BUMP orders 5000", "BUMP ALL", "FORGET orders", "FENCE",
        "WORKERS",
    ]

    @Test func whoIsNoAdministratorMayChangeNothing() async throws {
        try await TestDaemon.run(change: { $0.adminUIDs = [geteuid() &+ 1] }) { daemon in
            let connection = try daemon.connect()
            for command in AccessTests.administrative {
                #expect(
                    try connection.ask(command)
                        == "-NOPERM admin commands need root, leafd's own uid or one of socket.admin-uids")
            }
            #expect(
                try connection.pipeline([["MULTI"], ["DROP", "orders"], ["EXEC"]]).last?.array?.first?.errorPrefix
                    == "NOPERM")
            #expect(try connection.ask("NEXT orders") == ":1")
        }
    }

    @Test func withAnAdminSocketAdminCommandsAreTakenThereAlone() async throws {
        try await TestDaemon.run(change: { $0.hasAdminSocket = true }) { daemon in
            let connection = try daemon.connect()
            for command in AccessTests.administrative {
                #expect(
                    try connection.ask(command)
                        == "-NOPERM admin commands are taken on the admin socket alone (socket.admin-path)")
            }
            let admin = try LeafConnection(path: daemon.adminPath, timeout: .seconds(20))
            #expect(try admin.ask("CREATE new") == "+OK")
            #expect(try admin.ask("NEXT new") == ":1")
            #expect(try connection.ask("NEXT new") == ":2")
        }
    }

    @Test func theAdminSocketAsksForAnAdministratorToo() async throws {
        try await TestDaemon.run(change: { options in
            options.hasAdminSocket = true
            options.adminUIDs = [geteuid() &+ 1]
        }) { daemon in
            let admin = try LeafConnection(path: daemon.adminPath, timeout: .seconds(20))
            #expect(
                try admin.ask("DROP orders")
                    == "-NOPERM admin commands need root, leafd's own uid or one of socket.admin-uids")
        }
    }

    @Test func oneConnectionTooManyIsToldSoInTheWordsOfRedis() async throws {
        try await TestDaemon.run(change: { $0.limits.maxConnections = 3 }) { daemon in
            var connections = try (0..<3).map { _ in try daemon.connect() }
            for connection in connections { #expect(try connection.ask("PING") == "+PONG") }
            for _ in 0..<5 {
                let refused = try daemon.connect()
                #expect(try refused.receive().description == "-ERR max number of clients reached")
                #expect(try refused.isAtEnd())
            }
            for connection in connections { #expect(try connection.ask("PING") == "+PONG") }
            connections.removeLast().close()
            try await eventually("there is room again") { (try? daemon.connect().ask("PING")) == "+PONG" }
            let info = try connections[0].command("INFO").text ?? ""
            #expect(info.contains("rejected_connections:") && !info.contains("rejected_connections:0"))
        }
    }

    @Test func limitsOfAReloadHoldForNewConnections() async throws {
        try await TestDaemon.run { daemon in
            let old = try daemon.connect()
            #expect(try old.ask("PING") == "+PONG")
            var limits = TestDaemon.Options().limits
            limits.maxBatch = 5
            limits.maxLineBytes = 32
            daemon.server.adopt(limits)
            let new = try daemon.connect()
            #expect(try new.command("NEXT", "orders", "6").errorPrefix == "ERR")
            #expect(try old.command("NEXT", "orders", "6").array?.count == 6)
            try new.send([["ECHO", String(repeating: "x", count: 33)]])
            #expect(try new.receive().description.hasPrefix("-ERR Protocol error: invalid bulk length"))
        }
    }
}
