internal import LeafProtocol
private import Glibc

extension StatsProcess {
    /// This process now. What the system does not tell stays unknown.
    static func now() -> StatsProcess {
        var figures = StatsProcess()
        figures.residentBytes = Self.residentBytesNow
        figures.cpuSeconds = Self.cpuSecondsNow
        figures.openDescriptors = Self.openDescriptorsNow
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.maxDescriptors = Int64(clamping: limit.rlim_cur)
        }
        return figures
    }

    /// The second number of /proc/self/statm, in pages.
    private static var residentBytesNow: Int64? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(file, &text, text.count)
        guard count > 0 else { return nil }
        let words = text[..<count].split(separator: UInt8(ascii: " "))
        guard words.count > 1, let pages = Int64(String(decoding: words[1], as: UTF8.self)) else { return nil }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var cpuSecondsNow: Double? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(seconds) + (Double(microseconds) / 1000).rounded() / 1000
    }

    private static var openDescriptorsNow: Int64? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count: Int64 = 0
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        // Not the one that reads the folder.
        return count - 1
    }
}
