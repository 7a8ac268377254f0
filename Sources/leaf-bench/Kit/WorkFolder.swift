private import Foundation

/// A folder that goes away with its last user, for sockets, journals and databases.
final class WorkFolder: Sendable {
    /// On a disk: /var/tmp, since /tmp may be memory, and a journal's fsync would cost nothing there.
    let path: String
    /// A second one, on a file system in memory: for journals' witnesses.
    let memory: String

    init() throws {
        // Short: a Unix socket's path has 107 bytes at most.
        let name = "leaf-bench-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = "/var/tmp/" + name
        memory = "/dev/shm/" + name
        for folder in [path, memory] {
            do {
                try Cleanup.make(folder: folder)
            } catch {
                throw Problem("the folder \(folder) cannot be made: \(error.localizedDescription)")
            }
        }
    }

    deinit {
        for folder in [path, memory] { Cleanup.removeNow(folder: folder) }
    }

    func file(_ name: String) -> String { path + "/" + name }
}

/// Small files as text.
enum TextFile {
    /// Empty if it cannot be read.
    static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw Problem("\(path) cannot be written: \(error.localizedDescription)")
        }
    }
}
