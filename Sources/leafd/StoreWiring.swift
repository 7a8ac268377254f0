import LeafConfiguration
import LeafCore
import LeafStore
import LeafStoreSQL
import LeafStoreSQLite

#if MySQL
    import LeafStoreMySQL
#endif
#if PostgreSQL
    import LeafStorePostgreSQL
#endif

#if canImport(Glibc)
    import Glibc
#endif

/// Turns `store:` into a central store.
extension Configuration {
    /// The store; nothing is connected or read yet.
    ///
    /// - Throws: `WiringError` for a database that this build has no client of.
    func segmentStore(password: StorePassword) throws(WiringError) -> any SegmentStore {
        do throws(StoreError) {
            switch store.url {
            case .sqlite(let path):
                return try SQLiteStore(
                    path: path, table: store.table, createSchema: store.createSchema != .no,
                    queryTimeout: store.queryTimeout, defaultStep: segments.defaultStep,
                    identity: store.identity == .auto)
            case .mysql(let server):
                #if MySQL
                    return try sqlStore(MySQLDialect(), server, password)
                #else
                    throw Self.notBuilt(server, "mysql", trait: "MySQL")
                #endif
            case .postgresql(let server):
                #if PostgreSQL
                    return try sqlStore(PostgreSQLDialect(), server, password)
                #else
                    throw Self.notBuilt(server, "postgresql", trait: "PostgreSQL")
                #endif
            }
        } catch {
            throw WiringError(description: error.message)
        }
    }

    private func sqlStore(
        _ dialect: any SQLDialect, _ server: StoreServer, _ password: StorePassword
    ) throws(StoreError) -> any SegmentStore {
        let hosts =
            server.socket.map { [ServerAddress.socket(path: $0)] }
            ?? server.hosts.map { ServerAddress.tcp(host: $0.name, port: $0.port) }
        let login = ServerLogin(
            user: server.user, database: server.database,
            password: { () throws(StoreError) in
                do throws(StorePasswordError) {
                    return try password.read()?.reveal()
                } catch {
                    throw StoreError(.misconfigured, error.description, isSessionLost: true)
                }
            },
            tls: store.tls.policy, caFile: store.caFile, connectTimeout: store.connectTimeout,
            queryTimeout: store.queryTimeout)
        return try SQLStore(
            dialect: dialect, hosts: hosts, login: login, table: store.table, createSchema: store.createSchema == .yes,
            defaultStep: segments.defaultStep, identity: store.identity == .auto, maxSessions: store.maxOpen)
    }

    private static func notBuilt(_ server: StoreServer, _ kind: String, trait: String) -> StoreError {
        StoreError(
            .misconfigured,
            "store.url: \(kind)://\(server): this leafd was built without \(trait) — build it with the package trait \(trait), "
                + "or use another store")
    }

    /// What operators should know of files that the store needs, though the daemon starts without them. One line each.
    func storeWarnings(_ password: StorePassword) -> [String] {
        guard store.url.server != nil else { return [] }
        var warnings = password.warnings
        if store.tls == .verifyFull, let file = store.caFile, Glibc.access(file, R_OK) != 0 {
            warnings.append(
                "store.ca-file: \(file) cannot be read: \(String(cString: strerror(errno))) — no server can be trusted without "
                    + "it; let the user that leafd runs as read it")
        }
        return warnings
    }
}

extension TLSMode {
    fileprivate var policy: TLSPolicy {
        switch self {
        case .disabled: .disabled
        case .preferred: .preferred
        case .required: .required
        case .verifyFull: .verifyFull
        }
    }
}
