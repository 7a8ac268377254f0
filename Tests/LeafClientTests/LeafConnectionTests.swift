import Dispatch
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
        let connection = try server.connect()
        #expect(try connection.command("ECHO", "", "a\r\nb é") == .simple("fine"))
    }

    @Test("gives an error reply back without throwing")
    func errorReply() throws {
        let server = try ScriptedServer { peer in
            try peer.expect("*1\r\n$3\r\nFOO\r\n")
            try peer.send("-ERR unknown command 'FOO'\r\n")
        }
        let reply = try server.connect().command("FOO")
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
        #expect(try server.connect().command("X") == .array([.integer(12), .text("ab")]))
    }

    @Test("gives up at the deadline, also when bytes trickle in, and stays closed: the late reply is nobody's")
    func timeout() throws {
        let server = try ScriptedServer { peer in
            _ = try peer.readSome()
            try peer.send("$100\r\n")
            // Until the client has hung up; a client without a deadline would wait half a minute.
            for byte in 0..<100 {
                try peer.send("x")
                peer.pause(milliseconds: byte < 50 ? 10 : 600)
            }
        }
        let connection = try server.connect(timeout: .milliseconds(100))
        let start = ContinuousClock.now
        let error = #expect(throws: LeafClientError.self) { try connection.command("PING") }
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .timeout)
        #expect(error?.message.contains(server.path) == true)
        #expect(elapsed >= .milliseconds(100))
        #expect(!connection.isOpen)
        #expect(throws: LeafClientError.self) { try connection.command("PING") }
    }

    @Test("can be asked again for a reply that was not there yet")
    func receiveAgain() throws {
        let tooLate = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { peer in
            try peer.expect("*1\r\n$4\r\nPING\r\n")
            try peer.send("+PO")
            tooLate.wait()
            try peer.send("NG\r\n")
        }
        let connection = try server.connect()
        try connection.send([["PING"]])
        let error = #expect(throws: LeafClientError.self) { try connection.receive(within: .milliseconds(50)) }
        tooLate.signal()
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
        let connection = try server.connect()
        let error = #expect(throws: LeafClientError.self) { try connection.command("PING") }
        #expect(error?.code == .closed)
        #expect(error?.message.contains(text) == true)
    }

    @Test("reads what the daemon said before it hung up, though it could not send any more")
    func farewell() throws {
        let server = try ScriptedServer { peer in
            try peer.send("-ERR max number of clients reached\r\n")
        }
        let connection = try server.connect()
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
        let error = #expect(throws: LeafClientError.self) { try server.connect().command("PING") }
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
        let replies = try server.connect().pipeline([["A"], ["B"], ["C"]])
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
        let connection = try server.connect()
        try connection.send(Array(repeating: ["PING"], count: count))
        for index in 0..<count {
            let reply = try connection.receive()
            #expect(reply.text?.utf8.count == 500, "reply \(index)")
        }
    }

    @Test("gives up sending at the deadline to a server that reads nothing")
    func sendingTimeout() throws {
        let over = DispatchSemaphore(value: 0)
        let server = try ScriptedServer { _ in over.wait() }
        defer { over.signal() }
        let connection = try server.connect(timeout: .milliseconds(100))
        let start = ContinuousClock.now
        let error = #expect(throws: LeafClientError.self) {
            try connection.send(bytes: [UInt8](repeating: 97, count: 4_000_000))
        }
        let elapsed = ContinuousClock.now - start
        #expect(error?.code == .timeout)
        #expect(elapsed >= .milliseconds(100))
        #expect(!connection.isOpen)
    }

    @Test("can end its side, and still gets its replies")
    func halfClose() throws {
        let server = try ScriptedServer { peer in
            let all = try peer.readToEnd()
            try peer.send("$\(all.utf8.count)\r\n\(all)\r\n")
        }
        let connection = try server.connect()
        try connection.send(bytes: Array("NEXT orders\nNEX".utf8))
        connection.finishSending()
        #expect(try connection.receive() == .text("NEXT orders\nNEX"))
    }
}
