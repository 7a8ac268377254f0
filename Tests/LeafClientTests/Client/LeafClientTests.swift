import Dispatch
import Glibc
import LeafClient
import LeafTestKit
import Testing

@Suite("A client")
struct LeafClientTests {
    /// Generous, for a busy machine: only tests about deadlines give one of their own.
    private func client(_ path: String, outstandingMax: Int = LeafClient.defaultOutstandingMax) -> LeafClient {
        LeafClient(socketPath: path, timeout: .seconds(60), outstandingMax: outstandingMax)
    }

    /// Answers `NEXT n` with the number that the tag is.
    private static func answer(_ peer: ScriptedServer.Peer) throws {
        while let words = try peer.request() { try peer.send(":\(words[1])\r\n") }
    }

    @Test
    func `sends each request as it should be, and understands each reply`() async throws {
        let server = try BusyServer { peer, _ in
            let replies = [
                "NEXT orders": ":7\r\n", "NEXT orders 2": "*2\r\n:8\r\n:9\r\n",
                "LEASE orders 5": "*4\r\n:9\r\n:10\r\n:21\r\n:23\r\n", "SNOWFLAKE": ":1000\r\n",
                "SNOWFLAKE 2": "*2\r\n:1001\r\n:1002\r\n", "PING": "+PONG\r\n", "HEALTH": "+DEGRADED no store\r\n",
            ]
            while let words = try peer.request() {
                try peer.send(replies[words.joined(separator: " ")] ?? "-ERR \(words)\r\n")
            }
        }
        let client = client(server.path)
        #expect(try await client.next("orders") == 7)
        #expect(try client.blocking.next("orders") == 7)
        #expect(try await client.next("orders", count: 2) == [8, 9])
        #expect(try client.blocking.next("orders", count: 2) == [8, 9])
        #expect(try await client.lease("orders", count: 5) == [9...10, 21...23])
        #expect(try client.blocking.lease("orders", count: 5) == [9...10, 21...23])
        #expect(try await client.snowflake() == 1000)
        #expect(try client.blocking.snowflake() == 1000)
        #expect(try await client.snowflake(count: 2) == [1001, 1002])
        #expect(try client.blocking.snowflake(count: 2) == [1001, 1002])
        #expect(try await client.health() == .degraded(reason: "no store"))
        #expect(try client.blocking.health() == .degraded(reason: "no store"))
        try await client.ping()
        try client.blocking.ping()
        #expect(server.connections == 1)
    }

    @Test
    func `gives each of many tasks and threads its own reply, over one connection`() async throws {
        let server = try BusyServer { peer, _ in try Self.answer(peer) }
        let client = client(server.path)
        let crew = Crew(4) { thread in
            for index in 0..<300 {
                let number = 1_000_000 + thread * 1000 + index
                #expect((try? client.blocking.next("\(number)")) == Int64(number))
            }
        }
        try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            for number in 1...2000 { group.addTask { (number, try await client.next("\(number)")) } }
            for try await (number, id) in group { #expect(id == Int64(number)) }
        }
        crew.join()
        #expect(server.connections == 1)
    }

    @Test
    func `sends requests back to back, without waiting for replies`() async throws {
        let server = try BusyServer { peer, _ in
            // No reply before all three are there: a client that waits would wait for ever.
            let words = try (0..<3).map { _ in try peer.request()! }
            for word in words { try peer.send(":\(word[1])\r\n") }
            peer.linger()
        }
        let client = client(server.path)
        async let one = client.next("1")
        async let two = client.next("2")
        async let three = client.next("3")
        #expect(try await [one, two, three] == [1, 2, 3])
    }

    @Test
    func `throws the daemon's error with its prefix`() async throws {
        let server = try BusyServer { peer, _ in
            while try peer.request() != nil { try peer.send("-NOTAG no such tag orders\r\n") }
        }
        let client = client(server.path)
        let error = await #expect(throws: LeafClientError.self) { try await client.next("orders") }
        #expect(error?.code == .rejected(prefix: "NOTAG"))
        #expect(error?.isAnswer == true)
        let same = #expect(throws: LeafClientError.self) { try client.blocking.next("orders") }
        #expect(same == error)
    }

    @Test
    func `refuses what cannot be right without asking`() throws {
        let client = client("/tmp/leafd-test-no-such-folder/leafd.sock")
        for tag in ["", "a b", "a\r\nPING", String(repeating: "x", count: 129)] {
            let error = #expect(throws: LeafClientError.self) { try client.blocking.next(tag) }
            #expect(error?.code == .invalidRequest)
        }
        for count in [0, -1, Int.max] {
            let error = #expect(throws: LeafClientError.self) { try client.blocking.lease("orders", count: count) }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test
    func `discards a reply that comes after its deadline, and gives nobody else's for it`() async throws {
        let late = DispatchSemaphore(value: 0)
        let server = try BusyServer { peer, _ in
            _ = try peer.request()
            late.wait()
            try peer.send(":1\r\n")
            _ = try peer.request()
            try peer.send(":2\r\n")
            peer.linger()
        }
        let client = client(server.path)
        let error = await #expect(throws: LeafClientError.self) {
            try await client.next("1", timeout: .seconds(2))
        }
        #expect(error?.code == .timeout)
        late.signal()
        #expect(try await client.next("2") == 2)
        #expect(server.connections == 1)
    }

    @Test
    func `ends a cancelled task's wait, and discards its reply`() async throws {
        let asked = DispatchSemaphore(value: 0)
        let cancelled = DispatchSemaphore(value: 0)
        let server = try BusyServer { peer, _ in
            _ = try peer.request()
            asked.signal()
            cancelled.wait()
            try peer.send(":1\r\n")
            try Self.answer(peer)
        }
        let client = client(server.path)
        let task = Task { try await client.next("1") }
        try await signal(of: asked)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        cancelled.signal()
        #expect(try await client.next("2") == 2)
        let before = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.next("3")
        }
        await #expect(throws: CancellationError.self) { try await before.value }
        #expect(try await client.next("4") == 4)
    }

