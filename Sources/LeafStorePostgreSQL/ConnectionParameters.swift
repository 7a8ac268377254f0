import CPostgres
import Glibc
import LeafStore
import LeafStoreSQL
import LeafCore

/// What libpq is told of a connection. The configuration says all of it.
///
/// Libpq fills in what it is not told from PG… variables, from the service file that one of them names, and from
/// ~/.postgresql and ~/.pgpass. A PGSSLMODE or PGOPTIONS in a unit's environment would change what store.url and store.tls
/// say, so the variables are taken out of the process, and files that are not there stand for those of the home folder.
struct ConnectionParameters {
    private(set) var pairs: [(name: String, value: String)]

    /// - Parameters:
    ///   - numericAddress: what the host's name was resolved to; nil for a socket.
    init(
        _ peer: Peer, numericAddress: String?, password: String?, tls: TLSPolicy, caFile: String?,
        queryTimeout: Duration
    ) throws(StoreError) {
        let none = "/dev/null/none"
        pairs = [
            ("user", peer.user), ("dbname", peer.database), ("client_encoding", "UTF8"), ("application_name", "leafd"),
            ("target_session_attrs", "any"), ("gssencmode", "disable"),
            ("passfile", none), ("sslcert", none), ("sslkey", none), ("sslcrl", none),
            ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            // In milliseconds. The kernel ends a connection whose bytes nobody acknowledges, after libpq has let go of it.
            ("tcp_user_timeout", String(max(10_000, Int(queryTimeout.inMilliseconds)))),
        ]
        switch peer.address {
        case .tcp(let host, let port):
            pairs += [("host", host), ("port", String(port))]
            if let numericAddress { pairs.append(("hostaddr", numericAddress)) }
        case .socket(let path):
            let (folder, port) = try Self.split(path, peer)
            pairs += [("host", folder), ("port", String(port))]
        }
        if let password { pairs.append(("password", password)) }
        switch tls {
        case .disabled: pairs += [("sslmode", "disable"), ("sslrootcert", none)]
        case .preferred: pairs += [("sslmode", "prefer"), ("sslrootcert", none)]
        // With a root certificate that is there, libpq would check against it.
        case .required: pairs += [("sslmode", "require"), ("sslrootcert", none)]
        case .verifyFull: pairs += [("sslmode", "verify-full"), ("sslrootcert", try Self.authorities(caFile, peer))]
        }
        for (name, value) in pairs where value.utf8.contains(0) {
            throw peer.refusal(.misconfigured, "the \(name) of the store contains a NUL byte; correct it")
        }
        if let host = pairs.first(where: { $0.name == "host" }), host.value.contains(",") {
            throw peer.refusal(.misconfigured, "the host or socket \(host.value) has a comma in it; correct store.url")
        }
    }

    /// Begins to connect. Nil: no memory.
    func start() -> OpaquePointer? {
        Self.cleanEnvironment()
        let texts = pairs.map { (strdup($0.name), strdup($0.value)) }
        defer {
            for (name, value) in texts {
                free(name)
                free(value)
            }
        }
        let names = texts.map { UnsafePointer($0.0) } + [nil]
        let values = texts.map { UnsafePointer($0.1) } + [nil]
        return PQconnectStartParams(names, values, 0)
    }

    /// What libpq looks at: by its own account, and some that are in no list of its.
    private static let variables: [String] = {
        // A service that is not there would be an error; a file of services is read by whoever asks.
        var names = [
            "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL", "PGDATESTYLE", "PGTZ", "PGGEQO",
            "PGLOCALEDIR",
        ]
        for name in names { unsetenv(name) }
        let options = PQconndefaults()
        defer { PQconninfoFree(options) }
        var next = options
        while let option = next, option.pointee.keyword != nil {
            if let variable = option.pointee.envvar { names.append(String(cString: variable)) }
            next = option + 1
        }
        return names
    }()

    /// Glibc's unsetenv frees nothing, so that another thread's getenv at the same time does no harm.
    private static func cleanEnvironment() {
        for variable in variables where getenv(variable) != nil { unsetenv(variable) }
    }

    /// Libpq wants the folder and the port of a socket `/run/postgresql/.s.PGSQL.5432`. A folder alone has the usual port.
    static func split(_ path: String, _ peer: Peer) throws(StoreError) -> (folder: String, port: Int) {
        let mark = "/.s.PGSQL."
        guard path.hasPrefix("/") else {
            throw peer.refusal(.misconfigured, "the socket \(path) of store.url is no absolute path; correct it")
        }
        guard let slash = path.lastIndex(of: "/"), path[slash...].hasPrefix(mark) else {
            return (path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, 5432)
        }
        guard let port = Int(path[slash...].dropFirst(mark.count)), (1...65535).contains(port) else {
            throw peer.refusal(.misconfigured, "the socket \(path) of store.url has no port at its end; correct it")
        }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), port)
    }

    /// The certificates of the authorities to believe.
    ///
    /// Libpq knows no "those of the system" before version 16, so the bundle is looked for where distributions put it
    /// (golang/go: src/crypto/x509/root_linux.go).
    private static func authorities(_ file: String?, _ peer: Peer) throws(StoreError) -> String {
        if let file {
            guard access(file, R_OK) == 0 else {
                throw peer.refusal(
                    .misconfigured,
                    "store.ca-file \(file) cannot be read (\(String(cString: strerror(errno)))); correct it or its mode"
                )
            }
            return file
        }
        let bundles = [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
        ]
        guard let bundle = bundles.first(where: { access($0, R_OK) == 0 }) else {
            throw peer.refusal(
                .misconfigured, "the system has no bundle of certificates; install ca-certificates or set store.ca-file"
            )
        }
        return bundle
    }
}
