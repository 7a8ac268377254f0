import Dispatch
import Glibc
import LeafClient

/// A server of one connection that does what a test's script says, on a thread of its own.
final class ScriptedServer: Sendable {
    let path: String
    private let folder: String
    private let listener: Int32
    private let done = DispatchSemaphore(value: 0)

    /// Listens at once; the script begins with the first connection, and the connection ends with the script.
    init(_ script: @escaping @Sendable (Peer) throws -> Void) throws {
        folder = try TemporaryFolder.make()
        path = "\(folder)/leafd.sock"
        listener = try listen(at: path)
        let (listener, done) = (listener, done)
        DispatchQueue(label: "scripted server").async {
            let descriptor = accept(listener, nil, nil)
            if descriptor >= 0 {
                try? script(Peer(descriptor: descriptor))
                close(descriptor)
            }
            done.signal()
        }
    }

    /// A connection to it, with patience for a busy machine.
    func connect(timeout: Duration = .seconds(30)) throws -> LeafConnection {
        try LeafConnection(path: path, timeout: timeout)
    }

    /// Waits until the script has ended, so that what it noted can be looked at.
    func finish() {
        done.wait()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        TemporaryFolder.remove(folder)
    }

    /// The server's side of the connection. Its reads give up after half a minute, so that a broken client fails the test
    /// instead of stopping it.
    struct Peer: Sendable {
        let descriptor: Int32

        func send(_ text: String) throws {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure() }
                rest = rest.dropFirst(count)
            }
        }

        /// Reads until exactly this has come.
        func expect(_ text: String) throws {
            guard try read(text.utf8.count) == text else { throw Failure() }
        }

        func read(_ count: Int) throws -> String {
            var bytes: [UInt8] = []
            while bytes.count < count {
                let piece = try readSome(atMost: count - bytes.count)
                guard !piece.isEmpty else { throw Failure() }
                bytes += piece
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// Whatever is there; empty at the end of the stream. The limit is a guard against hanging: between two requests of a
        /// test there may be minutes, while others have the machine.
        func readSome(atMost count: Int = 65536) throws -> [UInt8] {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 600_000) == 1 else { throw Failure() }
            var bytes = [UInt8](repeating: 0, count: count)
            let got = recv(descriptor, &bytes, count, 0)
            guard got >= 0 else { throw Failure() }
            return Array(bytes[..<got])
        }

        /// Reads until the client ends its side.
        func readToEnd() throws -> String {
            var bytes: [UInt8] = []
            while case let piece = try readSome(), !piece.isEmpty { bytes += piece }
            return String(decoding: bytes, as: UTF8.self)
        }

        func pause(milliseconds: UInt32) {
            usleep(milliseconds * 1000)
        }
    }

    struct Failure: Error {}
}

/// Binds a Unix socket and listens.
func listen(at path: String, backlog: Int32 = 16) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard bound == 0, Glibc.listen(descriptor, backlog) == 0 else { throw ScriptedServer.Failure() }
    return descriptor
}

/// A folder under /tmp, since a socket's path must be short.
enum TemporaryFolder {
    static func make() throws -> String {
        var template = Array("/tmp/leafd-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ScriptedServer.Failure() }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder and the socket or file in it.
    static func remove(_ folder: String) {
        unlink("\(folder)/leafd.sock")
        rmdir(folder)
    }
}
