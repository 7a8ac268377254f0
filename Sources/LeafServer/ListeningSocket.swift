private import Glibc

/// A Unix socket to accept connections on: made here, or handed over by systemd.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32
    /// Where it was made; nil: it is systemd's, and its file is not ours to remove.
    package let path: String?

    /// Takes over a socket that is bound and listening already.
    package init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        path = nil
    }

    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 4096

    /// Makes a socket at `path`. A file that a dead daemon left there is removed; a living one is not disturbed.
    ///
    /// To be called with the journal's lock held, so that of two daemons starting on one journal only one comes here.
    ///
    /// - Parameters:
    ///   - mode: permission bits of the socket file, in force from its first moment.
    ///   - group: a group to give the file to; nil: as it comes.
    package init(path: String, mode: UInt32, group: UInt32?) throws(ListenError) {
        try ListeningSocket.removeStale(path)
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw ListenError("no socket can be made: \(errorText())") }
        do throws(ListenError) {
            // A socket file takes its permissions from the socket at bind, less the umask.
            fchmod(fd, mode)
            let status = try withAddress(path) { bind(fd, $0, $1) }
            guard status == 0 else {
                throw ListenError(
                    "the socket \(path) cannot be made: \(errorText()) — does its folder exist, and may leafd's "
                        + "user write to it?")
            }
            if let group, chown(path, .max, group) != 0 {
                throw ListenError(
                    "the socket \(path) cannot be given to group \(group): \(errorText()) — leafd's user must be "
                        + "a member of it")
            }
            guard chmod(path, mode) == 0, listen(fd, ListeningSocket.backlog) == 0 else {
                throw ListenError("the socket \(path) cannot be opened to clients: \(errorText())")
            }
        } catch {
            close(fd)
            throw error
        }
        descriptor = fd
        self.path = path
    }

    /// Removes the socket's file, if it was made here.
    package func remove() {
        if let path { unlink(path) }
    }

    private static func removeStale(_ path: String) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenError("\(path) exists and is not a socket — remove it, or choose another socket.path")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        let isAlive = try withAddress(path) { connect(probe, $0, $1) } == 0
        guard !isAlive else {
            throw ListenError("another process listens on \(path) — stop it, or choose another socket.path")
        }
        unlink(path)
    }
}

/// A socket that cannot be listened on. The message says which, why, and what to do.
package struct ListenError: Error, CustomStringConvertible {
    package let message: String
    init(_ message: String) { self.message = message }
    package var description: String { message }
}

private func withAddress<R>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
) throws(ListenError) -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let utf8 = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard utf8.count <= room else {
        throw ListenError("the socket's path \(path) has \(utf8.count) bytes; a Unix socket's may have \(room)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: utf8) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

private func errorText() -> String { String(cString: strerror(errno)) }
