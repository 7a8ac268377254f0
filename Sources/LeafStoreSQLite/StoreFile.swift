import Foundation
import LeafStore

/// The file of a store, as it was opened: its path, and which file that path meant then.
///
/// A connection stays on the file it opened, even when that is moved away. A lease written there would be unknown to the
/// file that is later put in its place (a backup, a copy), which would lease the same range again. So each transaction
/// asks whether the path still means the open file.
struct StoreFile {
    let path: String
    let identity: FileIdentity
    /// Nil before the first write transaction.
    var log: WriteAheadLog?

    /// Throws unless the path still means the file that was opened, under no other name, and its log is there.
    func verify() throws(StoreError) {
        let found = try FileIdentity.ofDatabase(path)
        guard found != identity else {
            try log?.verify()
            return
        }
        let what = found == nil ? "is gone" : "has been replaced by another file"
        throw StoreError(
            .missing,
            "central store \(path): the file that was opened \(what); put it back; leasing "
                + "goes on by itself once the store is there again", isSessionLost: true)
    }

    /// What tells this file from a copy put in its place, also after a reboot: the file system, the inode, and
    /// when that was born: `rm` and `cp` mostly give an inode's number again.
    ///
    /// The file system by f_fsid, which ext4, Btrfs and tmpfs derive from their UUID; a device number may be another after
    /// the next boot. On XFS f_fsid is the device number: then counters are lifted once too often, which costs a gap.
    /// Copying another file's bytes into this one changes nothing here: the own traces show that.
    static func server(path: String, identity: FileIdentity) throws(StoreError) -> String {
        var system = statvfs()
        guard statvfs(path, &system) == 0 else {
            throw StoreError(
                .unavailable,
                "central store \(path): its file system cannot be examined (\(String(cString: strerror(errno)))); "
                    + "check that leafd may search the folder", isSessionLost: true)
        }
        let parts = [UInt64(system.f_fsid), identity.birth].map { String($0, radix: 16) }
        return "sqlite:\(parts[0]):\(identity.inode):\(parts[1])"
    }

    /// Says why SQLite cannot open a file that may be created: the folder decides.
    static func openingProblem(_ path: String) -> (code: StoreError.Code, text: String) {
        let folder = (path as NSString).deletingLastPathComponent
        var status = stat()
        if stat(folder, &status) != 0 {
            return (
                .missing,
                "the folder \(folder) cannot be reached (\(String(cString: strerror(errno)))); create or mount it"
            )
        }
        if access(folder, W_OK) != 0 {
            return (.readOnly, "the folder \(folder) is not writable for uid \(geteuid()); SQLite needs it for its WAL")
        }
        return (.unavailable, "the file cannot be opened; check its mode and the limit of open files")
    }
}
