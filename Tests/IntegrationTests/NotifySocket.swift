import Foundation
import LeafTestKit

/// What systemd would be: the other end of $NOTIFY_SOCKET.
final class NotifySocket: Sendable {
    /// As it goes into the environment; a leading @ stands for the abstract namespace.
    let name: String
    private let descriptor: Int32
    /// The lines received and not yet waited for.
    private let lines = TestLock<[String]>([])

    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard status == 0 else { throw TestProblem("\(name) cannot be bound: \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// What has come and was not waited for.
    var received: [String] {
        receive()
        return lines.with { $0 }
    }

    /// Waits for a line, and forgets it with what came before it.
    func wait(for line: String) throws {
        try eventually("\(line) from leafd") {
            receive()
            return lines.with { lines in
                guard let index = lines.firstIndex(of: line) else { return false }
                lines.removeFirst(index + 1)
                return true
            }
        }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            lines.with { $0 += text.split(separator: "\n").map(String.init) }
        }
    }
}
