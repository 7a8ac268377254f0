private import CLeafPlatform
private import Glibc
internal import LeafCore

/// The journal's folder: whose it is (its lock), and which files lie in it.
///
///     lock              held for the life of the daemon
///     data.mdb          the journal
///     opening           how many starts have died before their first commit (`OpeningCount`)
///     new.mdb           a journal being made, before it takes the place of one that is set aside
///     damaged-….mdb, unknown-….mdb   set aside (`SetAside`)
struct JournalFolder: ~Copyable {
    let path: String
    private let lock: FileLock

    var dataFile: String { path + "/data.mdb" }
    var newFile: String { path + "/new.mdb" }
    var openingFile: String { path + "/opening" }

    /// Makes the folder if need be, and takes its lock for the life of the process.
    init(path: String) throws(JournalError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw JournalError(
                .inaccessible,
                "the journal's folder \(path) cannot be made: \(errorText()) — make its parent, writable for leafd's user"
            )
        }
        try JournalFolder.requireLocal(path)
        // The lock is on a file of its own: LMDB does not stop a second process from opening and committing.
        lock = try FileLock.take(path + "/lock", of: path)
        self.path = path
    }

    private static func requireLocal(_ path: String) throws(JournalError) {
        let type = leaf_file_system_type(path)
        guard type >= 0 else {
            throw JournalError(.inaccessible, "the journal's folder \(path) cannot be examined: \(errorText())")
        }
        guard FileSystemKind.isLocal(type) else {
            throw JournalError(
                .inaccessible,
                "the journal's folder \(path) lies on a file system (type \(FileSystemKind.hexadecimal(type))) that "
                    + "leafd does not know as a local one — move journal.path to ext4, xfs, btrfs, zfs, f2fs or "
                    + "another local disk"
            )
        }
    }

    /// Puts `new.mdb` in the place of the data file, which gets a name that says why, and removes the oldest of its
    /// kind.
    ///
    /// At any moment a start finds the old data file or the new one.
    ///
    /// - Returns: where the old one lies now.
    func replace(_ kind: SetAside.Kind) throws(JournalError) -> String {
        let names = entries()
        let file = path + "/" + SetAside.name(kind, now: time(nil), taken: names)
        if link(dataFile, file) != 0 && errno != ENOENT {
            // No hard links here: for a moment there is no data file, and a start would make a third.
            guard rename(dataFile, file) == 0 else { throw failure("\(dataFile) cannot be renamed to \(file)") }
        }
        try putInPlace()
        for name in SetAside.surplus(among: names + [String(file.dropFirst(path.utf8.count + 1))]) {
            unlink(path + "/" + name)
        }
        sync()
        return file
    }

    /// Throws if another folder lies at the path by now: then its files are not this journal's.
    func requireInPlace() throws(JournalError) {
        var (mine, there) = (stat(), stat())
        guard fstat(lock.descriptor, &mine) == 0, stat(path + "/lock", &there) == 0, mine.st_dev == there.st_dev,
            mine.st_ino == there.st_ino
        else {
            throw JournalError(
                .inaccessible, "the journal's folder \(path) has been moved, or its lock removed — restart leafd")
        }
    }

    /// Makes `new.mdb` the data file.
    func putInPlace() throws(JournalError) {
        guard rename(newFile, dataFile) == 0 else { throw failure("\(newFile) cannot be renamed to \(dataFile)") }
    }

    /// Makes the folder's entries durable.
    func sync() {
        let fd = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        close(fd)
    }

    private func failure(_ what: String) -> JournalError {
        let number = errno
        return JournalError(
            [ENOSPC, EDQUOT].contains(number) ? .full : .inaccessible, "\(what): \(errorText(number))")
    }

    private func entries() -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
