private import Foundation
private import Glibc

/// What a process has used so far, from /proc.
struct ProcessFigures: Sendable {
    /// On all its threads together, in user and kernel mode. The scheduler's own count in nanoseconds, while
    /// /proc/PID/stat counts ticks of 10 ms. A thread that has ended is no longer in it.
    let processorTime: Duration
    /// Resident memory (Rss of smaps_rollup).
    let residentBytes: Int
    /// The same, with what several processes share divided among them (Pss of smaps_rollup).
    let proportionalBytes: Int
    let threads: Int

    /// - Throws: a `Problem` if the process has gone.
    init(of pid: Int32) throws {
        (processorTime, threads) = try ProcessFigures.processorTime(of: pid)
        let memory = TextFile.text("/proc/\(pid)/smaps_rollup")
        residentBytes = ProcessFigures.field("Rss", in: memory) * 1024
        proportionalBytes = ProcessFigures.field("Pss", in: memory) * 1024
    }

    /// The processor time alone, which takes some microseconds; reading the memory takes milliseconds.
    static func processorTime(of pid: Int32) throws -> Duration { try processorTime(of: pid).0 }

    private static func processorTime(of pid: Int32) throws -> (Duration, threads: Int) {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        guard !tasks.isEmpty else { throw Problem("process \(pid) has gone: see its log") }
        var nanoseconds: Int64 = 0
        for task in tasks {
            // A thread may end meanwhile.
            let fields = TextFile.text("/proc/\(pid)/task/\(task)/schedstat").split(separator: " ")
            guard let running = fields.first.flatMap({ Int64($0) }) else { continue }
            nanoseconds += running
        }
        // Kernels without schedstat answer zeros.
        return (nanoseconds > 0 ? .nanoseconds(nanoseconds) : try tickedTime(of: pid), tasks.count)
    }

    private static func tickedTime(of pid: Int32) throws -> Duration {
        // The name in parentheses may contain anything; the fields after it are numbers.
        let stat = TextFile.text("/proc/\(pid)/stat")
        guard let parenthesis = stat.lastIndex(of: ")") else { throw Problem("process \(pid) has gone: see its log") }
        let fields = stat[stat.index(after: parenthesis)...].split(separator: " ")
        // utime and stime: fields 14 and 15 of proc(5), of which the first two are cut off here.
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            throw Problem("/proc/\(pid)/stat cannot be read: \(stat)")
        }
        return .seconds(Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    private static func field(_ name: String, in text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
            let words = line.dropFirst(name.count + 1).split(separator: " ")
            if let number = words.first.flatMap({ Int($0) }) { return number }
        }
        return 0
    }
}

extension Duration {
    /// In seconds.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    var inMicroseconds: Double { inSeconds * 1e6 }
}
