import Foundation

/// The log that the last session of a store left behind with commits in it.
///
/// A log may vanish while no session holds it, or because of which the session ended. The commits that were only in it
/// are lost then, and neither the file's identity nor a beat that was already moved into the file shows that. So the next
/// session of this process looks for the same log, and lifts the counters where it finds another. That is once too often
/// where another program moved the log into the file in between, which costs a gap.
///
/// @unchecked Sendable: `left` is only touched under `lock`.
final class LastLog: @unchecked Sendable {
    private let lock = NSLock()
    private var left: (database: FileIdentity, wal: FileIdentity)?

    /// A session ended without moving its log into the database.
    func leave(_ wal: FileIdentity, of database: FileIdentity) {
        lock.withLock { left = (database, wal) }
    }

    /// Whether the log of this very database may have been lost. Of another database the server's name tells.
    func isLost(_ wal: FileIdentity, of database: FileIdentity) -> Bool {
        lock.withLock {
            guard let left else { return false }
            return left.database == database && left.wal != wal
        }
    }

    /// Its loss, if it is one, has been answered, or the log has been moved into the database.
    func forget() {
        lock.withLock { left = nil }
    }
}
