internal import CLeafPlatform
internal import Glibc

/// A connected Unix stream socket that is closed with its owner. Nothing here waits beyond a deadline, and nothing raises
/// SIGPIPE.
struct UnixSocket: ~Copyable {
    /// The longest path that fits into `sockaddr_un` with its terminating zero.
    static let maxPathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    let descriptor: Int32
    /// Whether a forked child closes it before it runs.
    private let isGuarded: Bool

    /// Connects. A full backlog (a daemon that is just being restarted by systemd) is waited for until the deadline.
    ///
    /// - Parameter isGuarded: whether a forked child closes it before it runs, so that it never holds its parent's
    ///   connection.
    init(path: String, deadline: Deadline, isGuarded: Bool = false) throws(SocketError) {
        guard let (address, length) = UnixSocket.address(of: path) else { throw .failed(ENAMETOOLONG) }
        let descriptor = try UnixSocket.make(isGuarded)
        do throws(SocketError) {
            try UnixSocket.connect(descriptor, to: address, length, deadline)
        } catch {
            UnixSocket.end(descriptor, isGuarded)
            throw error
        }
        self.descriptor = descriptor
        self.isGuarded = isGuarded
    }

    deinit {
        UnixSocket.end(descriptor, isGuarded)
    }

    private static func make(_ isGuarded: Bool) throws(SocketError) -> Int32 {
        if isGuarded {
            let descriptor = leaf_guarded_socket()
            guard descriptor >= 0 else { throw .failed(-descriptor) }
            return descriptor
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .failed(errno) }
        return descriptor
    }

    private static func end(_ descriptor: Int32, _ isGuarded: Bool) {
        if isGuarded { leaf_guarded_close(descriptor) } else { close(descriptor) }
    }

    private static func address(of path: String) -> (sockaddr_un, socklen_t)? {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= maxPathBytes, !bytes.contains(0) else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return (address, socklen_t(MemoryLayout<sockaddr_un>.size))
    }

    /// A blocking `connect` under SO_SNDTIMEO: a non-blocking one to a full backlog fails at once with EAGAIN, and there
    /// is nothing to poll for.
    private static func connect(
        _ descriptor: Int32, to address: sockaddr_un, _ length: socklen_t, _ deadline: Deadline
    ) throws(SocketError) {
        while true {
            var timeout = deadline.timeval
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            let result = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
            }
            if result == 0 { return }
            switch errno {
            case EINTR: continue
            case EAGAIN, ETIMEDOUT: throw .timedOut
            default: throw .failed(errno)
            }
        }
    }

    /// What `wait` found the socket ready for.
    struct Readiness: Sendable {
        let canRead: Bool
        let canWrite: Bool
    }

    /// Waits until there is something to read (or a hang-up to be seen), or, if asked for, room to write.
    func wait(forWriting: Bool, until deadline: Deadline) throws(SocketError) -> Readiness {
        let events = Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0)
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, deadline.pollMilliseconds)
            if ready > 0 {
                let seen = Int32(entry.revents)
                // An error or hang-up makes both sides ready: the call that follows says which it is.
                let isBroken = seen & (POLLERR | POLLHUP | POLLNVAL) != 0
                return Readiness(canRead: isBroken || seen & POLLIN != 0, canWrite: isBroken || seen & POLLOUT != 0)
            }
            if ready < 0 && errno != EINTR { throw .failed(errno) }
            if deadline.hasPassed { throw .timedOut }
        }
    }

    /// Writes as much as fits now: 0 when there is no room.
    func write(_ bytes: ArraySlice<UInt8>) throws(SocketError) -> Int {
        while true {
            let written = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, UnixSocket.flags) }
            if written >= 0 { return written }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            case EPIPE, ECONNRESET: throw .hungUp
            default: throw .failed(errno)
            }
        }
    }

    /// Reads what is there into `buffer`: nil when there is nothing yet, 0 at the end of the stream.
    func read(into buffer: inout [UInt8]) throws(SocketError) -> Int? {
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, UnixSocket.flags) }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            case ECONNRESET: throw .hungUp
            default: throw .failed(errno)
            }
        }
    }

    /// Ends the sending side alone, as `nc -N` does: the peer sees the end of the stream, and its replies still arrive.
    func shutdownWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private static let flags = Int32(Glibc.MSG_DONTWAIT | Glibc.MSG_NOSIGNAL)
}

/// Why a call on a socket did not succeed.
enum SocketError: Error, Hashable, Sendable {
    case timedOut
    case hungUp
    /// Any other `errno`.
    case failed(Int32)
}
