private import CLeafPlatform
internal import Glibc
internal import LeafCore

/// The first line of a small file; empty if it cannot be read.
func firstLine(of path: String) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return "" }
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(fd, &bytes, bytes.count)
    guard count > 0 else { return "" }
    return String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
}

func errorText(_ number: Int32 = errno) -> String { String(cString: strerror(number)) }

/// Reads `count` bytes at `offset`; fewer at the file's end, none if they cannot be read.
func readBytes(_ descriptor: Int32, at offset: Int, count: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < count {
        let got = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { break }
        done += got
    }
    return done
}

extension HostIdentity {
    /// This machine and boot, and the file behind a descriptor.
    static func of(_ descriptor: Int32, name: String) throws(JournalError) -> HostIdentity {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw JournalError(.inaccessible, "\(name) cannot be examined: \(errorText())")
        }
        var system = statvfs()
        let hasSystem = fstatvfs(descriptor, &system) == 0
        return HostIdentity(
            machineID: firstLine(of: "/etc/machine-id"), bootID: currentBootID,
            fileSystemID: hasSystem ? UInt64(system.f_fsid) : 0,
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            bornAt: leaf_birth_time_ns(descriptor, ""))
    }

    static var currentBootID: String { firstLine(of: "/proc/sys/kernel/random/boot_id") }
}
