private import Glibc

/// An open file, locked (flock) for as long as it is open.
struct FileLock: ~Copyable {
    let file: String
    let descriptor: Int32

    private init(_ file: String, _ descriptor: Int32) {
        self.file = file
        self.descriptor = descriptor
    }

    /// Opens or makes a regular file, and locks it.
    ///
    /// - Parameter path: the journal, for the error if another daemon holds it.
    static func take(_ file: String, of path: String) throws(JournalError) -> FileLock {
        let descriptor = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let number = errno
            throw JournalError(
                [ENOSPC, EDQUOT].contains(number) ? .full : .inaccessible,
                "\(file) cannot be opened: \(errorText(number)) — check that leafd's user may write to it")
        }
        let lock = FileLock(file, descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JournalError(.inaccessible, "\(file) is not a regular file — move it away")
        }
        // It may be held for a moment only: by leafctl, which reads a stopped daemon's journal, or by a child being started.
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return lock }
            guard errno == EWOULDBLOCK else {
                throw JournalError(.inaccessible, "\(file) cannot be locked: \(errorText())")
            }
            usleep(10_000)
        }
        throw JournalError(
            .locked, "another leafd holds the journal \(path) — stop it first, or give this one a journal of its own")
    }

    deinit {
        close(descriptor)
    }

    /// Bytes of the file.
    var length: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }
}
