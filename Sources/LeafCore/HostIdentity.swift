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

    package init(machineID: String, bootID: String, fileSystemID: UInt64, device: UInt64, inode: UInt64) {
        self.machineID = machineID
        self.bootID = bootID
        self.fileSystemID = fileSystemID
        self.device = device
        self.inode = inode
    }
}
