internal import Glibc

/// Where leafd listens.
public enum LeafSocket {
    /// The socket of an installed leafd.
    public static let installedPath = "/run/leafd/leafd.sock"

    /// `$LEAFD_SOCKET` if it is set and not empty, else the installed daemon's: as `leafctl` looks for it.
    public static var defaultPath: String {
        if let value = getenv("LEAFD_SOCKET"), value.pointee != 0 { return String(cString: value) }
        return installedPath
    }
}
