private import Foundation
internal import Glibc

/// An outage of a central store that is a SQLite file, for as long as the value is there.
enum StoreOutage {
    /// Another process that does not let go of the write lock: calls wait until `store.query-timeout`.
    static func lock(_ leafd: Leafd) throws -> WriteLock { try WriteLock(path: leafd.storePath) }

    /// The file is not there: calls fail at once.
    static func moveAway(_ leafd: Leafd) throws -> MovedFile { try MovedFile(path: leafd.storePath) }

    /// SQLite's own lock for writers of a database in WAL mode: WAL_WRITE_LOCK, byte 120 of the file `-shm`
    /// (sqlite.org/walformat.html, "WAL locks"), held by fcntl.
    final class WriteLock {
        private let file: Int32

        fileprivate init(path: String) throws {
            file = open(path + "-shm", O_RDWR | O_CLOEXEC)
            guard file >= 0 else { throw Problem("\(path)-shm cannot be opened", errno: errno) }
            let deadline = ContinuousClock.now + .seconds(5)
            while !hasLocked() {
                guard ContinuousClock.now < deadline else {
                    close(file)
                    throw Problem("\(path) cannot be locked", errno: errno)
                }
                usleep(500)
            }
        }

        deinit {
            close(file)
        }

        private func hasLocked() -> Bool {
            var range = flock()
            range.l_type = Int16(F_WRLCK)
            range.l_whence = Int16(SEEK_SET)
            range.l_start = 120
            range.l_len = 1
            return withUnsafeMutablePointer(to: &range) { fcntl(file, F_SETLK, UnsafeMutableRawPointer($0)) } == 0
        }
    }

    /// A database's files, moved aside; moved back with the value's end.
    final class MovedFile {
        private let path: String
        private static let names = ["", "-wal", "-shm"]

        fileprivate init(path: String) throws {
            self.path = path
            for name in MovedFile.names { rename(path + name, path + name + ".away") }
            guard access(path, F_OK) != 0 else { throw Problem("\(path) cannot be moved away", errno: errno) }
        }

        deinit {
            // The database itself last: it must not be opened without its log.
            for name in MovedFile.names.reversed() { rename(path + name + ".away", path + name) }
        }
    }
}
