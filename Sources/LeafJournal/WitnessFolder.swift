private import CLeafPlatform
private import Glibc
internal import LeafCore

/// Where witnesses are kept: a folder on a file system in memory, which is empty after a boot.
package enum WitnessFolder {
    /// Chooses the folder.
    ///
    /// - Parameters:
    ///   - configured: `journal.witness`; nil or empty: the first usable one of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR,
    ///     /run/leafd and /dev/shm.
    ///   - environment: the process's variables.
    /// - Returns: no path, and a note that says why and what follows, if there is none.
    package static func choose(
        configured: String?, environment: [String: String]
    ) -> (path: String?, note: String?) {
        if let configured, !configured.isEmpty {
            if let problem = problem(with: configured) { return (nil, problem) }
            return (configured, nil)
        }
        let candidates = candidates(environment)
        if let path = candidates.first(where: { problem(with: $0) == nil }) { return (path, nil) }
        return (
            nil,
            "no witness can be kept, so that every restart of leafd gives its stock up or, without the store, goes on "
                + "with a gap: none of \(candidates.joined(separator: ", ")) is a writable folder on tmpfs "
                + "— set journal.witness to one"
        )
    }

    private static func candidates(_ environment: [String: String]) -> [String] {
        let runtime = environment["RUNTIME_DIRECTORY", default: ""].split(separator: ":").map(String.init)
        let user = environment["XDG_RUNTIME_DIR", default: ""]
        return runtime + (user.isEmpty ? [] : [user]) + ["/run/leafd", "/dev/shm"]
    }

    /// Why a folder cannot hold witnesses; nil: it can.
    private static func problem(with path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return "the folder \(path) for the journal's witness does not exist — make it, on tmpfs"
        }
        guard FileSystemKind.isInMemory(leaf_file_system_type(path)) else {
            return
                "the folder \(path) for the journal's witness is not on tmpfs, so that a witness there would outlive "
                + "a boot — choose one below /run or /dev/shm"
        }
        guard access(path, W_OK | X_OK) == 0 else {
            return
                "the folder \(path) for the journal's witness is not writable for leafd's user "
                + "— change its owner or mode"
        }
        return nil
    }
}
