private import Glibc
private import LeafClient

/// How much memory a tag and a connection take.
struct MemoryCost {
    let tags: Int
    let connections: Int
    let path: String

    /// What leafd's memory grew by, a tag or connection.
    private struct Growth {
        let what: String
        let count: Int
        let before: ProcessFigures
        let after: ProcessFigures

        var proportional: Double { Double(after.proportionalBytes - before.proportionalBytes) / Double(count) }
        var resident: Double { Double(after.residentBytes - before.residentBytes) / Double(count) }
    }

    /// Memory is looked at when leafd has come to rest.
    private static let rest: UInt32 = 2_000_000

    func measure(into results: inout Results) throws {
        var growths = try measureTags()
        growths += try measureConnections()
        report(growths, to: &results)
    }

    private func measureTags() throws -> [Growth] {
        Progress.say("scale: memory of \(tags) tags")
        let leafd = try Leafd(path, settings: ["segments.wait-timeout=60s"])
        // The base has issued an ID, too: threads and buffers that come with the first are no tag's.
        _ = try leafd.connect().next("orders")
        let before = try figures(of: leafd)
        try ManyTags.insert(tags, step: 1000, into: leafd)
        let known = try figures(of: leafd)
        try ManyTags.touch(ManyTags.names(tags), of: leafd)
        let touched = try figures(of: leafd)
        leafd.stop()
        try leafd.launchAgain()
        try leafd.waitUntilReady()
        try ManyTags.wait("leafd knows its tags", within: .seconds(60)) { try Stats(of: leafd).isStoreUp }
        let restarted = try figures(of: leafd)
        return [
            Growth(what: "tag, known", count: tags, before: before, after: known),
            Growth(what: "tag, known and asked once", count: tags, before: before, after: touched),
            Growth(what: "tag, taken up from the journal at a start", count: tags, before: before, after: restarted),
        ]
    }

    private func measureConnections() throws -> [Growth] {
        Progress.say("scale: memory of \(connections) idle connections")
        try FileLimit.raise(for: connections + 100)
        let leafd = try Leafd(path)
        _ = try leafd.connect().next("orders")
        let before = try figures(of: leafd)
        let sockets = try (0..<connections).map { _ in try LoadSocket(path: leafd.socketPath) }
        let fresh = try figures(of: leafd)
        try askOnce(sockets)
        let used = try figures(of: leafd)
        return withExtendedLifetime(sockets) {
            [
                Growth(what: "connection, fresh", count: connections, before: before, after: fresh),
                Growth(what: "connection, idle after a request", count: connections, before: before, after: used),
            ]
        }
    }

    /// One request on each, all at once, and waits for the replies.
    private func askOnce(_ sockets: [LoadSocket]) throws {
        let request = Array("NEXT orders\n".utf8)
        for socket in sockets { try request.withUnsafeBytes { try socket.send($0) } }
        var buffer = [UInt8](repeating: 0, count: 1024)
        let deadline = ContinuousClock.now + .seconds(30)
        for socket in sockets {
            while try buffer.withUnsafeMutableBytes({ try socket.receive($0) }) == 0 {
                guard ContinuousClock.now < deadline else {
                    throw Problem("leafd does not answer \(sockets.count) connections within 30 s: see its log")
                }
                usleep(100)
            }
            if let error = socket.firstError { throw Problem("leafd answers: \(error)") }
        }
    }

    private func figures(of leafd: Leafd) throws -> ProcessFigures {
        usleep(MemoryCost.rest)
        return try leafd.figures()
    }

    private func report(_ growths: [Growth], to results: inout Results) {
        var table = Table(
            "Memory of a tag and of a connection",
            """
            What leafd's memory grew by, divided by the number: PSS, the resident memory with shared pages divided among \
            their users (RSS counts them whole). The pages of the journal that are mapped are in it: the kernel takes them \
            back when it needs them.
            """)
        for growth in growths {
            table.add([
                "of a": .text(growth.what), "number": .count(growth.count),
                "before, MiB": .number(Double(growth.before.proportionalBytes) / 1048576),
                "after, MiB": .number(Double(growth.after.proportionalBytes) / 1048576),
                "PSS, bytes each": .number(growth.proportional), "RSS, bytes each": .number(growth.resident),
            ])
            let limit = growth.what.hasPrefix("tag") ? 1024.0 : 6144.0
            results.verdicts.append(
                Verdict(
                    what: "memory of a \(growth.what) (\(growth.count))",
                    target: limit == 1024 ? "less than 1 KiB" : "less than 6 KiB",
                    measured: "\(NumberText.number(growth.proportional)) B", isMet: growth.proportional < limit))
        }
        results.tables.append(table)
    }
}

/// How many files and sockets this process, and those that it starts from now on, may have open.
enum FileLimit {
    static func raise(for wanted: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < rlim_t(wanted) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(max(wanted, 65_536)))
        guard limit.rlim_cur >= rlim_t(wanted),
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        else {
            throw Problem("\(wanted) open sockets are more than this machine allows: raise the limit (ulimit -Hn)")
        }
    }
}
