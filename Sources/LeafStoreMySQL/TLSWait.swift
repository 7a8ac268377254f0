internal import CMariaDB
private import Glibc
internal import LeafCore
internal import LeafStoreSQL
private import LeafThreads

/// Waits on behalf of libmariadb within the TLS handshake, where its non-blocking calls block: its `MARIADB_OPT_IO_WAIT`
/// hook is asked instead of poll (mariadb-connector-c:plugins/pvio/pvio_socket.c, libmariadb/secure/openssl.c).
///
/// The hook is given no context, so the thread carries it while a call runs.
final class TLSWait {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key, nil)
        precondition(status == 0, "the system refused a thread-specific key: error \(status)")
        return key
    }()

    /// libmariadb asks OpenSSL what came of a read without having emptied the thread's queue of errors before: what an earlier
    /// handshake left there would end another connection. Nil where libmariadb uses another library.
    private static let clearErrors: (@convention(c) () -> Void)? = {
        guard let symbol = dlsym(nil, "ERR_clear_error") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Void).self)
    }()

    private let deadline: MonotonicTime
    private let interrupt: Interrupt
    /// Why the handshake was given up, if it was.
    private(set) var outcome: SocketWait.Outcome?

    init(deadline: MonotonicTime, interrupt: Interrupt) {
        self.deadline = deadline
        self.interrupt = interrupt
    }

    static func install(on handle: UnsafeMutablePointer<MYSQL>) {
        let hook: @convention(c) (Int32, my_bool, Int32) -> Int32 = { descriptor, isReading, _ in
            // Without a call under way nothing is worth waiting for.
            guard let wait = pthread_getspecific(TLSWait.key) else { return -1 }
            return Unmanaged<TLSWait>.fromOpaque(wait).takeUnretainedValue().wait(descriptor, isReading != 0)
        }
        mysql_options(handle, MARIADB_OPT_IO_WAIT, unsafeBitCast(hook, to: UnsafeRawPointer.self))
    }

    /// Runs a call of libmariadb whose waits come here.
    func during(_ call: () -> Int32) -> Int32 {
        Self.clearErrors?()
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.key, nil) }
        return call()
    }

    /// - Returns: 1 when the socket is ready, -1 when it is to be given up: what poll returns.
    private func wait(_ descriptor: Int32, _ isReading: Bool) -> Int32 {
        switch SocketWait.wait(descriptor, for: isReading ? .readable : .writable, until: deadline, interrupt) {
        case .ready where MonotonicTime.now() < deadline: return 1
        case .ready: outcome = .timedOut
        case let ended: outcome = ended
        }
        return -1
    }
}
