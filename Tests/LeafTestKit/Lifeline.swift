private import Glibc

/// Cleans up after a test's process, whatever ends it: kills the process that it watches over, and removes folders.
///
/// A shell does it, when nobody holds the other end of its pipe any more. PR_SET_PDEATHSIG would not do: it strikes
/// when the *thread* ends that started the program, and a test's threads come and go.
final class Lifeline: Sendable {
    private let guardian: ChildProcess
    private let pipe: Int32

    /// The process must have the first folder's path among its arguments, or it is not killed: an id may be another's
    /// by then. With it go its group and its children, and the shared memory that PostgreSQL leaves when it is killed.
    private static let script = """
        trap '' INT TERM HUP
        pid=
        while read -r line; do pid=$line; done
        if [ -n "$pid" ] && grep -qF "$1" "/proc/$pid/cmdline" 2>/dev/null; then
            children=$(cat /proc/"$pid"/task/*/children 2>/dev/null)
            kill -9 -"$pid" "$pid" $children 2>/dev/null
            for try in 1 2 3 4 5 6 7 8 9 10; do [ -d "/proc/$pid" ] || break; sleep 0.1; done
        fi
        segment=$(sed -n '7s/.* //p' "$1/data/postmaster.pid" 2>/dev/null)
        [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
        rm -rf "$@"
        """

    /// - Parameter folder: removed at the end, if the test's process has not done so itself.
    init(_ folder: TemporaryFolder) throws {
        let path = folder.file("lifeline")
        guard mkfifo(path, 0o600) == 0 else { throw TestProblem("no pipe can be made in \(folder.path)") }
        defer { unlink(path) }
        // For reading too, so that opening does not wait for the other side.
        pipe = open(path, O_RDWR | O_CLOEXEC)
        guard pipe >= 0 else { throw TestProblem("\(path): \(String(cString: strerror(errno)))") }
        guardian = try ChildProcess(
            "/bin/sh", ["-c", Lifeline.script, "lifeline", folder.path, folder.memory], input: path)
    }

    deinit {
        guardian.kill()
        close(pipe)
    }

    /// Watches over a process from now on, or over none.
    func watch(_ pid: Int32?) {
        let line = Array("\(pid.map(String.init) ?? "")\n".utf8)
        _ = write(pipe, line, line.count)
    }
}
