private import Foundation

/// A folder that goes away with its last user.
package final class TemporaryFolder: Sendable {
    package let path: String
    /// A second one, on a file system in memory, which goes away with it: for journals' witnesses.
    package let memory: String

    package init() {
        // Short: a Unix socket's path has 107 bytes at most.
        let name = "leafd-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = "/tmp/" + name
        memory = "/dev/shm/" + name
        for folder in [path, memory] {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                preconditionFailure("the folder \(folder) cannot be made: \(error)")
            }
        }
    }

    deinit {
        for folder in [path, memory] { try? FileManager.default.removeItem(atPath: folder) }
    }

    package func file(_ name: String) -> String { path + "/" + name }
}
