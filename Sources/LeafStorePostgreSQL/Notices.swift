import CPostgres

/// Collects what a server says beside its results.
///
/// "canceling wait for synchronous replication due to user request" is a mere warning: the commit is done, and not where
/// it was to be.
final class Notices {
    /// The first one, since `reset`, that is more than a notice.
    private(set) var warning: ServerError?

    func reset() { warning = nil }

    /// Makes this the receiver of a connection. It has to outlive the connection.
    func listen(to connection: OpaquePointer) {
        _ = PQsetNoticeReceiver(
            connection,
            { notices, result in
                guard let notices else { return }
                // Valid: `listen` asks for it.
                Unmanaged<Notices>.fromOpaque(notices).takeUnretainedValue().take(ServerError(of: result))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func take(_ notice: ServerError) {
        switch notice.severity {
        case "NOTICE", "INFO", "LOG", "DEBUG": break
        // Also libpq's own, which have no such field: of a message that it did not expect.
        default: warning = warning ?? notice
        }
    }
}
