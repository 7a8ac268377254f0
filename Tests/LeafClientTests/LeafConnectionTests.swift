import Glibc
import LeafClient
import LeafCore
import Testing

@Suite("A connection")
struct LeafConnectionTests {
    @Test("sends a command as an array of bulk strings, and gives back its reply")
    func command() throws {
        let server = try ScriptedServer { peer in
            try peer.expect("*3\r\n$4\r\nECHO\r\n$0\r\n\r\n$7\r\na\r\nb é\r\n")
            try peer.send("+fine\r\n")
        }
        let connection = try LeafConnection(path: server.path)
        #expect(try connection.command("ECHO", "", "a\r\nb é") == .simple("fine"))
    }

    @Test("gives an error reply back without throwing")
    func errorReply() throws {
        let server = try ScriptedServer { peer in
            try peer.expect("*1\r\n$3\r\nFOO\r\n")
            try peer.send("-ERR unknown command 'FOO'\r\n")
        }
        let reply = try LeafConnection(path: server.path).command("FOO")
        #expect(reply == .error(prefix: "ERR", message: "unknown command 'FOO'"))
        #expect(reply.isError)
    }

    @Test("reads a reply that comes byte by byte")
    func slowReply() throws {
        let server = try ScriptedServer { peer in
            _ = try peer.readSome()
            for byte in "*2\r\n:12\r\n$2\r\nab\r\n".unicodeScalars {
                try peer.send(String(byte))
                peer.pause(milliseconds: 2)
            }
        }
        #expect(try LeafConnection(path: server.path).command("X") == .array([.integer(12), .text("ab")]))
    }

    @Test("gives up at the deadline, also when bytes trickle in, and stays closed: the late reply is nobody's")
    func timeout() throws {
        let server = try ScriptedServer { peer in
            _ = try peer.readSome()
            try peer.send("$100\r\n")
            for _ in 0..<100 {
                try peer.send("x")
                peer.pause(milliseconds: 10)
            }
        }
        let connection = try LeafConnection(path: server.path, timeout: .milliseconds(100))
        let start = ContinuousClock.now
        let error = #expect(throws: LeafClientError.self) { try connection.command("PING") }
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .timeout)
        #expect(error?.message.contains(server.path) == true)
        #expect(elapsed >= .milliseconds(100) && elapsed < .milliseconds(900))
        #expect(!connection.isOpen)
        #expect(throws: LeafClientError.self) { try connection.command("PING") }
    }

    @Test("can be asked again for a reply that was not there yet")
    func receiveAgain() throws {
        let server = try ScriptedServer { peer in
            try peer.expect("*1\r\n$4\r\nPING\r\n")
            try peer.send("+PO")
            peer.pause(milliseconds: 200)
            try peer.send("NG\r\n")
        }
        let connection = try LeafConnection(path: server.path)
        try connection.send([["PING"]])
        let error = #expect(throws: LeafClientError.self) { try connection.receive(within: .milliseconds(50)) }
        #expect(error?.code == .timeout)
        #expect(try connection.receive() == .simple("PONG"))
    }

    @Test(
        "says that the daemon hung up, and whether it cut a reply",
        arguments: [
            ("", "closed the connection"), (":100", "in the middle of a reply"), ("*2\r\n:1\r\n", "in the middle"),
        ])
    func hangUp(reply: String, text: String) throws {
        let server = try ScriptedServer { peer in
            _ = try peer.readSome()
            try peer.send(reply)
        }
        let connection = try LeafConnection(path: server.path)
        let error = #expect(throws: LeafClientError.self) { try connection.command("PING") }
        #expect(error?.code == .closed)
        #expect(error?.message.contains(text) == true)
    }

    @Test("reads what the daemon said before it hung up, though it could not send any more")
    func farewell() throws {
        let server = try ScriptedServer { peer in
            try peer.send("-ERR max number of clients reached\r\n")
        }
        let connection = try LeafConnection(path: server.path)
        server.finish()
        #expect(try connection.command("PING") == .error(prefix: "ERR", message: "max number of clients reached"))
        let error = #expect(throws: LeafClientError.self) { try connection.command("PING") }
        #expect(error?.code == .closed)
    }

    @Test("names what is no leafd")
    func noise() throws {
        let server = try ScriptedServer { peer in
            _ = try peer.readSome()
            try peer.send("220 mail.example ESMTP\r\n")
        }
        let error = #expect(throws: LeafClientError.self) { try LeafConnection(path: server.path).command("PING") }
        #expect(error?.code == .unexpectedReply)
    }

    @Test("gets the replies of a pipeline in order")
    func pipeline() throws {
        let server = try ScriptedServer { peer in
            try peer.expect("*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n")
            try peer.send(":1\r\n-ERR b\r\n")
            peer.pause(milliseconds: 20)
            try peer.send(":3\r\n")
        }
        let replies = try LeafConnection(path: server.path).pipeline([["A"], ["B"], ["C"]])
        #expect(replies == [.integer(1), .error(prefix: "ERR", message: "b"), .integer(3)])
    }

    @Test("reads while it sends: a server that answers before it reads on brings nothing to a halt")
    func pipelineLargerThanBuffers() throws {
        let count = 20_000
        let request = "*1\r\n$4\r\nPING\r\n"
        let server = try ScriptedServer { peer in
            for _ in 0..<count {
                try peer.expect(request)
                try peer.send("$500\r\n\(String(repeating: "x", count: 500))\r\n")
            }
        }
        let connection = try LeafConnection(path: server.path, timeout: .seconds(30))
        try connection.send(Array(repeating: ["PING"], count: count))
        for index in 0..<count {
            let reply = try connection.receive()
            #expect(reply.text?.utf8.count == 500, "reply \(index)")
        }
    }

    @Test("gives up sending at the deadline to a server that reads nothing")
    func sendingTimeout() throws {
        let server = try ScriptedServer { peer in
            peer.pause(milliseconds: 1500)
        }
        let connection = try LeafConnection(path: server.path, timeout: .milliseconds(100))
        let start = ContinuousClock.now
        let error = #expect(throws: LeafClientError.self) {
            try connection.send(bytes: [UInt8](repeating: 97, count: 4_000_000))
        }
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .timeout)
        #expect(elapsed >= .milliseconds(100) && elapsed < .milliseconds(1400))
        #expect(!connection.isOpen)
    }

    @Test("can end its side, and still gets its replies")
    func halfClose() throws {
        let server = try ScriptedServer { peer in
            let all = try peer.readToEnd()
            try peer.send("$\(all.utf8.count)\r\n\(all)\r\n")
        }
        let connection = try LeafConnection(path: server.path)
        try connection.send(bytes: Array("NEXT orders\nNEX".utf8))
        connection.finishSending()
        #expect(try connection.receive() == .text("NEXT orders\nNEX"))
    }
}
