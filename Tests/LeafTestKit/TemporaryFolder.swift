private import Foundation

/// A folder that goes away with its last user.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() {
        // Short: a Unix socket's path has 107 bytes at most.
        path = "/tmp/leafd-" + String(UInt64.random(in: .min ... .max), radix: 36)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            preconditionFailure("the folder \(path) cannot be made: \(error)")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String { path + "/" + name }
}
