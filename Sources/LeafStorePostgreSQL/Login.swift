import CPostgres
import Glibc
import LeafStore
import LeafStoreSQL

/// Connects to one host and logs in.
enum Login {
    /// - Returns: a connection of libpq that does not block, owned by the caller.
    static func open(_ peer: Peer, _ login: ServerLogin, _ deadline: Deadline) throws(StoreError) -> OpaquePointer {
        let password = try login.password()
        var addresses: [String?] = [nil]
        if case .tcp(let host, _) = peer.address {
            addresses = try Resolver.addresses(of: host, by: deadline.time)
        }
        var failure: StoreError?
        for (index, address) in addresses.enumerated() {
            do throws(StoreError) {
                let parameters = try ConnectionParameters(
                    peer, numericAddress: address, password: password, tls: login.tls, caFile: login.caFile,
                    queryTimeout: login.queryTimeout)
                return try open(peer, parameters, login, deadline, share: deadline.share(of: addresses.count - index))
            } catch {
                failure = error
                // What is wrong with a server itself another of its addresses does not mend.
                if error.code != .unavailable { throw error }
            }
        }
        throw failure ?? peer.error(.unavailable, "connecting", "the host has no address; correct store.url")
    }

    /// - Parameter share: up to when this address must have accepted the connection, so that one that is a black hole
    ///   leaves time for the next.
    private static func open(
        _ peer: Peer, _ parameters: ConnectionParameters, _ login: ServerLogin, _ deadline: Deadline, share: Deadline
    ) throws(StoreError) -> OpaquePointer {
        guard let connection = parameters.start() else {
            throw peer.error(.unavailable, "connecting", "no memory is left; look at this host")
        }
        var isOpen = false
        defer { if !isOpen { discard(connection) } }
        // So that its message has the SQLSTATE in it, which there is no other way to.
        _ = PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        // Nobody listens yet, and libpq would print them.
        _ = PQsetNoticeReceiver(connection, { _, _ in }, nil)
        var events: SocketWait.Events = .writable
        while PQstatus(connection) != CONNECTION_BAD {
            let isConnecting = PQstatus(connection) == CONNECTION_STARTED || PQstatus(connection) == CONNECTION_NEEDED
            do throws(Deadline.End) {
                // The socket may be another one each time: `prefer` tries again without TLS.
                _ = try (isConnecting ? share : deadline).wait(PQsocket(connection), for: events)
            } catch {
                throw peer.error(error, isConnecting ? "connecting" : "logging in", deadline)
            }
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_OK:
                guard PQsetnonblocking(connection, 1) == 0 else { throw refusal(connection, peer, login) }
                _ = PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
                isOpen = true
                return connection
            case PGRES_POLLING_READING: events = .readable
            case PGRES_POLLING_WRITING: events = .writable
            default: throw refusal(connection, peer, login)
            }
        }
        throw refusal(connection, peer, login)
    }

    /// Ends a connection without waiting for its server: a socket that is shut takes no farewell.
    static func discard(_ connection: OpaquePointer) {
        let socket = PQsocket(connection)
        if socket >= 0 { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        PQfinish(connection)
    }

    private static func refusal(_ connection: OpaquePointer, _ peer: Peer, _ login: ServerLogin) -> StoreError {
        LoginFailure(String(cString: PQerrorMessage(connection))).error(peer, login)
    }
}

extension Peer {
    /// What came of a wait that did not end with an answer.
    func error(_ end: Deadline.End, _ action: String, _ deadline: Deadline) -> StoreError {
        switch end {
        case .interrupted:
            error(.unavailable, action, "leafd is stopping", cause: end)
        case .timedOut:
            error(
                .unavailable, action,
                "no answer within \(deadline.setting); look at the server, its load and locks, and the network",
                cause: end)
        }
    }
}
