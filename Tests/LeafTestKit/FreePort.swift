private import Glibc

/// A TCP port of 127.0.0.1 that nobody uses, kept for its holder until it lets go.
///
/// It lies below the ports that the kernel gives to clients: one that keeps trying a dead server's port in that range
/// ends by connecting to itself, and the server cannot bind it again.
package final class FreePort: Sendable {
    package let number: Int
    /// Bound to a name that goes with the process: no other test run takes the same port before a server binds it.
    private let claim: Int32

    package init() throws {
        let client = Tool.text("/proc/sys/net/ipv4/ip_local_port_range").split(separator: "\t").first.flatMap {
            Int($0)
        }
        let ports = 10_240..<max(12_288, min(client ?? 32_768, 32_768))
        for _ in 0..<1000 {
            let number = Int.random(in: ports)
            guard let claim = FreePort.claim(number) else { continue }
            guard FreePort.isFree(number) else {
                close(claim)
                continue
            }
            self.number = number
            self.claim = claim
            return
        }
        throw TestProblem("no port from \(ports.lowerBound) to \(ports.upperBound - 1) is free")
    }

    deinit {
        close(claim)
    }

    /// Binds an abstract Unix socket that stands for the port; nil if somebody has.
    private static func claim(_ number: Int) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("\0leafd-test-port-\(number)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        guard LoopbackSocket.bind(descriptor, &address, length) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Whether a server on any address could bind it.
    private static func isFree(_ number: Int) -> Bool {
        let descriptor = LoopbackSocket.make()
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = LoopbackSocket.address(number, anywhere: true)
        return LoopbackSocket.bind(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
}
