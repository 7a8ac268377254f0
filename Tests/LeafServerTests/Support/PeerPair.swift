import Glibc
import LeafProtocol
import LeafThreads

@testable import LeafServer

/// Two connected sockets that do not block: one for a connection's handler, one for the test.
final class PeerPair: Sendable {
    /// Closed by whoever serves it.
    let served: Int32
    private let own: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0 else {
            throw NeverHappened(what: "a pair of sockets: errno \(errno)")
        }
        served = ends[0]
        own = ends[1]
    }

    deinit { close(own) }

    /// Sends as much as fits, and returns how much that is.
    func write(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(own, $0.baseAddress, $0.count, Int32(Glibc.MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    /// What has come by now.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(own, &bytes, bytes.count, 0), count > 0 { all += bytes[..<count] }
        return all
    }

    /// Says that nothing more will be sent.
    func finishSending() { shutdown(own, Int32(SHUT_WR)) }
}
