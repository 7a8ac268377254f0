internal import CMariaDB
internal import LeafStoreSQL

/// What libmariadb is told before it connects. It reads no option files unless asked to, and it is not.
struct HandshakeOptions {
    /// The ways to prove who one is of which none gives the password away. `mysql_clear_password` (cloud databases' tokens)
    /// does, to whoever holds the server's certificate: so only where that is checked.
    private static let plugins = "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,parsec"

    let tls: TLSPolicy
    let caFile: String?
    let isSocket: Bool

    func set(on handle: UnsafeMutablePointer<MYSQL>) {
        var protocolType = (isSocket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP).rawValue
        mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocolType)
        var no: my_bool = 0
        mysql_options(handle, MYSQL_OPT_RECONNECT, &no)
        var noNumber: UInt32 = 0
        mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &noNumber)
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        let plugins = tls == .verifyFull ? Self.plugins + ",mysql_clear_password" : Self.plugins
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, plugins)
        setTLS(on: handle)
    }

    private func setTLS(on handle: UnsafeMutablePointer<MYSQL>) {
        var wanted: my_bool = tls == .disabled ? 0 : 1
        var verified: my_bool = tls == .verifyFull ? 1 : 0
        mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &wanted)
        // Newer versions verify unless told not to.
        mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verified)
        // With neither file nor folder, OpenSSL's own: the system's bundle.
        if tls == .verifyFull, let caFile { mysql_options(handle, MYSQL_OPT_SSL_CA, caFile) }
    }
}
