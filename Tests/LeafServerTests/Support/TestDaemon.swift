import Glibc
import LeafClient
import LeafCore
import LeafEngine
import LeafJournal
import LeafServer
import LeafStore
import LeafTestKit
import Logging
import LeafThreads
import Testing

/// A daemon inside the test: real engine, journal and sockets, in a folder of its own.
final class TestDaemon: Sendable {
    struct Options {
        var tags: [String] = ["orders"]
        var step: Int64 = 100
        var maxStep: Int64 = 1_000_000
        var maxParked = 10_000
        var autoCreate = false
        var eventLoops = 1
        /// The test begins when the store has told its tags, or failed to.
        var awaitsTags = true
        var hasAdminSocket = false
        var rules: [AccessPolicy.Rule] = []
        var snowflake = SnowflakeSettings()
        var adminUIDs: Set<UInt32> = [geteuid()]
        var limits = ServerLimits(
            maxConnections: 2000, maxLineBytes: 4096, maxBatch: 100_000, idleTimeout: .zero, outputLimitBytes: 1 << 20,
            // Long: where a test waits for the answer to a parked request, it must not be this one.
            waitTimeout: .seconds(3600))
    }

    let folder: TemporaryFolder
    let engine: Engine
    let server: Server

    var path: String { folder.file("leafd.sock") }
    var adminPath: String { folder.file("admin.sock") }

    /// Runs a daemon for as long as `body` takes.
    ///
    /// - Parameter change: sets what differs from the usual options.
    static func run<R>(
        _ store: any SegmentStore = MemoryStore(), _ change: (inout Options) -> Void = { _ in },
        _ body: (TestDaemon) async throws -> R
    ) async throws -> R {
        signal(SIGPIPE, SIG_IGN)
        var options = Options()
        change(&options)
        let daemon = try await TestDaemon(options, store)
        do {
            if options.awaitsTags {
                try await eventually("the tag list is known") {
                    daemon.engine.knowsTagList || daemon.engine.health() != .ok
                }
            }
            let result = try await body(daemon)
            try await daemon.stop()
            return result
        } catch {
            // A test that failed may have left its store hanging, and the engine's stop waits for it.
            (store as? MemoryStore)?.goAway()
            try? await daemon.stop()
            throw error
        }
    }

    private init(_ options: Options, _ store: any SegmentStore) async throws {
        folder = TemporaryFolder()
        engine = try Engine(
            settings: EngineSettings(
                rules: StockRules(
                    step: StepPolicy(
                        minStep: options.step, maxStep: options.maxStep, adjustRatio: 2, shortLife: .seconds(900),
                        longLife: .seconds(1800)),
                    preloadThreshold: 0.1, reserve: .zero, maxSegments: 1000, window: .seconds(1),
                    failoverGap: 1_000_000),
                journalPath: folder.file("journal"), journalMapBytes: 16 << 20,
                verifyJournal: { Journal.verify(path: $0) }, witnessFolder: folder.memory, afterReboot: .serve,
                storePlace: StorePlace(url: store.redactedURL, table: "leaf_alloc"), beat: .seconds(30),
                autoCreate: options.autoCreate,
                tunables: EngineTunables(
                    maxParked: options.maxParked,
                    tags: try options.tags.map {
                        NewTag(tag: try Tag($0), step: options.step, start: nil, limit: nil, description: nil)
                    }, warm: []),
                snowflake: options.snowflake),
            store: store, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        server = Server(
            engine: engine, loops: options.eventLoops, limits: options.limits,
            policy: AccessPolicy(
                rules: options.rules, adminUIDs: options.adminUIDs, hasAdminSocket: options.hasAdminSocket),
            defaultStep: options.step, version: "test")
        try await server.listen(
            on: try ListeningSocket(path: folder.file("leafd.sock"), mode: 0o660, group: nil), isAdmin: false)
        if options.hasAdminSocket {
            let socket = try ListeningSocket(path: folder.file("admin.sock"), mode: 0o600, group: nil)
            try await server.listen(on: socket, isAdmin: true)
        }
    }

    /// In the order of leafd itself. May be called again.
    func close(patience: Duration = .seconds(10)) async {
        await server.close(patience: patience)
    }

    private func stop() async throws {
        await close(patience: .milliseconds(100))
        let engine = engine
        await withCheckedContinuation { done in
            _ = DedicatedThread(name: "leafd-stop") {
                _ = engine.stop()
                done.resume()
            }
        }
        server.stop()
    }

    /// Connects. Everything this file's users wait for comes at once, or never: the timeout is a guard against hangs.
    func connect(timeout: Duration = .seconds(20)) throws -> LeafConnection {
        try LeafConnection(path: path, timeout: timeout)
    }

    /// The reply to one command on a connection of its own.
    func ask(_ words: String...) throws -> Reply {
        try connect().command(words)
    }

    func waitUntilParked(_ count: Int) async throws {
        try await eventually("\(count) requests are parked") { engine.parked == count }
    }
}

/// Waits for something that happens on another thread, or in another task: the thread this one runs on is let go meanwhile.
///
/// - Throws: `NeverHappened` after a minute or more.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<60_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(1))
    }
    throw NeverHappened(what: what)
}

struct NeverHappened: Error, CustomStringConvertible {
    let what: String
    var description: String { "it never came to this: \(what)" }
}
