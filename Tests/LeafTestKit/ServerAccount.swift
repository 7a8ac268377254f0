private import Glibc

/// Whom a database server runs as: neither MariaDB nor PostgreSQL runs as root.
struct ServerAccount: Sendable {
    /// Empty: the test's own user.
    private let name: String
    private let uid: uid_t
    private let gid: gid_t

    /// The system's account of that name if the tests run as root, else their own.
    init(_ name: String) throws {
        guard geteuid() == 0 else {
            self.name = ""
            uid = geteuid()
            gid = getegid()
            return
        }
        guard let entry = getpwnam(name) else {
            throw TestProblem("there is no user \(name), whom the server is to run as: install its package")
        }
        self.name = name
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }

    static func isThere(_ name: String) -> Bool { geteuid() != 0 || getpwnam(name) != nil }

    /// A command that becomes `command` under this account, in a session and process group of its own: what the
    /// terminal sends to the tests does not reach it. The process id stays the same.
    func command(_ command: [String]) -> [String] {
        let alone = ["setsid"] + command
        return name.isEmpty ? alone : ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--init-groups"] + alone
    }

    /// Runs a command under this account to its end.
    func run(_ command: [String], in folder: TemporaryFolder) throws {
        let words = self.command(command)
        let result = try Tool.run(
            words[0], Array(words.dropFirst()), environment: ["HOME": folder.path], folder: folder.path)
        guard result.isSuccess else {
            throw TestProblem("\(command[0]): \(result.exit)\n\(result.output)\(result.errors)")
        }
    }

    /// Makes a file or folder this account's.
    func own(_ path: String) throws {
        guard name.isEmpty || chown(path, uid, gid) == 0 else {
            throw TestProblem("\(path) cannot be given to \(name): \(String(cString: strerror(errno)))")
        }
    }

    /// Makes a folder this account's, with all that is in it.
    func ownAll(_ path: String) throws {
        guard !name.isEmpty else { return }
        let result = try Tool.run("chown", ["-R", "\(uid):\(gid)", path])
        guard result.isSuccess else { throw TestProblem("chown: \(result.errors)") }
    }
}
