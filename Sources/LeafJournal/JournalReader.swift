private import Glibc
package import LeafCore

/// What is in a journal that no daemon holds.
package struct JournalContents: Sendable {
    package let header: JournalHeader
    /// The number of the newest commit.
    package let sequence: UInt64
    /// In the order of tags.
    package let records: [(tag: Tag, record: TagRecord)]
    /// In no particular order.
    package let workers: [WorkerRecord]
    package let usedBytes: Int
    /// The data file.
    package let file: String
}

/// Reads a journal without changing anything: neither the data file nor its folder.
package enum JournalReader {
    /// - Parameter path: the journal's folder, or one data file, perhaps one that was set aside.
    /// - Throws: `.locked`: a daemon holds it. `.damaged`, `.inaccessible`.
    package static func read(path: String) throws(JournalError) -> JournalContents {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw JournalError(.inaccessible, "there is no journal \(path): \(errorText())")
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        let file = isFolder ? path + "/data.mdb" : path
        let folderLock = isFolder ? try SharedLock.take(path + "/lock", of: path) : nil
        let fileLock = try SharedLock.take(file, of: path)
        guard let fileLock, fileLock.length > 0 else {
            throw JournalError(.inaccessible, "there is no journal in \(path): \(file) is missing or empty")
        }
        if let problem = PageAudit.problem(file: file, length: fileLock.length) {
            throw JournalError(.damaged, "the journal \(path) is damaged: \(problem)")
        }
        // Not the size that the file names: that is as good as the bit that is flipped in it.
        let environment = try Environment(
            file: file, mapBytes: max(fileLock.length, 1 << 20), access: .read, name: path)
        let contents = try environment.contents(path)
        guard let header = contents.header else {
            throw JournalError(.inaccessible, "the journal \(path) is empty: nothing has been committed to it yet")
        }
        _ = folderLock
        return JournalContents(
            header: header.header, sequence: header.sequence, records: contents.tags,
            workers: contents.workers, usedBytes: environment.size.used, file: file)
    }
}

/// Keeps a daemon from starting on a file while it is read; does not make it.
private struct SharedLock: ~Copyable {
    private let descriptor: Int32
    let length: Int

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        length = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    }

    /// nil: there is no such file.
    static func take(_ file: String, of path: String) throws(JournalError) -> SharedLock? {
        let descriptor = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw JournalError(
                .inaccessible, "\(file) cannot be opened: \(errorText()) — run this as leafd's user or as root")
        }
        let lock = SharedLock(descriptor)
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return lock }
        throw JournalError(
            .locked, "a leafd holds the journal \(path) — ask it with leafctl stats, or stop it first")
    }

    deinit {
        close(descriptor)
    }
}
