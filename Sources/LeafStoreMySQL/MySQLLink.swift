internal import CMariaDB
private import Glibc
internal import LeafCore
internal import LeafStore
internal import LeafStoreSQL
private import LeafThreads

/// One handle of libmariadb, and the way it waits: never longer than a deadline, and not at all once the interrupt has fired.
///
/// libmariadb's own timeouts are whole seconds and count from each byte. Its non-blocking calls return whenever they would
/// wait; the waiting is done here. The one wait that they keep to themselves, within the TLS handshake, comes back through
/// `TLSWait`.
///
/// @unchecked: a link is made on one thread and then handed to another, once; it is used by one at a time.
final class MySQLLink: @unchecked Sendable {
    /// For libmariadb's calls while a connection waits: getaddrinfo and OpenSSL run on it. The default of 60 KiB is too little
    /// for them; pages that are never touched cost nothing.
    private static let stackBytes = 512 * 1024

    /// libmariadb's global state, made once before any thread uses it.
    private static let library: Bool = mysql_server_init(0, nil, nil) == 0

    let place: MySQLPlace
    private let interrupt: Interrupt
    private(set) var handle: UnsafeMutablePointer<MYSQL>?

    init(_ place: MySQLPlace, _ interrupt: Interrupt) throws(StoreError) {
        self.place = place
        self.interrupt = interrupt
        guard Self.library, let handle = mysql_init(nil) else {
            throw place.error(.unavailable, "libmariadb has no memory; try again later")
        }
        self.handle = handle
        var bytes = Self.stackBytes
        guard mysql_options(handle, MYSQL_OPT_NONBLOCK, &bytes) == 0 else {
            throw place.error(.unavailable, "libmariadb has no memory for a connection; try again later")
        }
        TLSWait.install(on: handle)
    }

    deinit { close() }

    var isClosed: Bool { handle == nil }

    /// The handle, as long as the session lives.
    func open() throws(StoreError) -> UnsafeMutablePointer<MYSQL> {
        guard let handle else { throw place.error(.unavailable, "the connection is closed; open another") }
        return handle
    }

    /// Runs one call of libmariadb to its end.
    ///
    /// - Parameters:
    ///   - deadline: then the connection is closed, without a word to the server.
    ///   - limit: the setting behind the deadline, and what was done, for the error.
    ///   - isConnecting: there is a new socket.
    ///   - start: `…_start`.
    ///   - resume: `…_cont`, with what has happened on the socket.
    func drive(
        until deadline: MonotonicTime, _ limit: Limit, isConnecting: Bool = false,
        _ start: (UnsafeMutablePointer<MYSQL>) -> Int32,
        _ resume: (UnsafeMutablePointer<MYSQL>, Int32) -> Int32
    ) throws(StoreError) {
        let handle = try open()
        let tls = TLSWait(deadline: deadline, interrupt: interrupt)
        var outcome: SocketWait.Outcome?
        var status = tls.during { start(handle) }
        while status != 0, outcome == nil {
            if isConnecting { restrain(handle) }
            let events = Self.events(status)
            switch SocketWait.wait(mysql_get_socket(handle), for: events, until: deadline, interrupt) {
            case .ready(let found):
                // Bytes that go on coming are no reason to wait for ever.
                guard MonotonicTime.now() < deadline else {
                    outcome = .timedOut
                    continue
                }
                status = tls.during { resume(handle, Self.status(found)) }
            case let ended: outcome = ended
            }
        }
        switch outcome ?? tls.outcome {
        case nil, .ready: if isConnecting { restrain(handle) }
        case .timedOut:
            unwind(status, resume)
            let advice =
                isConnecting
                ? "is there a MySQL or MariaDB server at that port? Look at the server and the network"
                : "the connection is closed, and whether anything came of it is unknown; look at the server and the network"
            throw place.error(
                .unavailable, "no answer within \(limit.setting) (\(limit.time.shown)) to \(limit.action); \(advice)")
        case .interrupted:
            unwind(status, resume)
            throw place.error(.unavailable, "leafd is stopping")
        }
    }

    /// What a wait is limited by.
    struct Limit {
        let setting: String
        let time: Duration
        let action: String
    }

    /// Closes without waiting for the server: nothing is sent to it, not even a farewell. May be called twice.
    func close() {
        guard let handle else { return }
        shut(handle)
        mysql_close(handle)
        self.handle = nil
    }

    /// Keeps OpenSSL from waiting on the socket by itself: libmariadb sets it to blocking once it is connected
    /// (plugins/pvio/pvio_socket.c), and goes on to the TLS handshake without coming back if the greeting is there already. For
    /// that case the socket has a timeout too, after which `TLSWait` is asked.
    private func restrain(_ handle: UnsafeMutablePointer<MYSQL>) {
        let descriptor = mysql_get_socket(handle)
        guard descriptor >= 0 else { return }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var shortly = timeval(tv_sec: 0, tv_usec: 20_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &shortly, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private func shut(_ handle: UnsafeMutablePointer<MYSQL>) {
        // Until there is a socket, libmariadb says -1.
        let descriptor = mysql_get_socket(handle)
        if descriptor >= 0 { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// Lets a suspended call of libmariadb run out on a dead socket, so that it frees what it holds, and closes.
    private func unwind(_ status: Int32, _ resume: (UnsafeMutablePointer<MYSQL>, Int32) -> Int32) {
        guard let handle else { return }
        shut(handle)
        var status = status
        var turns = 0
        while status != 0, turns < 100 {
            shut(handle)
            status = resume(handle, status | MYSQL_WAIT_TIMEOUT)
            turns += 1
        }
        close()
    }

    private static func events(_ status: Int32) -> SocketWait.Events {
        var events: SocketWait.Events = []
        if status & MYSQL_WAIT_READ != 0 { events.insert(.readable) }
        if status & MYSQL_WAIT_WRITE != 0 { events.insert(.writable) }
        if status & MYSQL_WAIT_EXCEPT != 0 { events.insert(.exceptional) }
        return events
    }

    private static func status(_ events: SocketWait.Events) -> Int32 {
        var status: Int32 = 0
        if events.contains(.readable) { status |= MYSQL_WAIT_READ }
        if events.contains(.writable) { status |= MYSQL_WAIT_WRITE }
        if events.contains(.exceptional) { status |= MYSQL_WAIT_EXCEPT }
        return status
    }
}

extension Duration {
    /// In seconds or milliseconds, for errors.
    var shown: String {
        let milliseconds = inNanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
