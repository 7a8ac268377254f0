internal import CMariaDB
private import Glibc
internal import LeafCore
internal import LeafStore
internal import LeafStoreSQL
private import LeafThreads

/// Connects to one host and logs in.
struct Handshake: Sendable {
    let place: MySQLPlace
    let login: ServerLogin
    let password: String
    let interrupt: Interrupt
    private let begun: MonotonicTime

    init(_ address: ServerAddress, _ login: ServerLogin, _ interrupt: Interrupt) throws(StoreError) {
        begun = .now()
        place = MySQLPlace(address, login)
        self.login = login
        // Never nil for libmariadb: it would look into MYSQL_PWD.
        password = try login.password() ?? ""
        self.interrupt = interrupt
    }

    var deadline: MonotonicTime { begun.advanced(by: login.connectTimeout) }

    func connect() throws(StoreError) -> MySQLLink {
        switch place.address {
        case .socket(let path): return try connect(host: nil, port: 0, path: path, until: deadline)
        case .tcp(let host, let port):
            if let caFile = login.caFile, login.tls == .verifyFull, access(caFile, R_OK) != 0 {
                throw place.error(
                    .misconfigured,
                    "store.ca-file \(caFile) cannot be read (\(String(cString: strerror(errno)))); correct the path or its mode"
                )
            }
            let addresses = Self.isNumeric(host) ? [host] : try Resolver.addresses(of: host, by: deadline)
            if login.tls == .verifyFull, !Self.isNumeric(host) { return try connectByName(host, port) }
            return try connect(inTurn: addresses, port)
        }
    }

    /// Each address gets its share of the time that is left, so that a dead one does not use up that of the others.
    private func connect(inTurn addresses: [String], _ port: Int) throws(StoreError) -> MySQLLink {
        var remaining = addresses.count
        for address in addresses.dropLast() {
            let now = MonotonicTime.now()
            do throws(StoreError) {
                return try connect(
                    host: address, port: port, path: nil, until: now.advanced(by: deadline.since(now) / remaining))
            } catch {
                guard error.code == .unavailable, MonotonicTime.now() < deadline else { throw error }
            }
            remaining -= 1
        }
        return try connect(host: addresses[addresses.count - 1], port: port, path: nil, until: deadline)
    }

    /// By the name, since libmariadb compares the certificate with what it was told to connect to. It looks the name up once
    /// more, for as long as the name servers please: so on a thread of its own, which is left behind when the time is up.
    private func connectByName(_ host: String, _ port: Int) throws(StoreError) -> MySQLLink {
        let answer = Lock<Result<MySQLLink, StoreError>?>(nil)
        let finished = Whistle()
        _ = DedicatedThread(name: "leafd-connect") {
            let outcome = Result { () throws(StoreError) in
                try connect(host: host, port: port, path: nil, until: deadline)
            }
            answer.with { $0 = outcome }
            finished.blow()
        }
        let outcome = SocketWait.wait(finished.descriptor, for: .readable, until: deadline, interrupt)
        // A link that comes too late closes as it is freed, together with the closure of the thread.
        if let result = answer.with({ $0 }) { return try result.get() }
        if outcome == .interrupted { throw place.error(.unavailable, "leafd is stopping") }
        throw place.error(
            .unavailable,
            "no connection within store.connect-timeout (\(login.connectTimeout.shown)); look at the name servers and the server"
        )
    }

    /// One attempt at one address (or path) up to the login.
    private func connect(host: String?, port: Int, path: String?, until deadline: MonotonicTime) throws(StoreError)
        -> MySQLLink
    {
        let link = try MySQLLink(place, interrupt)
        let handle = try link.open()
        HandshakeOptions(tls: path == nil ? login.tls : .disabled, caFile: login.caFile, isSocket: path != nil).set(
            on: handle)
        let limit = MySQLLink.Limit(
            setting: "store.connect-timeout", time: login.connectTimeout, action: "connecting as \(login.user)")
        // 3 KiB at most; libmariadb keeps the pointers until the call has ended.
        let texts = [host, login.user, password, login.database, path].map { text in text.map { strdup($0) } ?? nil }
        defer {
            if let password = texts[2] { explicit_bzero(password, strlen(password)) }
            texts.forEach { free($0) }
        }
        var connected: UnsafeMutablePointer<MYSQL>?
        try link.drive(
            until: deadline, limit, isConnecting: true,
            { handle in
                mysql_real_connect_start(
                    &connected, handle, texts[0], texts[1], texts[2], texts[3], UInt32(port), texts[4],
                    UInt(CLIENT_MULTI_STATEMENTS))
            }, { mysql_real_connect_cont(&connected, $0, $1) })
        guard connected != nil else {
            defer { link.close() }
            throw ServerError(handle).storeError("connecting", place, tls: login.tls)
        }
        if path == nil, login.tls == .required || login.tls == .verifyFull, mysql_get_ssl_cipher(handle) == nil {
            link.close()
            throw place.error(
                .misconfigured,
                "the server offers no TLS, and store.tls is \(login.tls.rawValue); switch TLS on there (ssl_cert, ssl_key), or "
                    + "set store.tls: disabled")
        }
        return link
    }

    private static func isNumeric(_ host: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
    }
}

/// Makes a descriptor readable, once and for all.
private final class Whistle: Sendable {
    let descriptor: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "the system refused a pipe: \(String(cString: strerror(errno)))")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (descriptor, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        Glibc.close(descriptor)
        Glibc.close(writeEnd)
    }

    func blow() { _ = write(writeEnd, "x", 1) }
}
