private import Glibc
internal import LeafCore

/// The journal's folder: its lock, its data file's room, and whose it is.
struct JournalFolder: ~Copyable {
    let path: String
    private let lock: Int32

    /// Bytes of written zeros kept ahead of what LMDB uses, so that commits go on when the disk is full.
    static let headroom = 16 << 20

    /// Makes the folder if need be, and takes its lock for the life of the process.
    init(path: String) throws(JournalError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw JournalError(
                .inaccessible,
                "the journal's folder \(path) cannot be made: \(errorText()) — make its parent, writable for leafd's user"
            )
        }
        let file = path + "/lock"
        // The lock is on a file of its own: LMDB does not stop a second process from opening and committing.
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw JournalError(.inaccessible, "\(file) cannot be opened: \(errorText())") }
        do throws(JournalError) {
            try JournalFolder.lock(lock, file, of: path)
        } catch {
            close(lock)
            throw error
        }
        self.path = path
        self.lock = lock
    }

    deinit {
        close(lock)
    }

    /// Locks an open file for as long as it is open.
    static func lock(_ descriptor: Int32, _ file: String, of path: String) throws(JournalError) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        guard errno == EWOULDBLOCK else {
            throw JournalError(.inaccessible, "\(file) cannot be locked: \(errorText())")
        }
        throw JournalError(
            .locked, "another leafd holds the journal \(path) — stop it first, or give this one a journal of its own")
    }

    /// Who this machine is, and which file the data file.
    func identity() throws(JournalError) -> HostIdentity {
        var status = stat()
        let file = path + "/data.mdb"
        guard stat(file, &status) == 0 else {
            throw JournalError(.inaccessible, "\(file) cannot be examined: \(errorText())")
        }
        var system = statvfs()
        let hasSystem = statvfs(file, &system) == 0
        return HostIdentity(
            machineID: firstLine(of: "/etc/machine-id"), bootID: firstLine(of: "/proc/sys/kernel/random/boot_id"),
            fileSystemID: hasSystem ? UInt64(system.f_fsid) : 0,
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Makes the folder's entries durable.
    func sync() {
        let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        close(fd)
    }

    /// Extends the data file with written zeros beyond `used` bytes where less than half the headroom is left.
    ///
    /// - Returns: false if there is no room. Nothing is lost by that but the assurance against a full disk.
    static func extend(descriptor: Int32, used: Int, limit: Int) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        guard Int(status.st_size) < min(used + headroom / 2, limit) else { return true }
        let end = min(used + headroom, limit)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var offset = Int(status.st_size)
        while offset < end {
            let written = pwrite(descriptor, zeros, min(zeros.count, end - offset), offset)
            guard written > 0 else { return false }
            offset += written
        }
        return fdatasync(descriptor) == 0
    }
}

/// The first line of a small file; empty if it cannot be read.
private func firstLine(of path: String) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return "" }
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(fd, &bytes, bytes.count)
    guard count > 0 else { return "" }
    return String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
}

private func errorText() -> String { String(cString: strerror(errno)) }
