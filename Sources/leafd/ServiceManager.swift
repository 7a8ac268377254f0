#if canImport(Glibc)
    import Glibc
#endif

/// What leafd and systemd tell each other: sd_notify(3) and sd_listen_fds(3), each a few lines, as systemd's own
/// documentation suggests for programs that do not link its library.
struct ServiceManager: Sendable {
    /// `$NOTIFY_SOCKET`; nil: nobody listens.
    private let notifySocket = Environment["NOTIFY_SOCKET"]

    var isListening: Bool { notifySocket != nil }

    /// How often the watchdog wants to hear from us; nil: it does not run.
    let watchdogPeriod: Duration?

    init() {
        let isOurs = Environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdogPeriod = isOurs ? Environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) / 2 } : nil
    }

    /// Sends a state, like `READY=1` or `STATUS=…`, in one datagram. Nobody waits for it and nothing depends on it.
    func notify(_ state: String) {
        guard let path = notifySocket, path.utf8.count < 108, !path.isEmpty else { return }
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return }
        defer { close(fd) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // A leading @ stands for NUL: the abstract namespace.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(state.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(fd, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    /// The sockets that systemd hands over, by their `FileDescriptorName=`.
    func inheritedSockets() -> [(name: String, descriptor: Int32)] {
        guard Environment["LISTEN_PID"] == "\(getpid())", let count = Environment["LISTEN_FDS"].flatMap({ Int32($0) }),
            count > 0
        else { return [] }
        let names = (Environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        // SD_LISTEN_FDS_START
        let first: Int32 = 3
        return (0..<count).map { index in
            let descriptor = first + index
            _ = setCloseOnExec(descriptor)
            return (Int(index) < names.count ? String(names[Int(index)]) : "unknown", descriptor)
        }
    }

    private func setCloseOnExec(_ descriptor: Int32) -> Int32 {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
}
