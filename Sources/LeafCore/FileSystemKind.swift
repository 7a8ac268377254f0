/// Which file systems a journal, or a store in a SQLite file, may lie on.
///
/// LMDB, and SQLite's WAL, map files into memory and rely on locks and on what fdatasync promises: a file system over a
/// network, or one whose other side nobody here knows, promises none of these.
package enum FileSystemKind {
    /// Type numbers of local file systems (statfs(2), `linux/magic.h`, and the file systems' own sources).
    private static let local: [Int64: String] = [
        0xEF53: "ext2, ext3 or ext4",
        0x5846_5342: "xfs",
        0x9123_683E: "btrfs",
        0x2FC1_2FC1: "zfs",
        0xF2F5_2010: "f2fs",
        0xCA45_1A4E: "bcachefs",
        0x3153_464A: "jfs",
        0x5265_4973: "reiserfs",
        0x3434: "nilfs2",
        // A container's root; what it keeps of written files lies on one of the others.
        0x794C_7630: "overlayfs",
    ].merging(inMemory) { name, _ in name }

    private static let inMemory: [Int64: String] = [0x0102_1994: "tmpfs", 0x8584_58F6: "ramfs"]

    package static func isLocal(_ type: Int64) -> Bool { local[type] != nil }

    /// Whether what lies on it is gone after a boot.
    package static func isInMemory(_ type: Int64) -> Bool { inMemory[type] != nil }

    package static func hexadecimal(_ type: Int64) -> String { "0x" + String(type, radix: 16) }
}
