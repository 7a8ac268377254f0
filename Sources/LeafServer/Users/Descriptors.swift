private import Glibc

/// The process's file descriptors (ulimit -n).
package enum Descriptors {
    /// Raises what the process may open to what it is allowed to raise it to.
    package static func raiseLimit() {
        var limit = current
        guard limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many are left for clients: journal, store and event loops must get theirs whoever connects.
    static func forClients(besides loops: Int) -> Int {
        let all = Int(clamping: current.rlim_cur)
        return max(1, all - min(own + 2 * loops, all / 2))
    }

    /// What leafd opens itself at most: some for each session of the store, the journal, a process that verifies it, a
    /// fresh journal beside the old one.
    private static let own = 128

    private static var current: rlimit {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return isKnown ? limit : rlimit(rlim_cur: .max, rlim_max: .max)
    }
}
