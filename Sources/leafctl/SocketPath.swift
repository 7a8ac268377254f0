internal import Glibc

/// Where to look for leafd when nobody says.
enum SocketPath {
    /// Of the installed daemon.
    static let installed = "/run/leafd/leafd.sock"
    /// Of `make run` in a checkout, seen from its top.
    static let development = "./.leafd/run/leafd.sock"
    static let variable = "LEAFD_SOCKET"

    /// $LEAFD_SOCKET, or the installed daemon's if it is there, or the one in this folder if it is the caller's own: whoever
    /// happens to work in a stranger's folder must not get IDs from the stranger. Else the installed one, for the error.
    static func `default`() -> String {
        if let value = getenv(variable), value.pointee != 0 { return String(cString: value) }
        if exists(installed) { return installed }
        return isOwn(development) ? development : installed
    }

    /// Also true where it cannot be seen for lack of permission: the attempt to connect then says so.
    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno == EACCES
    }

    private static func isOwn(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK && status.st_uid == geteuid()
    }
}
