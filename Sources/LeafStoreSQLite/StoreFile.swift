import Foundation
import LeafStore

/// The file of a store, as it was opened: its path, and which file that path meant then.
///
/// A connection stays on the file it opened, even when that is moved away. A lease written there would be unknown to the
/// file that is later put in its place (a backup, a copy), which would lease the same range again. So each transaction
/// asks whether the path still means the open file.
struct StoreFile {
    /// What tells one file from another on a running host.
    struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        /// Reads the identity of the file that a path means now; nil if there is none.
        ///
        /// Never opens the file: closing any descriptor of it would drop SQLite's own locks (POSIX).
        static func of(_ path: String) throws(StoreError) -> Identity? {
            var status = stat()
            guard stat(path, &status) != 0 else {
                return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            }
            let problem = errno
            if problem == ENOENT || problem == ENOTDIR { return nil }
            throw StoreError(
                .unavailable,
                "central store \(path): cannot be examined (\(String(cString: strerror(problem)))); "
                    + "check that leafd may search the folder", isSessionLost: true)
        }
    }

    let path: String
    let identity: Identity

    /// Throws unless the path still means the file that was opened.
    func verify() throws(StoreError) {
        let found = try Identity.of(path)
        guard found != identity else { return }
        let what = found == nil ? "is gone" : "has been replaced by another file"
        throw StoreError(
            .missing,
            "central store \(path): the file that was opened \(what); put it back; leasing "
                + "goes on by itself once the store is there again", isSessionLost: true)
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
