import Foundation
import LeafClient
import LeafProtocol
import LeafTestKit
import Testing

/// Daemons on one central store, each with a journal of its own, and all IDs that they have issued.
final class DaemonFleet {
    let url: String
    let ledger = Ledger()
    private(set) var daemons: [LeafDaemon] = []
    private let folder = TemporaryFolder()
    private let settings: [String]
    private let tags: [String]

    /// - Parameters:
    ///   - settings: of all of them, over those that a test with servers needs anyway.
    ///   - tags: that they create, as in `segments.tags`.
    init(url: String, tags: [String] = ["{name: orders, step: 100}"], settings: [String] = []) {
        self.url = url
        self.tags = tags
        self.settings = ["store.create-schema=true"] + settings
    }

    /// What one more daemon is started with, without starting it.
    func setup(_ name: String, url: String? = nil, _ settings: [String] = []) -> DaemonSetup {
        var setup = DaemonSetup(
            in: folder, name: name, tags: tags,
            settings: self.settings + ["store.url=\(url ?? self.url)"] + settings)
        setup.environment = ["LEAFD_STORE_PASSWORD": ServerUser.password]
        return setup
    }

    /// Starts one more daemon, with an empty journal.
    @discardableResult
    func add(_ name: String? = nil, url: String? = nil, _ settings: [String] = []) throws -> LeafDaemon {
        let daemon = try LeafDaemon(setup(name ?? "d\(daemons.count)", url: url, settings))
        daemons.append(daemon)
        return daemon
    }

    /// Starts several, once the first of them has made what the others find there.
    func add(_ count: Int, _ settings: [String] = []) throws {
        for number in 0..<count {
            let daemon = try add(nil, settings)
            if number == 0 { try daemon.waitUntilServing() }
        }
    }

    subscript(_ number: Int) -> LeafDaemon { daemons[number] }

    // MARK: IDs

    /// Takes IDs from one daemon, which must be had within a while, and enters them.
    @discardableResult
    func take(_ count: Int, of tag: String = "orders", from number: Int) throws -> [Int64] {
        let leafd = try daemons[number].connect(timeout: .seconds(60))
        return try eventually(
            "\(count) IDs of \(tag) from daemon \(number)", within: .seconds(60), every: .milliseconds(20)
        ) {
            let reply = try leafd.command("LEASE", tag, "\(count)")
            guard let ends = reply.array?.compactMap(\.integer) else { return nil }
            let ids = stride(from: 0, to: ends.count - 1, by: 2).flatMap { Array(ends[$0]...ends[$0 + 1]) }
            ledger.record(ids, of: tag, client: 1000 + number)
            return ids
        }
    }

    /// Takes IDs from one daemon until it has leased anew, from the server that is there now: past `highest`.
    func takeBeyond(_ highest: Int64, of tag: String = "orders", from number: Int) throws {
        try eventually("daemon \(number) has IDs of \(tag) above \(highest)", within: .seconds(60)) {
            try take(500, of: tag, from: number).contains { $0 > highest }
        }
    }

    /// The STATS of all that run.
    func stats() throws -> [StatsDocument] { try daemons.filter(\.isRunning).map { try $0.stats() } }

    /// How often all that run have lifted counters since they started.
    func lifts() throws -> Int { try Int(stats().map(\.store.lifts).reduce(0, +)) }

    /// Holds that no ID was issued twice.
    func expectNoDuplicates(sourceLocation: SourceLocation = #_sourceLocation) {
        let faults = ledger.faults
        #expect(faults.isEmpty, "\(faults.prefix(20))", sourceLocation: sourceLocation)
    }
}

extension LeafDaemon {
    var isRunning: Bool { process.exit() == nil }

    func stats() throws -> StatsDocument {
        guard let text = try ask("STATS").text else { throw TestProblem("STATS is no text") }
        return try JSONDecoder().decode(StatsDocument.self, from: Data(text.utf8))
    }

    /// Waits until the store has been reached.
    func waitUntilServing() throws {
        try eventually("\(setup.name) has its store", within: .seconds(60), every: .milliseconds(10)) {
            try stats().store.up == true
        }
    }

    /// SIGSTOP: what a machine that hangs, or a virtual one that is moved, looks like.
    func pause() { process.signal(SIGSTOP) }
    func resume() { process.signal(SIGCONT) }
}

/// All IDs that a fleet has issued, by tag.
final class Ledger: Sendable {
    private let collectors = TestLock<[String: IDCollector]>([:])

    subscript(_ tag: String) -> IDCollector {
        collectors.with { collectors in
            if let collector = collectors[tag] { return collector }
            let collector = IDCollector()
            collectors[tag] = collector
            return collector
        }
    }

    /// Enters IDs in the order in which one client received them from one daemon.
    func record(_ ids: some Sequence<Int64>, of tag: String, client: Int) {
        self[tag].record(Array(ids), thread: client)
    }

    /// All together.
    var count: Int { collectors.with { $0 }.values.map(\.count).reduce(0, +) }

    /// IDs that came twice, are none, or went down from one daemon to one client.
    var faults: [String] {
        collectors.with { $0 }.sorted { $0.key < $1.key }.flatMap { tag, collector in
            collector.faults.map { "\(tag): \($0)" }
        }
    }
}
