import ArgumentParser
import CLeafPlatform
import LeafConfiguration
import Logging

#if canImport(Glibc)
    import Glibc
#endif

@main
struct Leafd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leafd",
        abstract: "Hands out unique 64-bit IDs to the processes of this host, over a Unix socket.",
        discussion: """
            IDs are leased in segments from a central database ahead of need, kept in a journal, and issued from memory: \
            leafd goes on through its own restarts and through outages of the database.

            Signals: SIGTERM stops cleanly (the next start goes on with the very next ID), SIGHUP reloads what can change \
            while running.
            """,
        version: version)

    /// Also in STATS and INFO.
    static let version = "0.1.0"

    /// EX_CONFIG of sysexits.h: systemd does not restart on it.
    static let exitBadConfiguration: Int32 = 78

    @Option(help: "The configuration file (default: \(Configuration.defaultFile), where it exists).")
    var config: String?

    @Flag(help: "Only check the configuration: print what would be in force, or what is wrong.")
    var check = false

    @Option(
        name: .customLong("set"), help: "A value that goes before file and environment, like store.url=sqlite:///x.")
    var sets: [String] = []

    @Flag(help: "Once ready, print what to type to try it.")
    var hints = false

    @Option(help: .hidden)
    var verifyJournal: String?

    @Option(help: .hidden)
    var dumpJournal: String?

    func run() async throws {
        leaf_keep_little_memory()
        if let verifyJournal { throw ExitCode(JournalInspection.verify(path: verifyJournal)) }
        if let dumpJournal { throw ExitCode(JournalInspection.dump(path: dumpJournal)) }
        // Before anything else runs: no child inherits it.
        let secret = Environment.take(StorePassword.variable).map { Secret($0) }
        let source = ConfigurationSource(file: config, sets: sets)
        let loaded: Configuration.Loaded
        do {
            loaded = try source.load()
        } catch {
            complain("\(error)")
            throw ExitCode(Leafd.exitBadConfiguration)
        }
        let password = StorePassword.find(
            for: loaded.configuration.store, environment: Environment.all, secret: secret)
        let warnings = loaded.warnings + loaded.configuration.storeWarnings(password)
        if check {
            for warning in warnings { complain("warning: \(warning)") }
            do {
                _ = try loaded.configuration.segmentStore(password: password)
            } catch {
                complain("\(error)")
                throw ExitCode(Leafd.exitBadConfiguration)
            }
            print(loaded.configuration)
            return
        }
        let logs = LogOutput(loaded.configuration.log)
        for warning in warnings { logs.logger.warning("\(warning)") }
        do {
            try await Daemon(loaded.configuration, password: password, source: source, logs: logs, hints: hints).run()
        } catch let error as WiringError {
            logs.logger.critical("\(error)")
            throw ExitCode(Leafd.exitBadConfiguration)
        } catch {
            logs.logger.critical("leafd cannot go on: \(error)")
            throw ExitCode.failure
        }
    }

    private func complain(_ text: String) {
        for line in text.split(separator: "\n") {
            let bytes = Array("leafd: \(line)\n".utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
    }
}

/// Where the configuration comes from: read at the start, and again at every SIGHUP.
struct ConfigurationSource: Sendable {
    let file: String?
    let sets: [String]

    func load() throws(ConfigurationError) -> Configuration.Loaded {
        let isDefaultThere = access(Configuration.defaultFile, F_OK) == 0
        return try Configuration.load(
            file: file ?? (isDefaultThere ? Configuration.defaultFile : nil), environment: Environment.all, sets: sets)
    }
}

enum Environment {
    /// All variables of this process.
    static var all: [String: String] {
        var found: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                found[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return found
    }

    /// The value of a variable that nobody is to see: it is removed.
    static func take(_ name: String) -> String? {
        defer { unsetenv(name) }
        return self[name]
    }

    static subscript(name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
