private import Glibc

/// The machine's processor cores.
enum Cores {
    static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The last one that this process may use, counted from 0: the first tends to have the interrupts.
    static var last: Int { allowed.split { $0 == "," || $0 == "-" }.last.flatMap { Int($0) } ?? 0 }

    /// Binds all threads that a process has to one core, counted from 0. Threads that they start inherit it.
    static func pin(_ pid: Int32, to core: Int) throws { try pin(pid, to: String(core)) }

    /// Lets all threads of a process run wherever this process may.
    static func unpin(_ pid: Int32) throws { try pin(pid, to: allowed) }

    /// As taskset has it: "0-3,6".
    private static let allowed: String = {
        let lines = TextFile.text("/proc/self/status").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("Cpus_allowed_list:") }
        return line?.split(separator: "\t").last.map(String.init) ?? "0"
    }()

    private static func pin(_ pid: Int32, to list: String) throws {
        let exit = try Program("taskset", ["-a", "-c", "-p", list, String(pid)]).wait()
        guard exit == .code(0) else {
            throw Problem("process \(pid) cannot be bound to the cores \(list): taskset ended with \(exit)")
        }
    }
}
