import LeafTestKit
import Testing

@Suite struct FaultProxyTests {
    @Test(arguments: [0, 1, 5, 9, 10])
    func `a connection is cut when exactly so many bytes have gone to the server`(count: Int) throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try RawClient(port: proxy.port)
        proxy.cut(afterBytes: count, .toServer, how: .reset)
        client.send("0123456789")
        try eventually("the cut", isTrue: { !proxy.isArmed })
        #expect(client.readToEnd().hasEnded)
        #expect(proxy.counters.toServer == count)
        #expect(proxy.counters.cuts == 1)
        try eventually("the server has all of it", isTrue: { server.received == count })
    }

    @Test(arguments: [0, 1, 5, 9, 10])
    func `a connection is cut when exactly so many bytes have come back`(count: Int) throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try RawClient(port: proxy.port)
        proxy.cut(afterBytes: count, .toClient, how: .close)
        client.send("0123456789")
        let (text, hasEnded) = client.readToEnd()
        #expect(text == "0123456789".prefix(count))
        #expect(hasEnded)
        #expect(server.received == 10)

        let next = try RawClient(port: proxy.port)
        next.send("again")
        #expect(try next.read(5) == "again")
    }

    @Test func `what a blackhole has swallowed arrives when the network heals`() throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try RawClient(port: proxy.port)
        client.send("one")
        #expect(try client.read(3) == "one")
        proxy.blackhole()
        client.send("two")
        let late = try RawClient(port: proxy.port)
        late.send("three")
        #expect(client.isSilent && late.isSilent)
        #expect(server.received == 3)
        proxy.restore()
        #expect(try client.read(3) == "two")
        #expect(try late.read(5) == "three")
    }

    @Test func `every connection is cut after so many bytes either way, until it is called off`() throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        proxy.cut(afterBytes: 7, .either, how: .close, counting: .eachConnection)
        for _ in 0..<3 {
            let client = try RawClient(port: proxy.port)
            client.send("01234")
            #expect(client.readToEnd() == ("01", true))
        }
        #expect(proxy.counters.cuts == 3)
        proxy.restore()
        let client = try RawClient(port: proxy.port)
        client.send("01234")
        #expect(try client.read(5) == "01234")
    }

    @Test func `a connection that was cut without a word goes on when the network heals`() throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try RawClient(port: proxy.port)
        proxy.cut(afterBytes: 2, .toClient, how: .blackhole)
        client.send("01234")
        #expect(try client.read(2) == "01")
        #expect(client.isSilent)
        let next = try RawClient(port: proxy.port)
        next.send("next")
        #expect(try next.read(4) == "next")
        proxy.restore()
        #expect(try client.read(3) == "234")
    }

    @Test func `bytes are held up in both directions`() throws {
        let server = try EchoServer()
        let proxy = try FaultProxy(to: server.port)
        let client = try RawClient(port: proxy.port)
        proxy.delay(by: .milliseconds(50))
        var answer = ""
        // A lower bound: no noise of the machine's makes it shorter.
        let time = try elapsed {
            client.send("one")
            answer = try client.read(3)
        }
        #expect(answer == "one")
        #expect(time >= .milliseconds(100))
        #expect(proxy.counters.roundTrips == 1)
    }

    @Test func `connections are refused, dropped and sent elsewhere`() throws {
        let servers = [try EchoServer(), try EchoServer()]
        let proxy = try FaultProxy(to: servers[0].port)
        let client = try RawClient(port: proxy.port)
        client.send("one")
        #expect(try client.read(3) == "one")
        proxy.refuse()
        #expect(throws: TestProblem.self) { try RawClient(port: proxy.port) }
        proxy.dropConnections()
        #expect(client.readToEnd().hasEnded)
        proxy.redirect(to: servers[1].port)
        proxy.restore()
        let next = try RawClient(port: proxy.port)
        next.send("next")
        #expect(try next.read(4) == "next")
        #expect(servers[0].received == 3)
        #expect(servers[1].received == 4)
        #expect(proxy.counters.connections == 2)
    }

    @Test func `a silent server takes everything and says what it is told to`() throws {
        let server = try SilentServer(greeting: [72], dribble: 46, every: .milliseconds(1))
        let client = try RawClient(port: server.port)
        client.send("hello")
        #expect(try client.read(3) == "H..")
        try eventually("it has heard", isTrue: { server.received == 5 })
        #expect(server.accepted == 1)
    }
}
