import LeafClient
import LeafServer
import Testing

/// MULTI, EXEC, DISCARD: what client libraries wrap their pipelines in.
struct TransactionTests {
    @Test func execAnswersWhatWasQueuedInOneArray() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("MULTI") == "+OK")
            #expect(try connection.ask("INCR orders") == "+QUEUED")
            #expect(try connection.ask("NEXT orders 2") == "+QUEUED")
            #expect(try connection.ask("NEXT nothing") == "+QUEUED")
            #expect(try connection.ask("HEALTH") == "+QUEUED")
            #expect(try connection.ask("PING") == "+QUEUED")
            let reply = try connection.command("EXEC")
            #expect(
                reply.array?.map(\.description) == [
                    ":1", "[:2, :3]", "-NOTAG no such tag nothing: create it with CREATE (or leafctl create)", "+OK",
                    "+PONG",
                ])
            #expect(try connection.ask("PING") == "+PONG")
        }
    }

    @Test func aTransactionInOneWriteIsAnsweredBeforeWhatFollows() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            let replies = try connection.pipeline([
                ["MULTI"], ["INCRBY", "orders", "1"], ["INCR", "orders"], ["INCR", "orders"], ["EXEC"],
                ["INCR", "orders"], ["PING"], ["MULTI"], ["EXEC"], ["MULTI"], ["PING"], ["EXEC"], ["PING", "end"],
            ])
            #expect(
                replies == [
                    .simple("OK"), .simple("QUEUED"), .simple("QUEUED"), .simple("QUEUED"),
                    .array([.integer(1), .integer(2), .integer(3)]), .integer(4), .simple("PONG"),
                    .simple("OK"), .array([]), .simple("OK"), .simple("QUEUED"), .array([.simple("PONG")]),
                    .text("end"),
                ])
        }
    }

    @Test func aTransactionThatParksInItsMiddleGoesOnBeforeNewRequests() async throws {
        let store = MemoryStore()
        try await TestDaemon.run(store) { daemon in
            store.hold()
            let connection = try daemon.connect()
            try connection.send([
                ["MULTI"], ["PING"], ["NEXT", "orders"], ["NEXT", "orders"], ["PING", "x"], ["LEASE", "orders", "3"],
                ["EXEC"], ["PING", "behind"],
            ])
            #expect(try connection.receive(6).last == .simple("QUEUED"))
            try await daemon.waitUntilParked(1)
            try connection.send([["PING", "later"]])
            store.letGo()
            #expect(
                try connection.receive(3) == [
                    .array([
                        .simple("PONG"), .integer(1), .integer(2), .text("x"), .array([.integer(3), .integer(5)]),
                    ]), .text("behind"), .text("later"),
                ])
        }
    }

    @Test func aTransactionWithMoreRepliesThanTheClientTakesComesWhole() async throws {
        try await TestDaemon.run(change: { $0.limits.outputLimitBytes = 8192 }) { daemon in
            let connection = try daemon.connect()
            let text = String(repeating: "t", count: 2000)
            try connection.send(
                [["MULTI"]] + Array(repeating: ["ECHO", text], count: 300) + [["EXEC"], ["PING", "end"]])
            connection.finishSending()
            #expect(try connection.receive(301).allSatisfy { !$0.isError })
            let elements = try connection.receive().array
            #expect(elements?.count == 300)
            #expect(elements?.allSatisfy { $0.text == text } == true)
            #expect(try connection.receive().text == "end")
            #expect(try connection.isAtEnd())
        }
    }

    @Test func aRefusedRequestMakesExecRefuseAll() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            for bad in [["NOSUCHCOMMAND"], ["NEXT"], ["INCRBY", "orders"]] {
                #expect(try connection.command("MULTI") == .simple("OK"))
                #expect(try connection.command("INCR", "orders") == .simple("QUEUED"))
                #expect(try connection.command(bad).errorPrefix == "ERR")
                #expect(
                    try connection.ask("EXEC") == "-EXECABORT Transaction discarded because of previous errors.")
            }
            #expect(try connection.command("INCR", "orders") == .integer(1))
        }
    }

    @Test func discardResetAndQuitEndATransaction() async throws {
        try await TestDaemon.run { daemon in
            let connection = try daemon.connect()
            #expect(try connection.ask("DISCARD") == "-ERR DISCARD without MULTI")
            #expect(try connection.ask("EXEC") == "-ERR EXEC without MULTI")
            for end in ["DISCARD", "RESET"] {
                #expect(try connection.ask("MULTI") == "+OK")
                #expect(try connection.ask("INCR orders") == "+QUEUED")
                #expect(try connection.ask("MULTI") == "-ERR MULTI calls can not be nested")
                #expect(try connection.ask(end) == (end == "RESET" ? "+RESET" : "+OK"))
                #expect(try connection.ask("EXEC") == "-ERR EXEC without MULTI")
            }
            #expect(try connection.ask("MULTI") == "+OK")
            #expect(try connection.ask("INCR orders") == "+QUEUED")
            #expect(try connection.ask("QUIT") == "+OK")
            #expect(try connection.isAtEnd())
            #expect(try daemon.ask("INCR", "orders") == .integer(1))
        }
    }

    @Test func aTransactionQueuesAtMostMaxBatchRequests() async throws {
        try await TestDaemon.run(change: { $0.limits.maxBatch = 10 }) { daemon in
            let connection = try daemon.connect()
            for count in [10, 11] {
                try connection.send([["MULTI"]] + Array(repeating: ["INCR", "orders"], count: count) + [["EXEC"]])
                let replies = try connection.receive(count + 2)
                if count == 10 {
                    #expect(replies.last == .array((1...10).map { .integer($0) }))
                } else {
                    #expect(replies[10] == .simple("QUEUED"))
                    #expect(replies[11].description.hasPrefix("-ERR a MULTI may queue at most 10 requests"))
                    #expect(replies.last?.errorPrefix == "EXECABORT")
                }
            }
        }
    }
}
