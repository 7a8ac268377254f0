import LeafStore
import LeafStoreSQL

/// Why libpq could not connect: all that it tells is a text.
struct LoginFailure {
    let text: String
    /// Of the first refusal by a server; nil where libpq itself gave up.
    let sqlState: String?

    /// - Parameter message: with PQERRORS_VERBOSE: `FATAL:  28P01: password authentication failed …`. Never translated,
    ///   since leafd does not call setlocale; what the server says may be.
    init(_ message: String) {
        let lines = message.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("LOCATION:") }
        text = lines.joined(separator: "\n").onOneLine
        sqlState = message.firstMatch(of: #/:  ([0-9A-Z]{5}): /#).map { String($0.output.1) }
    }

    func error(_ peer: Peer, _ login: ServerLogin) -> StoreError {
        if let sqlState {
            return peer.error(from: ServerError(sqlState: sqlState, text: text), "logging in")
        }
        let (code, remedy) =
            Self.verdicts.first { text.contains($0.sign) }.map { ($0.code, $0.remedy) }
            ?? (.unavailable, "see whether the server runs and the network holds")
        return peer.error(code, "connecting", "\(remedy) (\(text))", cause: ServerError(text: text))
    }

    /// Words of libpq (src/interfaces/libpq/fe-connect.c, fe-secure-openssl.c, fe-auth.c), and what they mean.
    private static let verdicts: [(sign: String, code: StoreError.Code, remedy: String)] = [
        (
            "does not support SSL", .misconfigured,
            "store.tls asks for encryption and the server offers none; set ssl = on there, or store.tls: preferred"
        ),
        (
            "does not match host name", .misconfigured,
            "the server's certificate is for another host name; correct the host in store.url or the certificate"
        ),
        (
            "certificate verify failed", .misconfigured,
            "the server's certificate is not signed by an authority of store.ca-file, or has expired; correct either"
        ),
        (
            "could not read root certificate file", .misconfigured,
            "store.ca-file holds no PEM certificates; correct it"
        ),
        (
            "no password supplied", .misconfigured,
            "the server asks for a password; set store.password-file"
        ),
        (
            "no SSL error reported", .unavailable, "the server broke off while TLS was agreed on; see its log"
        ),
        (
            "SSL error", .misconfigured, "server and leafd do not agree on TLS; see the server's ssl settings and log"
        ),
        (
            "received invalid response to SSL negotiation", .misconfigured,
            "that is no PostgreSQL server; correct the port in store.url"
        ),
        (
            "expected authentication request from server", .misconfigured,
            "that is no PostgreSQL server; correct the port in store.url"
        ),
        (
            "authentication method", .misconfigured,
            "the server asks for a kind of login that leafd does not have; give it scram-sha-256 in pg_hba.conf"
        ),
        (
            "Connection refused", .unavailable, "nobody listens there; see whether the server runs, and store.url"
        ),
        (
            "No such file or directory", .unavailable,
            "there is no such socket; see whether the server runs, and store.url"
        ),
        (
            "Permission denied", .misconfigured, "this user may not use the socket; correct its mode or store.url"
        ),
        (
            "server closed the connection unexpectedly", .unavailable,
            "the server, or a proxy before it, broke off; see its log"
        ),
    ]
}
