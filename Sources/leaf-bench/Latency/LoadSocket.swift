internal import Glibc

/// A connection of a load generator: never waits, keeps what the kernel does not take yet, counts replies as they come.
///
/// Not `LeafConnection`, which waits for its replies and makes a value of each: here both would go into the figures.
final class LoadSocket {
    let descriptor: Int32
    private var unsent: [UInt8] = []
    private var replies = ReplyCounter()

    /// Connects. Waits for a place in the backlog if there is none.
    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw Problem("no socket can be made: raise the limit of open files (ulimit -n)", errno: errno)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        precondition(path.utf8.count <= room, "a work folder's path is short")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            let number = errno
            close(descriptor)
            throw Problem("no connection to \(path)", errno: number)
        }
    }

    deinit {
        close(descriptor)
    }

    var hasUnsent: Bool { !unsent.isEmpty }
    /// What the first error reply said.
    var firstError: String? { replies.firstError }
    var errors: Int { replies.errors }

    /// Sends, behind what could not be sent yet.
    func send(_ bytes: UnsafeRawBufferPointer) throws {
        if !unsent.isEmpty {
            unsent.append(contentsOf: bytes)
            return try sendRest()
        }
        let sent = try write(bytes)
        if sent < bytes.count { unsent.append(contentsOf: bytes[sent...]) }
    }

    /// Sends what could not be sent before, if there is room now.
    func sendRest() throws {
        let sent = try unsent.withUnsafeBytes { try write($0) }
        unsent.removeFirst(sent)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        while true {
            let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, LoadSocket.flags)
            if sent >= 0 { return sent }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: throw Problem("leafd takes no more requests on a connection: see its log", errno: errno)
            }
        }
    }

    /// Takes in what has arrived.
    ///
    /// - Parameter buffer: any, to read into.
    /// - Returns: how many replies that completed.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, LoadSocket.flags)
            if count > 0 { return replies.count(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            guard count < 0 else { throw Problem("leafd has closed a connection of the load generator: see its log") }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: throw Problem("a connection of the load generator failed", errno: errno)
            }
        }
    }

    private static let flags = Int32(Glibc.MSG_DONTWAIT | Glibc.MSG_NOSIGNAL)
}

/// Counts replies of one line each, `:1001` or `-EXHAUSTED …`, in pieces of any length.
struct ReplyCounter {
    private var isAtStart = true
    private var isInError = false
    private var line: [UInt8] = []
    private(set) var errors = 0
    private(set) var firstError: String?

    /// Returns how many lines ended in these bytes.
    mutating func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        var lines = 0
        for byte in bytes {
            if isAtStart {
                isAtStart = false
                // Only integers are asked for.
                isInError = byte != UInt8(ascii: ":")
                if isInError { errors += 1 }
            }
            if byte == UInt8(ascii: "\n") {
                lines += 1
                isAtStart = true
                if isInError { keepError() }
            } else if isInError && firstError == nil && byte != UInt8(ascii: "\r") {
                line.append(byte)
            }
        }
        return lines
    }

    private mutating func keepError() {
        guard firstError == nil else { return }
        firstError = String(decoding: line, as: UTF8.self)
        line = []
    }
}
