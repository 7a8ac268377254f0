private import Foundation
private import Glibc
internal import Synchronization

/// What a benchmark must not leave behind: the programs that it started and the folders that it made. They go with their
/// last user; on SIGINT, SIGTERM and SIGHUP, and before an exit by an error, all at once.
enum Cleanup {
    private struct Leftovers {
        var pids: Set<Int32> = []
        var folders: Set<String> = []
    }

    private static let leftovers = Mutex(Leftovers())

    /// Makes the three signals clean up and end this process. For the start of `main`: threads that run already would
    /// take a signal for themselves.
    static func handleSignals() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A server that goes away is an error of a write, not the end.
        signal(SIGPIPE, SIG_IGN)
        let waiting = signals
        Thread.detachNewThread {
            var waiting = waiting
            var caught: Int32 = 0
            sigwait(&waiting, &caught)
            // Under the lock to the end, so that nothing new is started or made.
            leftovers.withLock { leftovers in
                remove(leftovers)
                Progress.say("ended by signal \(caught)")
                _exit(128 + caught)
            }
        }
    }

    /// Kills all programs, by their process ids, and removes all folders.
    static func cleanUp() {
        leftovers.withLock { leftovers in
            remove(leftovers)
            leftovers = Leftovers()
        }
    }

    /// - Parameter spawn: starts a program, and returns its process id.
    static func start(_ spawn: () throws -> Int32) rethrows -> Int32 {
        try leftovers.withLock { leftovers in
            let pid = try spawn()
            leftovers.pids.insert(pid)
            return pid
        }
    }

    /// The process has been waited for: its id may be another's from now on.
    static func forget(pid: Int32) { leftovers.withLock { _ = $0.pids.remove(pid) } }

    static func make(folder: String) throws {
        try leftovers.withLock { leftovers in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            leftovers.folders.insert(folder)
        }
    }

    static func removeNow(folder: String) {
        leftovers.withLock { _ = $0.folders.remove(folder) }
        remove(folder)
    }

    private static func remove(_ leftovers: Leftovers) {
        for pid in leftovers.pids { kill(pid, SIGKILL) }
        for pid in leftovers.pids { waitpid(pid, nil, 0) }
        for folder in leftovers.folders { remove(folder) }
    }

    private static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }
}
