import Glibc

/// A connection that is only ever written to. (LeafConnection reads while it cannot write.)
final class DeafClient {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw NeverHappened(what: "a connection to \(path): errno \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends bytes once, as far as the other side takes them.
    func send(once bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(Glibc.MSG_DONTWAIT | Glibc.MSG_NOSIGNAL))
        }
    }

    /// Sends a request over and over, until the other side takes no more for half a second.
    ///
    /// - Returns: how many bytes it took.
    func send(_ request: [UInt8], upTo most: Int) -> Int {
        let block = Array(repeating: request, count: 1 + 65_536 / request.count).flatMap { $0 }
        var rest = block[...]
        var sent = 0
        while sent < most {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(Glibc.MSG_DONTWAIT | Glibc.MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                rest = rest.dropFirst(count)
                if rest.isEmpty { rest = block[...] }
                continue
            }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard errno == EAGAIN, poll(&entry, 1, 500) > 0 else { break }
        }
        return sent
    }
}
