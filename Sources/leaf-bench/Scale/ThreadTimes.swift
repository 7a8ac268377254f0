private import Foundation

/// Processor time of a process, by the kind of its threads: which part of it is the requests' own.
struct ThreadTimes: Sendable {
    /// By the threads' name without its numbers: `NIO-ELT` (the event loops), `leafd-journal`, `leafd-store`,
    /// `leafd-ticker`, ….
    private(set) var byKind: [String: Duration] = [:]

    var total: Duration { byKind.values.reduce(.zero, +) }
    /// Of what answers the requests: everything but the threads that leafd has for other work.
    var loops: Duration {
        byKind.filter { !ThreadTimes.others.contains($0.key) }.values.reduce(.zero, +)
    }

    /// Those that leafd gives a name to, for other work than requests.
    private static let others: Set<String> = ["leafd", "leafd-journal", "leafd-store", "leafd-ticker", "leafd-reports"]

    func of(_ kind: String) -> Duration { byKind[kind] ?? .zero }

    init(of pid: Int32) throws {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        guard !tasks.isEmpty else { throw Problem("process \(pid) has gone: see its log") }
        for task in tasks {
            let folder = "/proc/\(pid)/task/\(task)"
            let name = TextFile.text(folder + "/comm").prefix { $0 != "\n" }
            let kind = name.trimmingCharacters(in: CharacterSet(charactersIn: "0123456789-# "))
            guard let running = TextFile.text(folder + "/schedstat").split(separator: " ").first.flatMap({ Int64($0) })
            else { continue }
            byKind[kind, default: .zero] += .nanoseconds(running)
        }
    }

    /// What has been used since `earlier`.
    func since(_ earlier: ThreadTimes) -> ThreadTimes {
        var difference = self
        for (kind, time) in earlier.byKind { difference.byKind[kind, default: .zero] -= time }
        return difference
    }
}
