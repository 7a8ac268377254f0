import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

/// A host with a daemon: its folder, its clocks, and what its daemon is started with.
struct SnowflakeHost {
    let folder: TemporaryFolder
    let clock: ClockShift?
    var setup: DaemonSetup

    /// - Parameters:
    ///   - url: of the central store; nil: SQLite in the host's own folder.
    ///   - world: other clocks that this host's follow, beside its own; nil: its clocks cannot be shifted at all.
    init(
        in folder: TemporaryFolder = TemporaryFolder(), _ name: String = "leafd", url: String? = nil,
        world: [ClockShift]? = nil, settings: [String] = [], yaml: String = ""
    ) throws {
        self.folder = folder
        let stores = url.map { ["store.url=\($0)", "store.create-schema=true"] } ?? []
        setup = DaemonSetup(in: folder, name: name, settings: stores + settings)
        setup.yaml = yaml
        setup.environment = ["LEAFD_STORE_PASSWORD": ServerUser.password]
        clock = try world.map { _ in try ClockShift(in: folder, name) }
        if let world, let clock {
            setup.environment.merge(try ClockShift.environment(world + [clock])) { $1 }
        }
    }

    func start() throws -> LeafDaemon { try LeafDaemon(setup) }

    /// Takes away what the daemon has of its past, as a new disk does.
    func deleteJournal() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasPrefix(setup.name + ".journal") {
            try FileManager.default.removeItem(atPath: folder.file(name))
        }
    }
}

extension LeafDaemon {
    func stats() throws -> StatsDocument {
        guard let text = try ask("STATS").text else { throw TestProblem("STATS is no text") }
        return try JSONDecoder().decode(StatsDocument.self, from: Data(text.utf8))
    }

    /// One request, which must be answered by IDs within a while.
    @discardableResult
    func snowflakes(_ words: [String] = ["SNOWFLAKE"], within limit: Duration = patience) throws -> [Int64] {
        var last = ""
        do {
            return try eventually("IDs for \(words)", within: limit, every: .milliseconds(20)) {
                let reply = try connect().command(words)
                last = "\(reply)"
                return reply.isError ? nil : SnowflakeReply.ids(reply)
            }
        } catch { throw TestProblem("\(error): \(last)") }
    }

    /// Waits for an error that contains `text`.
    @discardableResult
    func refusal(_ words: [String] = ["SNOWFLAKE"], containing text: String) throws -> String {
        var last = ""
        do {
            return try eventually(
                "\(words) is refused with \"\(text)\"", within: patience, every: .milliseconds(20)
            ) {
                let reply = try connect().command(words)
                last = "\(reply)"
                return reply.isError && last.contains(text) ? last : nil
            }
        } catch { throw TestProblem("\(error): \(last)") }
    }

    /// SIGSTOP: what a machine that hangs, or a virtual one that is moved, looks like.
    func pause() { process.signal(SIGSTOP) }
    func resume() { process.signal(SIGCONT) }
}

extension SnowflakeLedger {
    /// Holds that nothing is wrong.
    func expectNoFaults(_ what: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        let faults = faults
        #expect(faults.isEmpty, "\(what) \(faults.prefix(20))", sourceLocation: sourceLocation)
    }
}

extension Duration {
    /// Milliseconds, for figures.
    var shown: String { "\(Int((seconds * 1000).rounded())) ms" }
}
