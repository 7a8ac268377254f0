import Foundation
import LeafClient
import LeafTestKit
import Testing

/// Daemons on one central store, each behind a proxy of its own, and what their clients received.
///
/// Three tags: `hot`, which is asked for a thousand IDs a second of each daemon and has stock for many times a fault;
/// `cold`, asked for now and then; and `tiny`, whose stock is small, so that a lease of it is due as soon as a test wants it.
final class FaultBench: Sendable {
    let kind: StoreKind
    let server: any DatabaseServer
    /// Of this bench alone.
    let database: String
    let folder = TemporaryFolder()
    let proxies: [FaultProxy]
    let daemons: [LeafDaemon]
    let ids = ["hot": IDCollector(), "cold": IDCollector(), "tiny": IDCollector()]

    static let tags = [
        "{name: hot, start: 3000000, step: 200000}", "{name: cold, step: 1000}", "{name: tiny, step: 100}",
    ]
    /// Steps that stay as they are.
    static let steps = [
        "segments.reserve=0s", "segments.min-step=100", "segments.max-step=200000", "segments.short-life=1s",
    ]
    /// What a fault test waits for again and again. At full length, what leafd does by default.
    static let shortTimes =
        soakScale > 1 ? [] : ["store.connect-timeout=400ms", "store.query-timeout=400ms"]

    /// - Parameter settings: `--set`s, after those that hold for all.
    init(
        _ kind: StoreKind, daemons count: Int = 2, tags: [String] = FaultBench.tags,
        settings: [String] = FaultBench.steps
    ) throws {
        self.kind = kind
        let server = try kind.server
        self.server = server
        database = Database.newName()
        try server.makeDatabase(database)
        proxies = try (0..<count).map { _ in try FaultProxy(to: server.port) }
        try FaultBench.write(ServerUser.password, folder)
        var daemons: [LeafDaemon] = []
        for number in 0..<count {
            var setup = DaemonSetup(in: folder, name: "leafd\(number)", tags: tags)
            setup.settings += [
                "store.url=" + server.url(port: proxies[number].port, database: database), "store.create-schema=true",
            ]
            setup.settings += ["store.password-file=" + folder.file("password")] + FaultBench.shortTimes + settings
            daemons.append(try LeafDaemon(setup))
            try eventually("the store is there") { try daemons[number].health() == "+OK" }
        }
        self.daemons = daemons
    }

    /// Exchanges the password in the file that the daemons read.
    func rotate(_ password: String) throws { try FaultBench.write(password, folder) }

    private static func write(_ password: String, _ folder: TemporaryFolder) throws {
        try (password + "\n").write(toFile: folder.file("password"), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file("password"))
    }

    @discardableResult
    func sql(_ text: String) throws -> String { try server.sql(text, database: database) }

    func counter(_ tag: String) throws -> Int64 { try server.counter(tag, database: database) }

    /// How often the daemons have connected.
    var connections: Int { proxies.reduce(0) { $0 + $1.counters.connections } }

    // MARK: What must hold

    /// Holds that no ID came twice, and that each was leased.
    func expectUnique(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for (tag, ids) in ids {
            #expect(ids.faults == [], "\(what), \(tag)", sourceLocation: sourceLocation)
            let counter = try counter(tag)
            #expect(
                ids.highest < counter, "\(what), \(tag): issued beyond what was leased", sourceLocation: sourceLocation)
        }
    }

    /// The IDs received of a tag.
    func ids(_ tag: String) -> IDCollector {
        guard let collector = ids[tag] else { preconditionFailure("\(tag) is none of the bench's tags") }
        return collector
    }

    var issued: Int { ids.values.reduce(0) { $0 + $1.count } }
    var duplicates: Int { ids.values.flatMap(\.faults).filter { $0.contains("twice") }.count }

    /// Holds that the password is nowhere to be seen, whatever has gone wrong.
    func expectNoSecrets(
        _ passwords: [String] = [ServerUser.password], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for daemon in daemons {
            try daemon.expectNoSecrets(passwords, sourceLocation: sourceLocation)
        }
    }
}

extension LeafDaemon {
    /// Holds that it tells no password.
    func expectNoSecrets(
        _ passwords: [String] = [ServerUser.password], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let told = [
            "the log": log, "the output": Tool.text(setup.outputPath),
            "the arguments": Tool.text("/proc/\(pid)/cmdline"),
            "STATS": try ask("STATS").text ?? "", "INFO": try ask("INFO").text ?? "", "HEALTH": try health(),
        ]
        for (place, text) in told {
            for password in passwords where text.contains(password) {
                Issue.record("\(place) of \(setup.name) has the password", sourceLocation: sourceLocation)
            }
        }
    }

    /// The lines of the log that say that the store fails.
    var failureLines: [String] {
        log.split(separator: "\n").map(String.init).filter { $0.contains(" fails: ") }
    }
}
