import Foundation
import LeafTestKit

/// The Debian that containers start from: 210 MB, made once (a minute, from Debian's mirror) and kept under .build.
///
/// Containers read it and write elsewhere, so it stays as it was made.
enum SystemTree {
    /// systemd, and what leafd's package depends on: it is installed without a network.
    private static let packages = [
        "systemd", "systemd-sysv", "dbus", "procps", "libmariadb3", "libpq5", "liblmdb0",
        "libsqlite3-0",
    ]

    private static let path = checkout + "/.build/container/bookworm"
    /// Names the packages of the tree beside it: a tree with others is made anew.
    private static let listPath = path + ".packages"

    private static let result = Result { try make() }

    /// The tree's path.
    static var root: String { get throws { try result.get() } }

    private static func make() throws -> String {
        let list = packages.joined(separator: " ")
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Another run of the tests may be making it.
        let lock = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw TestProblem("\(folder)/lock cannot be locked")
        }
        defer { close(lock) }
        if Tool.text(listPath) == list { return path }
        print("making Debian's tree for containers, in \(path)")
        for remains in [listPath, path] where FileManager.default.fileExists(atPath: remains) {
            try FileManager.default.removeItem(atPath: remains)
        }
        let made = try Tool.run(
            "mmdebstrap",
            [
                "--variant=minbase", "--include=" + packages.joined(separator: ","),
                "--dpkgopt=force-unsafe-io",
                "--aptopt=Acquire::Languages \"none\"", "bookworm", path,
            ], atMost: .seconds(900))
        guard made.isSuccess else {
            throw TestProblem("Debian's tree cannot be made:\n\(made.errors.suffix(2000))")
        }
        try list.write(toFile: listPath, atomically: true, encoding: .utf8)
        return path
    }
}
