internal import LeafClient

/// A leafd in a folder of its own, with a central store in a SQLite file there.
final class Leafd {
    /// A tag as `segments.tags` has it.
    struct Tag: Sendable {
        var name: String
        var step: Int

        /// - Parameter step: 100,000,000: enough for ten seconds and more of any benchmark.
        init(_ name: String, step: Int = 100_000_000) {
            self.name = name
            self.step = step
        }
    }

    let folder: WorkFolder
    let path: String
    private let tags: [Tag]
    private let settings: [String]
    private let core: Int?
    private(set) var program: Program

    var socketPath: String { folder.file("leafd.sock") }
    var storePath: String { folder.file("central.sqlite") }
    var journalPath: String { folder.file("journal") }
    var logPath: String { folder.file("leafd.log") }
    var configurationPath: String { folder.file("leafd.yaml") }
    var pid: Int32 { program.pid }

    /// Starts it, and waits until it answers.
    ///
    /// - Parameters:
    ///   - path: of leafd (`BenchmarkOptions.leafdPath`).
    ///   - settings: `--set`s, as `server.event-loops=1`. They go before what is set here.
    ///   - core: the only core it may use; nil: any.
    ///   - folder: where its things are, or those of an earlier one that it goes on with.
    init(
        _ path: String, tags: [Tag] = [Tag("orders")], settings: [String] = [], core: Int? = nil,
        folder: WorkFolder? = nil
    ) throws {
        self.path = path
        self.tags = tags
        self.settings = settings
        self.core = core
        self.folder = try folder ?? WorkFolder()
        try TextFile.write(Leafd.configuration(of: tags, in: self.folder), to: self.folder.file("leafd.yaml"))
        program = try Leafd.launch(path, settings, core, in: self.folder)
        try waitUntilReady()
    }

    private static func configuration(of tags: [Tag], in folder: WorkFolder) -> String {
        """
        socket:
            path: \(folder.file("leafd.sock"))
        store:
            url: sqlite://\(folder.file("central.sqlite"))
        segments:
            max-step: 1000000000
            tags:
        \(tags.map { "        - {name: \($0.name), step: \($0.step)}" }.joined(separator: "\n"))
        journal:
            path: \(folder.file("journal"))
            witness: \(folder.memory)
        log:
            level: warning

        """
    }

    private static func launch(_ path: String, _ settings: [String], _ core: Int?, in folder: WorkFolder) throws
        -> Program
    {
        try Program(
            path, ["--config", folder.file("leafd.yaml")] + settings.flatMap { ["--set", $0] }, core: core,
            output: folder.file("leafd.log"), errors: folder.file("leafd.log"))
    }

    // MARK: Life

    /// Starts it again after `stop`. Does not wait for anything: for who measures the start.
    func launchAgain() throws {
        program = try Leafd.launch(path, settings, core, in: folder)
    }

    /// Waits until it answers.
    func waitUntilReady(within limit: Duration = .seconds(60)) throws {
        try Readiness.wait(for: program, log: logPath, within: limit) {
            (try? self.connect().command("PING")) == .simple("PONG")
        }
    }

    /// A clean stop: SIGTERM, and waits for the end.
    @discardableResult
    func stop() -> Program.Exit { program.stop() }

    // MARK: Talk

    func connect(timeout: Duration = .seconds(30)) throws -> LeafConnection {
        try LeafConnection(path: socketPath, timeout: timeout)
    }

    func figures() throws -> ProcessFigures { try ProcessFigures(of: pid) }

    var log: String { TextFile.text(logPath) }
}