    @Test
    func `asks again on a new connection what the old one did not answer`() async throws {
        let server = try BusyServer { peer, number in
            // The first connection breaks after one reply, in the middle of another.
            if number == 0 {
                let words = try (0..<3).map { _ in try peer.request()! }
                try peer.send(":\(words[0][1])\r\n:")
            } else {
                try Self.answer(peer)
            }
        }
        let client = client(server.path)
        let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 1...3 { group.addTask { try await client.next("\(number)") } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids == [1, 2, 3])
        #expect(server.connections == 2)
    }

    @Test(arguments: ["-SHUTDOWN leafd is stopping\r\n", "-ERR max number of clients reached\r\n"])
    func `asks again elsewhere when the daemon says that it answers no more`(farewell: String) async throws {
        let server = try BusyServer { peer, number in
            guard number < 3 else { return try Self.answer(peer) }
            _ = try peer.request()
            try peer.send(farewell)
            peer.linger()
        }
        #expect(try await client(server.path).next("5") == 5)
        #expect(server.connections == 4)
    }

    @Test
    func `waits for a daemon that is not there yet, and connects when it is`() async throws {
        let folder = LeafTestKit.TemporaryFolder()
        let path = folder.file("leafd.sock")
        let client = client(path)
        async let id = client.next("6")
        try await Task.sleep(for: .milliseconds(30))
        let listener = try listen(at: path)
        let crew = Crew(1) { _ in
            let peer = ScriptedServer.Peer(descriptor: nextConnection(listener))
            try? Self.answer(peer)
            close(peer.descriptor)
        }
        #expect(try await id == 6)
        client.close()
        crew.join()
        close(listener)
    }

    @Test
    func `says at the deadline why there is no connection`() async throws {
        let client = LeafClient(socketPath: "/tmp/leafd-test-no-such-folder/leafd.sock", timeout: .milliseconds(50))
        let error = await #expect(throws: LeafClientError.self) { try await client.next("orders") }
        #expect(error?.code == .noSocket)
        #expect(error?.cause?.code == .noSocket)
        let same = #expect(throws: LeafClientError.self) { try client.blocking.next("orders") }
        #expect(same?.code == .noSocket)
    }

    @Test
    func `does not wait for what cannot become a leafd`() async throws {
        let client = LeafClient(socketPath: String(repeating: "x", count: 200), timeout: .seconds(600))
        let error = await #expect(throws: LeafClientError.self) { try await client.next("orders") }
        #expect(error?.message.contains("1 to 107 bytes") == true)
    }

    @Test(arguments: ["220 mail.example ESMTP\r\n", "+FINE\r\n", ":0\r\n", ":-5\r\n"])
    func `says that a peer is no leafd, and gives out no such ID`(reply: String) async throws {
        let server = try BusyServer { peer, _ in
            _ = try peer.request()
            try peer.send(reply)
            peer.linger()
        }
        let error = await #expect(throws: LeafClientError.self) { try await client(server.path).next("orders") }
        #expect(error?.code == .unexpectedReply)
    }

    @Test
    func `takes no more requests at once than it was told`() async throws {
        let over = DispatchSemaphore(value: 0)
        let server = try BusyServer { peer, _ in
            over.wait()
            try Self.answer(peer)
        }
        let client = client(server.path, outstandingMax: 3)
        let tasks = (1...3).map { number in Task { try await client.next("\(number)") } }
        var error: LeafClientError?
        // Until the three are under way, a fourth is one of them.
        while error?.code != .tooManyRequests {
            error = await #expect(throws: LeafClientError.self) {
                try await client.next("4", timeout: .milliseconds(20))
            }
        }
        #expect(error?.message.contains("3 requests") == true)
        over.signal()
        for (index, task) in tasks.enumerated() {
            if let id = try? await task.value { #expect(id == Int64(index + 1)) }
        }
    }

    @Test
    func `sends more than the socket takes at once, while it reads`() async throws {
        let server = try BusyServer { peer, _ in try Self.answer(peer) }
        let client = client(server.path)
        let prefix = String(repeating: "0", count: 100)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...20_000 { group.addTask { try await client.next("\(prefix)\(number)") == Int64(number) } }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test
    func `leaves neither thread nor connection when it is closed or let go`() async throws {
        let ended = DispatchSemaphore(value: 0)
        let server = try BusyServer { peer, _ in
            // However it ends: the test waits for it.
            defer { ended.signal() }
            try Self.answer(peer)
        }
        var client: LeafClient? = client(server.path)
        #expect(try await client?.next("1") == 1)
        client = nil
        try await signal(of: ended)
        let other = self.client(server.path)
        #expect(try await other.next("2") == 2)
        other.close()
        try await signal(of: ended)
        let error = await #expect(throws: LeafClientError.self) { try await other.next("3") }
        #expect(error?.code == .closed)
    }

    @Test
    func `ends the calls under way when it is closed`() async throws {
        let asked = DispatchSemaphore(value: 0)
        let server = try BusyServer { peer, _ in
            _ = try peer.request()
            asked.signal()
            peer.linger()
        }
        let client = client(server.path)
        let task = Task { try await client.next("1") }
        try await signal(of: asked)
        client.close()
        let error = await #expect(throws: LeafClientError.self) { try await task.value }
        #expect(error?.code == .closed)
    }
}
