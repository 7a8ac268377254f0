package import Glibc

/// TCP on 127.0.0.1, in the system's own calls.
package enum LoopbackSocket {
    /// A socket that does not block; negative if there is none to be had.
    package static func make() -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        return socket(AF_INET, kind, 0)
    }

    /// The address of a port here, or of that port on all of the host's addresses.
    package static func address(_ port: Int, anywhere: Bool = false) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(anywhere ? INADDR_ANY : INADDR_LOOPBACK).bigEndian
        return address
    }

    package static func bind<Address>(_ descriptor: Int32, _ address: inout Address, _ length: socklen_t) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, length) == 0 }
        }
    }

    /// Listens on a port.
    package static func listen(on port: Int) throws -> Int32 {
        let descriptor = make()
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = address(port)
        guard descriptor >= 0, bind(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)),
            Glibc.listen(descriptor, 1024) == 0
        else {
            let problem = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw TestProblem("port \(port) cannot be listened on: \(problem)")
        }
        return descriptor
    }

    /// Begins to connect to a port here; negative if it is refused at once.
    package static func connect(to port: Int) -> Int32 {
        let descriptor = make()
        guard descriptor >= 0 else { return descriptor }
        sendAtOnce(descriptor)
        var address = address(port)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 || errno == EINPROGRESS { return descriptor }
        close(descriptor)
        return -1
    }

    /// Takes one waiting connection; negative if there is none.
    package static func accept(_ listener: Int32) -> Int32 {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return descriptor }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        sendAtOnce(descriptor)
        return descriptor
    }

    /// The error that a connection attempt ended with; 0: it is connected.
    package static func error(of descriptor: Int32) -> Int32 {
        var problem: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &length) == 0 ? problem : errno
    }

    /// Closes with a reset instead of an orderly end.
    package static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    private static func sendAtOnce(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
