import Foundation
import GRDB
import LeafStore

/// The files beside a database, `-wal` and `-shm`, as a session found them.
///
/// While any session is on them SQLite never removes or exchanges them, in no process (tried: checkpoints of every kind,
/// VACUUM, a restore, a change of the journal mode, writers that are killed). Somebody else can: then this session would
/// go on in files that nobody else sees, and every range would be leased twice. As long as they are open, no other file
/// can get their inodes.
struct WriteAheadLog: Hashable, Sendable {
    /// The database's own path: SQLite follows symbolic links before it names the files beside it.
    let path: String
    let wal: FileIdentity
    let shm: FileIdentity

    /// Finds the files that a connection uses, within its first write transaction.
    ///
    /// - Parameter database: which file the connection opened.
    /// - Throws: `.missing` unless the files at the paths are the very ones that SQLite opened here.
    init(of db: Database, database: FileIdentity) throws {
        let row = try Row.fetchOne(db, sql: "SELECT file FROM pragma_database_list WHERE name = 'main'")
        let path: String = row?["file"] ?? ""
        let wal = try FileIdentity.of(path + "-wal")
        let shm = try FileIdentity.of(path + "-shm")
        guard let wal, let shm, FileIdentity.areOpen([database, wal, shm]) else {
            throw StoreError(
                .missing,
                "central store \(path): the file, its -wal or its -shm was removed or exchanged while it was opened; try again",
                isSessionLost: true)
        }
        self.path = path
        self.wal = wal
        self.shm = shm
    }

    /// Whether the log still is at its path: others are on it, or it could not be moved into the database.
    var isThere: Bool { (try? FileIdentity.of(path + "-wal")) == wal }

    /// Throws unless both files are still there.
    func verify() throws(StoreError) {
        for (suffix, identity) in [("-wal", wal), ("-shm", shm)] {
            let found = try FileIdentity.of(path + suffix)
            guard found != identity else { continue }
            let what = found == nil ? "is gone" : "has been replaced by another file"
            throw StoreError(
                .missing,
                "central store \(path): its \(suffix) \(what), and with it what was leased last; put the same file back, and "
                    + "never remove it while a daemon runs; the counters are lifted before the next lease",
                isSessionLost: true)
        }
    }
}
