import Glibc
import LeafTestKit

/// A server of many connections, each with a thread that runs the script with the connection's number, from 0.
final class BusyServer: Sendable {
    let path: String
    private let folder: String
    private let listener: Int32
    private let count = TestLock(0)

    init(_ script: @escaping @Sendable (ScriptedServer.Peer, Int) throws -> Void) throws {
        folder = try TemporaryFolder.make()
        path = "\(folder)/leafd.sock"
        listener = try listen(at: path)
        let (listener, count) = (listener, count)
        _ = Crew(1) { _ in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                let number = count.with { number in
                    number += 1
                    return number - 1
                }
                _ = Crew(1) { _ in
                    try? script(ScriptedServer.Peer(descriptor: descriptor), number)
                    close(descriptor)
                }
            }
        }
    }

    /// How many connections there have been.
    var connections: Int { count.with { $0 } }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        TemporaryFolder.remove(folder)
    }
}

extension ScriptedServer.Peer {
    /// Reads one request, and gives its words; nil at the end of the stream.
    func request() throws -> [String]? {
        guard case let start = try readSome(atMost: 1), !start.isEmpty else { return nil }
        let count = Int(try line())!
        return try (0..<count).map { _ in
            let length = Int(try line().dropFirst())!
            return String(try read(length + 2).dropLast())
        }
    }

    private func line() throws -> String {
        var text = ""
        while !text.hasSuffix("\r\n") { text += try read(1) }
        return String(text.dropLast())
    }

    /// Waits for the other side to go away.
    func linger() {
        while let some = try? readSome(), !some.isEmpty {}
    }
}
