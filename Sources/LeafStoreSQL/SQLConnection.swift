package import LeafStore

/// One connection to a database server. Used by one thread at a time, which may block.
///
/// Each call ends within the query timeout (by the monotonic clock, whatever the server does or does not), or when the
/// `Interrupt` fires. After an error with `isSessionLost` the connection is closed, and what it had sent may or may not have
/// happened.
package protocol SQLConnection: AnyObject {
    /// Runs a statement outside of a transaction of its own making: as one by itself, or as a part of the one that `begin` has
    /// opened. One round trip (MySQL prepares a text the first time).
    ///
    /// - Returns: acknowledged only where no transaction is open afterwards.
    func run(_ statement: SQLStatement) throws(StoreError) -> SQLReply

    /// Runs the statements as one transaction, in one round trip, one after the other. All of them happen, or (after an error)
    /// none: the error of the first that failed is thrown, and the transaction rolled back or the connection closed.
    ///
    /// - Returns: one reply for each statement; acknowledged together.
    func runTogether(_ statements: [SQLStatement]) throws(StoreError) -> [SQLReply]

    func begin() throws(StoreError)

    /// - Returns: whether the commit was acknowledged without a warning. Throws a lost session where that is unknown.
    func commit() throws(StoreError) -> Bool

    /// Ends the transaction, or closes the connection. Harmless where none is open.
    func rollback()

    var isClosed: Bool { get }

    /// Does not wait for the server. May be called twice.
    func close()
}

/// Where a server listens.
package enum ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without brackets; a port.
    case tcp(host: String, port: Int)
    /// The path of a Unix socket.
    case socket(path: String)

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }
}

package enum TLSPolicy: String, Sendable {
    case disabled
    /// Encrypted where the server offers it; the certificate is not checked.
    case preferred
    /// Encrypted or not at all; the certificate is not checked.
    case required
    /// Encrypted, and the certificate's chain and host name hold.
    case verifyFull = "verify-full"
}

/// How to log in, the same for every host of a store.
package struct ServerLogin: Sendable {
    package var user: String
    package var database: String
    /// Asked anew for every connection, so that a password can be rotated. Nil: none is given to the server.
    package var password: @Sendable () throws(StoreError) -> String?
    package var tls: TLSPolicy
    /// PEM, for `verifyFull`; nil: the system's.
    package var caFile: String?
    /// For name, connection, TLS and login of one host together.
    package var connectTimeout: Duration
    /// For one call of `SQLConnection`.
    package var queryTimeout: Duration

    package init(
        user: String, database: String, password: @escaping @Sendable () throws(StoreError) -> String?, tls: TLSPolicy,
        caFile: String?, connectTimeout: Duration, queryTimeout: Duration
    ) {
        self.user = user
        self.database = database
        self.password = password
        self.tls = tls
        self.caFile = caFile
        self.connectTimeout = connectTimeout
        self.queryTimeout = queryTimeout
    }
}
