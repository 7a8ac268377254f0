import LeafClient
import LeafProtocol
import LeafServer
import Testing

/// Many requests at once on one connection: every reply, in the order of the requests, whatever waits in between.
struct PipelineTests {
    @Test func repliesComeInTheOrderOfTheRequests() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            try connection.send(
                bytes: line("PING a") + array("INCR", "orders") + line("NEXT orders") + line("PING b")
                    + array("NEXT", "orders", "2") + line("NEXT nothing") + line("INCRBY orders 5") + line("PING c"))
            #expect(
                try connection.receive(8).map(\.description) == [
                    "\"a\"", ":1", ":2", "\"b\"", "[:3, :4]",
                    "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)", ":9", "\"c\"",
                ])
        }
    }

    @Test(arguments: [0, 1, 7, 64])
    func `the same request again and again is answered each time, and one that differs in a byte is another`(
        more: Int
    ) async throws {
        try await TestDaemon.run(change: { $0.tags = ["orders", "orderz"] }) { daemon in
            let connection = try daemon.connect()
            func repeated(_ bytes: [UInt8]) -> [UInt8] { Array(Array(repeating: bytes, count: 1 + more).joined()) }
            let requests = [
                array("NEXT", "orders"), array("NEXT", "orderz"), array("INCR", "orders"), line("NEXT orders"),
                array("NEXT", "nobody"), line("NEXT orderz"), line("PING"), array("NEXT", "orders"),
            ]
            // Half a request at the end is none.
            try connection.send(bytes: requests.flatMap(repeated) + array("NEXT", "orders").dropLast())
            let replies = try connection.receive(requests.count * (1 + more))
            let ends = stride(from: 0, to: replies.count, by: 1 + more).map { replies[$0..<$0 + 1 + more] }
            #expect(ends[4].allSatisfy { $0.errorPrefix == "NOTAG" })
            #expect(ends[6].allSatisfy { $0 == .simple("PONG") })
            let count = Int64(1 + more)
            #expect((ends[0] + ends[2] + ends[3] + ends[7]).map(\.integer) == (1...4 * count).map { $0 })
            #expect((ends[1] + ends[5]).map(\.integer) == (1...2 * count).map { $0 })
            let stats = try StatsDocument(json: try #require(try daemon.ask("STATS").text))
            #expect(stats.commands["NEXT"] == 6 * count && stats.commands["INCR"] == count)
        }
    }

    @Test func aParkedRequestDelaysTheRepliesBehindItAndKeepsTheirOrder() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let connection = try daemon.connect()
            try connection.send(
                bytes: line("PING before") + line("NEXT orders") + line("PING between") + line("NEXT orders 3")
                    + line("STATS orders") + line("INCR orders") + line("PING behind"))
            #expect(try connection.receive().text == "before")
            try await daemon.waitUntilParked(1)
            store.letGo()
            let replies = try connection.receive(6)
            #expect(replies[0] == .integer(1))
            #expect(replies[1].text == "between")
            #expect(replies[2] == .array([.integer(2), .integer(3), .integer(4)]))
            #expect(replies[3].text?.contains("\"tag\":\"orders\"") == true)
            #expect(replies[4] == .integer(5))
            #expect(replies[5].text == "behind")
        }
    }

    @Test func aRunThatParksAgainAndAgainAnswersEachOnItsOwnConnection() async throws {
        // A lease brings three IDs, so that the runs of both connections park many times, each time in mid-run. A reply
        // left behind in the loop's memory would go to the other connection.
        try await TestDaemon.run(change: { options in
            options.step = 3
            options.maxStep = 3
        }) { daemon in
            let (first, second) = (try daemon.connect(), try daemon.connect())
            let commands = Array(repeating: ["NEXT", "orders"], count: 200)
            try first.send(commands)
            try second.send(commands)
            let mine = try first.receive(200).map { try #require($0.integer, "\($0)") }
            let theirs = try second.receive(200).map { try #require($0.integer, "\($0)") }
            #expect(mine == mine.sorted() && theirs == theirs.sorted())
            #expect(Set(mine + theirs).count == 400)
            #expect(try first.ask("PING end") == "\"end\"")
            #expect(try second.ask("PING end") == "\"end\"")
        }
    }

    /// What comes behind a run that parks in its middle, and how it is answered in the end.
    @Test(
        arguments: [
            (line("PING behind"), "\"behind\""), (line("NEXT users"), ":1"), (line("NEXT orders 2"), nil),
            (line("MULTI") + line("EXEC"), "+OK"), (line("QUIT"), "+OK"),
            (Array("*x\r\n".utf8), "-ERR Protocol error: invalid multibulk length"),
        ] as [([UInt8], String?)])
    func whatFollowsARunThatParksComesBehindIt(last: [UInt8], expected: String?) async throws {
        let store = MemoryStore()
        let change: (inout TestDaemon.Options) -> Void = { options in
            options.tags = ["orders", "users"]
            options.step = 3
            options.maxStep = 3
        }
        try await TestDaemon.run(store, change) { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("NEXT orders") == ":1")
            store.hold()
            // More than can be in stock.
            try connection.send(bytes: Array(repeating: line("NEXT orders"), count: 50).flatMap { $0 } + last)
            try await daemon.waitUntilParked(1)
            store.letGo()
            #expect(try connection.receive(50).map(\.integer) == (2...51).map { $0 })
            let reply = try connection.receive().description
            if let expected { #expect(reply == expected) } else { #expect(reply == "[:52, :53]") }
        }
    }

    @Test func aParkedRequestDoesNotDelayOtherConnections() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store, { $0.tags = ["orders", "users"] }) { daemon in
            #expect(try daemon.ask("NEXT", "users") == .integer(1))
            store.hold()
            let waiting = try daemon.connect()
            try waiting.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(1)
            #expect(try daemon.ask("NEXT", "users") == .integer(2))
            #expect(try daemon.ask("PING") == .simple("PONG"))
            store.letGo()
            #expect(try waiting.receive() == .integer(1))
        }
    }

    @Test func requestsCutAtAnyByteAreAnsweredOnce() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            let bytes = array("ECHO", "one") + line("ECHO two") + line("") + array("ECHO", "three")
            for cut in 1..<bytes.count {
                try connection.send(bytes: Array(bytes[..<cut]))
                try connection.send(bytes: Array(bytes[cut...]))
                #expect(try connection.receive(3).compactMap(\.text) == ["one", "two", "three"])
            }
            #expect(try connection.ask("PING") == "+PONG")
        }
    }

    @Test func requestsThatArriveWhileOneIsParkedAreNotLost() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let connection = try daemon.connect()
            try connection.send([["NEXT", "orders"]])
            try await daemon.waitUntilParked(1)
            // More than one read takes in.
            let text = String(repeating: "x", count: 4000)
            try connection.send(Array(repeating: ["ECHO", text], count: 40))
            store.letGo()
            #expect(try connection.receive() == .integer(1))
            #expect(try connection.receive(40).allSatisfy { $0.text == text })
        }
    }

    @Test(arguments: [false, true])
    func aClientThatEndsItsSideGetsItsRepliesFirst(parks: Bool) async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            if parks { store.hold() } else { _ = try daemon.ask("NEXT", "orders") }
            let connection = try daemon.connect()
            try connection.send([["NEXT", "orders"], ["PING"], ["NEXT", "orders"], ["HEALTH"], ["PING", "end"]])
            connection.finishSending()
            if parks {
                try await daemon.waitUntilParked(1)
                store.letGo()
            }
            let first: Int64 = parks ? 1 : 2
            #expect(
                try connection.receive(5) == [
                    .integer(first), .simple("PONG"), .integer(first + 1), .simple("OK"), .text("end"),
                ])
            #expect(try connection.isAtEnd())
        }
    }

    @Test func repliesBehindTheOutputLimitComeBeforeTheEnd() async throws {
        try await TestDaemon.run(change: { $0.limits.outputLimitBytes = 4096 }) { daemon in
            let connection = try daemon.connect()
            let text = String(repeating: "y", count: 3000)
            try connection.send(Array(repeating: ["ECHO", text], count: 100))
            connection.finishSending()
            #expect(try connection.receive(100).allSatisfy { $0.text == text })
            #expect(try connection.isAtEnd())
        }
    }

    @Test func aLowerOutputLimitAfterAReloadStallsNobody() async throws {
        try await TestDaemon.run { daemon in
            var limits = TestDaemon.Options().limits
            limits.outputLimitBytes = 4096
            daemon.server.adopt(limits)
            let connection = try daemon.connect()
            let text = String(repeating: "z", count: 1000)
            try connection.send(Array(repeating: ["ECHO", text], count: 40))
            #expect(try connection.receive(40).allSatisfy { $0.text == text })
        }
    }

    @Test func quitAnswersWhatCameBeforeAndNothingBehind() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            try connection.send([["PING"], ["QUIT"], ["NEXT", "orders"]])
            #expect(try connection.receive(2) == [.simple("PONG"), .simple("OK")])
            #expect(try connection.isAtEnd())
            #expect(try daemon.ask("NEXT", "orders") == .integer(1))
        }
    }
}

extension TestDaemon {
    /// Runs a daemon on a store in memory that the test does not touch.
    static func run<R>(change: (inout Options) -> Void, _ body: (TestDaemon) async throws -> R) async throws -> R {
        try await run(MemoryStore(), change, body)
    }
}
