private import Foundation

/// Where redis-server is.
enum RedisProgram {
    /// Its path: on PATH, or a link in `folder` that makes the server of Debian's package redis-tools alone.
    ///
    /// There `redis-check-rdb` is the very program, which looks at the name by which it is called, and redis-server in the
    /// package of that name is a link to it. So nobody has to install the package that also starts a Redis.
    static func server(in folder: WorkFolder) throws -> String {
        if let server = onPath("redis-server") { return server }
        guard let check = onPath("redis-check-rdb") else {
            throw Problem("there is no redis-server: install Debian's package redis-tools (make bench does)")
        }
        let link = folder.file("redis-server")
        if !FileManager.default.fileExists(atPath: link) {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: check)
        }
        return link
    }

    /// Of the server, or of redis-benchmark: "7.0.15".
    static func version(of program: String, in folder: WorkFolder) throws -> String {
        // "Redis server v=7.0.15 sha=…", "redis-benchmark 7.0.15".
        let words = try Program.output(program, ["--version"], in: folder).split { $0 == " " || $0 == "\n" }
        let version = words.first { $0.hasPrefix("v=") }?.dropFirst(2) ?? words.dropFirst().first
        return version.map(String.init) ?? "unknown"
    }

    static func benchmark() throws -> String {
        guard let path = onPath("redis-benchmark") else {
            throw Problem("there is no redis-benchmark: install Debian's package redis-tools (make bench does)")
        }
        return path
    }

    private static func onPath(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }
}
