import CLeafPlatform
import Foundation
import LeafStore

/// What tells one file from another on a running host.
///
/// The birth is part of it since `rm` and `cp` mostly give an inode's number again, once nobody has it open.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    /// In nanoseconds since 1970; 0 if the file system does not tell.
    let birth: UInt64

    private init(_ file: leaf_file_t) {
        device = file.device
        inode = file.inode
        birth = file.birth_ns
    }

    /// Reads the identity of the file that a path means now; nil if there is none.
    ///
    /// Never opens the file: closing any descriptor of it would drop SQLite's own locks (POSIX).
    static func of(_ path: String) throws(StoreError) -> FileIdentity? {
        try examine(path).map { FileIdentity($0) }
    }

    /// The same for a database, which must have one name only.
    ///
    /// SQLite's WAL belongs to the name, not to the file: under two names there are two of them, neither sees what the other
    /// leased, and every range is leased twice. Symbolic links do no harm: SQLite follows them to the one name.
    static func ofDatabase(_ path: String) throws(StoreError) -> FileIdentity? {
        guard let file = try examine(path) else { return nil }
        guard file.link_count <= 1 else {
            throw StoreError(
                .misconfigured,
                "central store \(path): the file has \(file.link_count) names (hard links), and what is leased under one is "
                    + "not known under another; remove the others (find them with: find / -xdev -samefile \(path))",
                isSessionLost: true)
        }
        guard !file.is_mount_root else {
            throw StoreError(
                .misconfigured,
                "central store \(path): the file itself is mounted here, and what is leased here is not known where it comes "
                    + "from; mount its folder instead", isSessionLost: true)
        }
        return FileIdentity(file)
    }

    /// Whether this process has all these files open. True also where that cannot be found out: without /proc.
    static func areOpen(_ files: Set<FileIdentity>) -> Bool {
        guard let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else {
            return true
        }
        var missing = files
        var file = leaf_file_t()
        for descriptor in descriptors.compactMap({ Int32($0) }) where leaf_examine_file(descriptor, "", &file) == 0 {
            missing.remove(FileIdentity(file))
            if missing.isEmpty { return true }
        }
        return false
    }

    private static func examine(_ path: String) throws(StoreError) -> leaf_file_t? {
        var file = leaf_file_t()
        let problem = leaf_examine_file(-1, path, &file)
        if problem == 0 { return file }
        if problem == ENOENT || problem == ENOTDIR { return nil }
        throw StoreError(
            .unavailable,
            "central store \(path): cannot be examined (\(String(cString: strerror(problem)))); "
                + "check that leafd may search the folder", isSessionLost: true)
    }
}
