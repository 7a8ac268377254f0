import Foundation
import LeafTestKit

/// A TCP client that a test reads byte by byte.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = LoopbackSocket.connect(to: port)
        guard descriptor >= 0 else { throw TestProblem("port \(port) refuses") }
        wait(POLLOUT, atMost: 30_000)
        let problem = LoopbackSocket.error(of: descriptor)
        // From here on `deinit` closes it, whatever is thrown.
        guard problem == 0 else { throw TestProblem("port \(port): \(String(cString: strerror(problem)))") }
    }

    deinit {
        close(descriptor)
    }

    @discardableResult
    private func wait(_ events: Int32, atMost milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&wait, 1, milliseconds) > 0
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Exactly so many bytes.
    func read(_ count: Int) throws -> String {
        var text: [UInt8] = []
        while text.count < count {
            guard wait(POLLIN, atMost: 30_000) else { throw TestProblem("nothing more after \(text.count) bytes") }
            var bytes = [UInt8](repeating: 0, count: count - text.count)
            let got = recv(descriptor, &bytes, bytes.count, 0)
            guard got > 0 else { throw TestProblem("the end after \(text.count) bytes") }
            text += bytes[..<got]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// All that comes, and whether the connection has ended then.
    func readToEnd() -> (text: String, hasEnded: Bool) {
        var text: [UInt8] = []
        while wait(POLLIN, atMost: 30_000) {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let got = recv(descriptor, &bytes, bytes.count, 0)
            guard got > 0 else { return (String(decoding: text, as: UTF8.self), true) }
            text += bytes[..<got]
        }
        return (String(decoding: text, as: UTF8.self), false)
    }

    /// Whether nothing comes for a moment.
    var isSilent: Bool { !wait(POLLIN, atMost: 50) }
}

/// A server that says what it is told.
final class EchoServer: Sendable {
    private let reserved: FreePort
    private let listener: Int32
    private let bytes = TestLock(0)

    init() throws {
        reserved = try FreePort()
        listener = try LoopbackSocket.listen(on: reserved.number)
        let (listener, bytes) = (listener, bytes)
        _ = Crew(1) { _ in
            var clients: [Int32] = []
            while true {
                var waits = ([listener] + clients).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                poll(&waits, nfds_t(waits.count), -1)
                for wait in waits.dropFirst() where wait.revents != 0 {
                    var read = [UInt8](repeating: 0, count: 4096)
                    let count = recv(wait.fd, &read, read.count, 0)
                    guard count > 0 else {
                        close(wait.fd)
                        clients.removeAll { $0 == wait.fd }
                        continue
                    }
                    bytes.with { $0 += count }
                    _ = Foundation.send(wait.fd, read, count, Int32(MSG_NOSIGNAL))
                }
                guard waits[0].revents != 0 else { continue }
                let client = LoopbackSocket.accept(listener)
                // The listener has been shut down.
                guard client >= 0 else { break }
                clients.append(client)
            }
            for descriptor in clients + [listener] { close(descriptor) }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var port: Int { reserved.number }
    var received: Int { bytes.with { $0 } }
}
