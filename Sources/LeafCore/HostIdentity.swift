/// Which machine, boot and file a journal belongs to. A journal found with another identity has been moved, copied,
/// cloned or restored, and somebody else may be issuing from it.
package struct HostIdentity: Hashable, Sendable {
    /// `/etc/machine-id`.
    package var machineID: String
    /// `/proc/sys/kernel/random/boot_id`.
    package var bootID: String
    /// The file system of the journal's data file, by what of it outlives a reboot (statvfs, `f_fsid`).
    package var fileSystemID: UInt64
    /// Device number of the journal's data file; another one may come with a reboot.
    package var device: UInt64
    /// Inode of the journal's data file.
    package var inode: UInt64
    /// When that file was born, in nanoseconds since 1970; 0 if its file system does not tell. A copy put in a removed file's
    /// place mostly gets its inode's number.
    package var bornAt: UInt64

    package init(
        machineID: String, bootID: String, fileSystemID: UInt64, device: UInt64, inode: UInt64, bornAt: UInt64 = 0
    ) {
        self.machineID = machineID
        self.bootID = bootID
        self.fileSystemID = fileSystemID
        self.device = device
        self.inode = inode
        self.bornAt = bornAt
    }

    /// Whether the data file is the one that another identity was read of.
    package func isSameFile(as other: HostIdentity) -> Bool {
        // A device number holds for one boot, the file system's own id for longer.
        let isSameSystem = bootID == other.bootID ? device == other.device : fileSystemID == other.fileSystemID
        let isSameBirth = bornAt == other.bornAt || bornAt == 0 || other.bornAt == 0
        return isSameSystem && inode == other.inode && isSameBirth
    }
}
