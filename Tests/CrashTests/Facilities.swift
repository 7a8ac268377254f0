import Foundation
import LeafTestKit
import Testing

/// What these tests need of the host they run on, found out once.
enum Facilities {
    static let isRoot = geteuid() == 0

    /// Whether strace can stop another process's system calls here.
    static let canTrace: Bool = {
        guard isRoot, Tool.isThere("strace") else { return false }
        let trial = try? Tool.run("strace", ["-f", "-e", "inject=fdatasync:error=EIO:when=1", "true"])
        return trial?.isSuccess ?? false
    }()

    static let canMountMemory: Bool = {
        guard isRoot else { return false }
        return (try? MemoryDisk(megabytes: 1)) != nil
    }()

    /// Whether a file can be mounted as a disk.
    static let canMountLoop: Bool = {
        guard isRoot, Tool.isThere("mkfs.ext4") else { return false }
        return (try? LoopDisk(megabytes: 16)) != nil
    }()

    /// Whether a mounted disk can be told to forget what it has not written yet.
    static let canCutPower: Bool = {
        guard canMountLoop, let disk = try? LoopDisk(megabytes: 16) else { return false }
        return (try? disk.cutPower()) != nil
    }()

    static let compiler = ["clang", "cc", "gcc"].lazy.compactMap(Facilities.find).first

    /// Looks where the shell looks, too: Swift's own clang lies where Swift is.
    private static func find(_ program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.lazy.compactMap { Tool.find("\($0)/\(program)") }.first ?? Tool.find(program)
    }
}
