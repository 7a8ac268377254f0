private import Foundation
private import Glibc

/// On what the figures were measured.
struct Machine: Codable, Sendable {
    var processor: String
    var cores: Int
    var memoryBytes: Int
    var kernel: String
    var system: String
    /// Runnable threads, mean of the last minute, before the benchmark began: of whatever else went on.
    var loadBefore: Double
    /// `leafd --version` and the like, by name.
    var versions: [String: String]

    init(versions: [String: String]) {
        let information = TextFile.text("/proc/cpuinfo").split(separator: "\n")
        let model = information.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
        processor = model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        cores = Cores.count
        memoryBytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        kernel = TextFile.text("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
        let name = TextFile.text("/etc/os-release").split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        system = name.map { $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""]) } ?? "unknown"
        loadBefore = TextFile.text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0
        self.versions = versions
    }
}
