private import Glibc

/// Ends waits on sockets, now and for good: a daemon that stops does not wait for a server that does not answer.
package final class Interrupt: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "the system refused a pipe: \(String(cString: strerror(errno)))")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        Glibc.close(readEnd)
        Glibc.close(writeEnd)
    }

    /// From any thread, as often as one likes.
    package func fire() {
        _ = write(writeEnd, "x", 1)
    }

    /// Readable for ever once fired.
    var descriptor: Int32 { readEnd }
}
