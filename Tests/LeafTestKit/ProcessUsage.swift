private import Glibc

/// What a process has used so far, from /proc.
package struct ProcessUsage: Sendable {
    /// Resident memory (VmRSS).
    package let residentBytes: Int
    /// On all its threads together, in user and kernel mode.
    package let processorTime: Duration
    /// How often each thread went to sleep of its own accord, by thread id.
    package let voluntarySwitches: [Int: Int]
    /// The names of the threads.
    package let threadNames: [Int: String]

    package init(of pid: Int32) throws {
        let own = "/proc/\(pid)"
        residentBytes = try ProcessUsage.field("VmRSS", of: own + "/status") * 1024
        // The name in parentheses may contain anything; the fields after it are numbers.
        let stat = Tool.text(own + "/stat")
        guard let parenthesis = stat.lastIndex(of: ")") else { throw TestProblem("process \(pid) is gone") }
        let fields = stat[stat.index(after: parenthesis)...].split(separator: " ")
        // utime and stime: fields 14 and 15 of proc(5), of which the first two are cut off here.
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            throw TestProblem("\(own)/stat cannot be read: \(stat)")
        }
        processorTime = .seconds(Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
        var switches: [Int: Int] = [:]
        var names: [Int: String] = [:]
        for thread in Folder.entries(of: own + "/task").compactMap({ Int($0) }) {
            let status = "\(own)/task/\(thread)/status"
            switches[thread] = try? ProcessUsage.field("voluntary_ctxt_switches", of: status)
            names[thread] = Tool.text("\(own)/task/\(thread)/comm").split(separator: "\n").first.map(String.init)
        }
        voluntarySwitches = switches
        threadNames = names
    }

    private static func field(_ name: String, of path: String) throws -> Int {
        for line in Tool.text(path).split(separator: "\n") where line.hasPrefix(name + ":") {
            let words = line.dropFirst(name.count + 1).split { $0 == " " || $0 == "\t" }
            if let number = words.first.flatMap({ Int($0) }) { return number }
        }
        throw TestProblem("no \(name) in \(path): the process is gone")
    }
}

/// Whether the programs under test were built without optimization, as the tests themselves were: their figures mean little.
package var isDebugBuild: Bool {
    #if DEBUG
        Tool.otherProducts == nil
    #else
        false
    #endif
}
