import Foundation
import LeafTestKit

/// A file system that a test has for itself. Unmounted with its last user, or with the test's process, whatever ends it.
class MountedDisk: @unchecked Sendable {
    // @unchecked: nothing in it changes after `init`, subclasses add nothing that does.
    private let folder: TemporaryFolder
    private let guardian: ChildProcess
    private let lifeline: FileHandle
    let path: String

    /// Makes the mount point, and sees to the unmounting before there is anything to unmount.
    fileprivate init(in folder: TemporaryFolder) throws {
        self.folder = folder
        path = folder.file("mnt")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let pipe = folder.file("lifeline")
        guard mkfifo(pipe, 0o600) == 0, let handle = FileHandle(forUpdatingAtPath: pipe) else {
            throw TestProblem("no pipe can be made in \(folder.path)")
        }
        lifeline = handle
        // The shell reads until nobody holds the pipe any more.
        guardian = try ChildProcess("/bin/sh", ["-c", "read line; umount -l \"$0\"", path], input: pipe)
    }

    deinit {
        unmount()
        guardian.kill()
    }

    fileprivate func mount(_ arguments: [String]) throws {
        let result = try Tool.run("mount", arguments + [path])
        guard result.isSuccess else { throw TestProblem("mount: \(result.errors)") }
    }

    /// Whoever still uses it is about to end; after a while it is taken out of the tree all the same.
    fileprivate func unmount() {
        for _ in 0..<100 {
            if (try? Tool.run("umount", [path]))?.isSuccess ?? false { return }
            guard isMounted else { return }
            pauseThread(.milliseconds(20))
        }
        _ = try? Tool.run("umount", ["-l", path])
    }

    private var isMounted: Bool { Tool.text("/proc/self/mounts").contains(" \(path) ") }

    func file(_ name: String) -> String { path + "/" + name }

    /// The name of the file that `fill` makes.
    private var filler: String { file("filler") }

    /// Writes until there is no room for another byte; then gives some back.
    func fill(leaving kilobytes: Int = 0) throws {
        let fd = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw TestProblem("\(filler): \(String(cString: strerror(errno)))") }
        defer { close(fd) }
        for size in [1 << 20, 1 << 12, 1] {
            let zeros = [UInt8](repeating: 0, count: size)
            while write(fd, zeros, size) > 0 {}
        }
        fsync(fd)
        guard kilobytes > 0 else { return }
        guard ftruncate(fd, lseek(fd, 0, SEEK_END) - off_t(kilobytes << 10)) == 0 else {
            throw TestProblem("\(filler): \(String(cString: strerror(errno)))")
        }
    }

    /// Frees what `fill` took.
    func free() throws { try FileManager.default.removeItem(atPath: filler) }
}

/// ext4 in a file.
final class LoopDisk: MountedDisk, @unchecked Sendable {
    // @unchecked: as its superclass.
    private let image: String

    init(megabytes: Int) throws {
        let folder = TemporaryFolder()
        image = folder.file("image")
        try super.init(in: folder)
        guard FileManager.default.createFile(atPath: image, contents: nil), truncate(image, megabytes << 20) == 0 else {
            throw TestProblem("\(image) cannot be made")
        }
        let result = try Tool.run("mkfs.ext4", ["-q", "-F", image])
        guard result.isSuccess else { throw TestProblem("mkfs.ext4: \(result.errors)") }
        try mount(["-o", "loop", image])
    }

    /// _IOR('X', 125, __u32), EXT4_IOC_SHUTDOWN.
    private static let shutdown: UInt = 0x8004_587D
    /// EXT4_GOING_FLAGS_NOLOGFLUSH: the file system's own journal is not written out first.
    private static let withoutLogFlush: UInt32 = 2

    /// What has not been written by now never will be: as when the power goes. All I/O fails until `restorePower`.
    func cutPower() throws {
        let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw TestProblem("\(path): \(String(cString: strerror(errno)))") }
        defer { close(fd) }
        var flags = LoopDisk.withoutLogFlush
        guard ioctl(fd, LoopDisk.shutdown, &flags) == 0 else {
            throw TestProblem("the shutdown of \(path) is refused: \(String(cString: strerror(errno)))")
        }
    }

    /// Mounts it again; the file system replays its own journal.
    func restorePower() throws {
        unmount()
        try mount(["-o", "loop", image])
    }

    /// Writes out all there is.
    func sync() throws {
        let result = try Tool.run("sync", ["-f", path])
        guard result.isSuccess else { throw TestProblem("sync: \(result.errors)") }
    }
}

/// tmpfs with a limit.
final class MemoryDisk: MountedDisk, @unchecked Sendable {
    // @unchecked: as its superclass.
    init(megabytes: Int) throws {
        try super.init(in: TemporaryFolder())
        try mount(["-t", "tmpfs", "-o", "size=\(megabytes)m", "leafd-test"])
    }
}
