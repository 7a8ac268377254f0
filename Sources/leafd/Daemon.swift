import CLeafPlatform
import LeafConfiguration
import LeafCore
import LeafEngine
import LeafServer
import LeafStore
import LeafThreads
import Logging
import UnixSignals

#if canImport(Glibc)
    import Glibc
#endif

/// One run of leafd: from the lock on its journal to the last commit.
struct Daemon {
    private let source: ConfigurationSource
    private let logs: LogOutput
    private let configuration: Lock<Configuration>
    private let password: StorePassword
    private let manager = ServiceManager()
    /// Print what to type once ready.
    private let hints: Bool

    /// How long clients have to take their last replies at a stop.
    private static let patience = Duration.seconds(2)

    init(
        _ configuration: Configuration, password: StorePassword, source: ConfigurationSource, logs: LogOutput,
        hints: Bool
    ) {
        self.hints = hints
        self.password = password
        self.source = source
        self.logs = logs
        self.configuration = Lock(configuration)
    }

    private var log: Logger { logs.logger }

    /// Runs until SIGTERM or SIGINT.
    func run() async throws {
        // Before anything else: a signal that comes early waits until all is up, and then counts.
        let signals = await UnixSignalsSequence(trapping: .sighup, .sigterm, .sigint)
        signal(SIGPIPE, SIG_IGN)
        Descriptors.raiseLimit()
        let settings = configuration.with { $0 }
        let store = try settings.segmentStore(password: password)
        var policy = try settings.accessPolicy()
        if manager.inheritedSockets().contains(where: { $0.name == Sockets.adminName }) { policy.hasAdminSocket = true }
        try Folders.makeParent(of: settings.journal.path)
        if case .sqlite(let path) = settings.store.url { try Folders.makeParent(of: path) }
        let witness = try settings.chooseWitnessFolder()
        if let note = witness.note { log.warning("\(note)") }
        // The journal's lock comes before the socket: who holds it may remove a dead daemon's socket file.
        let engine = try Engine(
            settings: settings.engineSettings(for: store, witnessFolder: witness.path), store: store, log: log)
        let server = Server(
            engine: engine, loops: eventLoops(settings), limits: settings.serverLimits(), policy: policy,
            defaultStep: settings.segments.defaultStep, version: Leafd.version)
        if server.connectionsMax < settings.server.maxConnections {
            log.warning(
                """
                at most \(server.connectionsMax) connections instead of \(settings.server.maxConnections) \
                (server.max-connections): the limit of open files is too low (ulimit -n, LimitNOFILE)
                """)
        }
        let sockets: Sockets
        do {
            sockets = try Sockets(settings, manager)
        } catch {
            _ = await stop(engine)
            throw error
        }
        try await server.listen(on: sockets.main, isAdmin: false)
        if let admin = sockets.admin { try await server.listen(on: admin, isAdmin: true) }
        announce(settings, on: sockets.main.path ?? "the socket it was handed")
        let reporting = Task { try await reportToManager(engine, server) }
        await attend(signals, engine, server)
        reporting.cancel()
        manager.notify("STOPPING=1\nSTATUS=Answering the last requests")
        log.notice("stopping: answering what has been asked")
        await server.close(patience: Daemon.patience)
        sockets.remove()
        if let trouble = await stop(engine) {
            log.error("stopped, but the last positions could not be written: \(trouble)")
        } else {
            log.notice("stopped: every position is written, the next start goes on from there")
        }
        server.stop()
    }

    private func eventLoops(_ settings: Configuration) -> Int {
        settings.server.eventLoops.value ?? min(4, Int(leaf_core_count()))
    }

    /// Reloads at each SIGHUP; returns when it is time to stop.
    private func attend(_ signals: UnixSignalsSequence, _ engine: Engine, _ server: Server) async {
        for await signal in signals {
            guard signal == .sighup else { return }
            reload(engine, server)
        }
    }

    /// Feeds the watchdog as long as every event loop takes its turn, and keeps the status line.
    private func reportToManager(_ engine: Engine, _ server: Server) async throws {
        guard manager.isListening else { return }
        let period = manager.watchdogPeriod
        while !Task.isCancelled {
            try await Task.sleep(for: period ?? .seconds(10))
            await server.loopsTakeTurns()
            if period != nil { manager.notify("WATCHDOG=1") }
            let status =
                switch engine.health() {
                case .ok: "Serving"
                case .degraded(let reason): "Degraded: \(reason)"
                case .unhealthy(let reason): "Unhealthy: \(reason)"
                }
            manager.notify("STATUS=\(status.split(separator: "\n").joined(separator: " "))")
        }
    }

    private func reload(_ engine: Engine, _ server: Server) {
        let old = configuration.with { $0 }
        do throws(ConfigurationError) {
            let loaded = try source.load()
            for warning in loaded.warnings { log.warning("\(warning)") }
            let changes = old.changes(to: loaded.configuration)
            let new = old.reloading(loaded.configuration)
            configuration.with { $0 = new }
            logs.adopt(new.log)
            server.adopt(new.serverLimits())
            engine.adopt(new.engineTunables())
            for change in changes {
                if change.isReloadable { log.notice("reloaded \(change)") } else { log.warning("\(change)") }
            }
            if changes.isEmpty { log.notice("reloaded: nothing has changed") }
        } catch {
            log.error("not reloaded, the configuration in force stays: \(error)")
        }
    }

    /// Writes every position and ends the engine's threads, on a thread that may block. Returns what went wrong.
    private func stop(_ engine: Engine) async -> String? {
        await withCheckedContinuation { continuation in
            _ = DedicatedThread(name: "leafd-stop") { continuation.resume(returning: engine.stop()) }
        }
    }

    private func announce(_ settings: Configuration, on socket: String) {
        manager.notify("READY=1\nSTATUS=Serving")
        log.notice("leafd \(Leafd.version) is ready on \(socket)")
        guard hints else { return }
        let tag = settings.segments.tags.first?.name.name ?? "TAG"
        let path = settings.socket.path
        let leafctl =
            CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .map { $0 + "/" }.joined() + "leafctl"
        print(
            """

            leafd is ready. In another shell, from this folder, try:
              \(leafctl) --socket \(path) next \(tag) 5
              printf 'NEXT \(tag)\\n' | nc -U -N \(path)
              redis-cli -s \(path) INCR \(tag)
            Ctrl-C stops it.

            """)
        fflush(nil)
    }
}

/// The sockets to listen on: systemd's where it hands some over, else made here.
private struct Sockets: Sendable {
    let main: ListeningSocket
    let admin: ListeningSocket?

    /// `FileDescriptorName=` of the admin socket, where systemd makes it.
    static let adminName = "leafd-admin"

    init(_ settings: Configuration, _ manager: ServiceManager) throws {
        let inherited = manager.inheritedSockets()
        if let handed = inherited.first(where: { $0.name != Sockets.adminName }) {
            main = ListeningSocket(inherited: handed.descriptor)
        } else {
            try Folders.makeParent(of: settings.socket.path)
            main = try ListeningSocket(
                path: settings.socket.path, mode: settings.socket.mode, group: try settings.socketGroup())
        }
        if let handed = inherited.first(where: { $0.name == Sockets.adminName }) {
            admin = ListeningSocket(inherited: handed.descriptor)
        } else if let path = settings.socket.adminPath {
            try Folders.makeParent(of: path)
            admin = try ListeningSocket(path: path, mode: 0o600, group: nil)
        } else {
            admin = nil
        }
    }

    func remove() {
        main.remove()
        admin?.remove()
    }
}
