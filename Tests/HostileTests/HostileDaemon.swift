import Foundation
import LeafClient
import LeafTestKit

/// A leafd that others attack while a well-behaved client keeps asking.
struct HostileDaemon {
    let setup: DaemonSetup
    let process: ChildProcess

    /// - Parameters:
    ///   - settings: as for `--set`.
    ///   - shell: commands before it is started, as `ulimit -n 100;`.
    ///   - yaml: more sections of the configuration file.
    init(settings: [String] = [], shell: String = "", yaml: String = "", hasAdminSocket: Bool = false) throws {
        var setup = DaemonSetup(
            tags: HostileDaemon.tags,
            settings: ["socket.mode=0666", "segments.wait-timeout=1s", "segments.max-step=100000000"] + settings)
        setup.yaml = yaml
        if hasAdminSocket { setup.settings.append("socket.admin-path=" + setup.folder.file("admin.sock")) }
        self.setup = setup
        try setup.write()
        process = try ChildProcess(
            "/bin/sh",
            ["-c", shell + " exec \"$0\" \"$@\"", try Tool.product("leafd"), "--config", setup.configurationPath]
                + setup.settings.flatMap { ["--set", $0] },
            output: setup.outputPath, errors: setup.logPath)
        try eventually("leafd answers", within: .seconds(60)) { () throws -> Bool in
            if let exit = process.exit() { throw TestProblem("leafd ended with \(exit):\n\(log)") }
            return (try? connect().command("PING")) == .simple("PONG")
        }
    }

    static let tags = [
        "{name: orders, step: 1000000}", "{name: users, step: 1000000}", "{name: scarce, step: 100}",
        "{name: watched, step: 100000}",
    ]

    var adminPath: String { setup.folder.file("admin.sock") }
    var log: String { Tool.text(setup.logPath) }

    func connect() throws -> LeafConnection {
        try LeafConnection(path: setup.socketPath, timeout: .seconds(120))
    }

    var residentBytes: Int {
        get throws { try ProcessUsage(of: process.pid).residentBytes }
    }

    /// Starts an attack, as another user where the tests are root's.
    func attack(_ name: String, connections: Int? = nil, uid: UInt32? = 65_534) throws -> RunningAttack {
        try RunningAttack(name, on: setup.socketPath, connections: connections, uid: uid)
    }

    /// SIGTERM, and a clean end.
    func stop() throws {
        process.terminate()
        let exit = try process.wait(atMost: .seconds(60))
        guard exit == .code(0) else { throw TestProblem("leafd ended with \(exit):\n\(log)") }
    }
}

/// An attack that is carried out by a process of its own.
final class RunningAttack {
    struct Outcome: Decodable {
        let connected: Int
        let notConnected: Int
        let closedByDaemon: Int
        let openAtEnd: Int
        let bytesSent: Int
        let bytesReceived: Int
        let errors: [String: Int]
    }

    private let folder = TemporaryFolder()
    private let process: ChildProcess

    init(_ name: String, on socket: String, connections: Int?, uid: UInt32?) throws {
        let command =
            [try Tool.product("leaf-hostile"), "attack", name, "--socket", socket]
            + (connections.map { ["--connections", "\($0)"] } ?? [])
        let words = Account.command(command, uid: uid)
        guard let program = Tool.find(words[0]) else { throw TestProblem("there is no \(words[0]) here") }
        process = try ChildProcess(
            program, Array(words.dropFirst()), output: folder.file("out"), errors: folder.file("err"))
    }

    /// Ends it, and tells what became of it.
    func end() throws -> Outcome {
        process.terminate()
        guard try process.wait(atMost: .seconds(120)) == .code(0) else {
            throw TestProblem("the attacker: \(Tool.text(folder.file("err")))")
        }
        return try JSONDecoder().decode(Outcome.self, from: Data(Tool.text(folder.file("out")).utf8))
    }
}

/// Other users, whom only root can become.
enum Account {
    static var canBecomeOthers: Bool { geteuid() == 0 && Tool.isThere("setpriv") }
    static let obstacle = "needs root and setpriv: nobody else can be become here"

    /// A command that is run under another uid, if that can be; else as it is.
    static func command(_ words: [String], uid: UInt32?) -> [String] {
        guard let uid, canBecomeOthers else { return words }
        return ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"] + words
    }

    /// Runs leafctl as somebody.
    static func leafctl(_ words: [String], on socket: String, uid: UInt32? = nil) throws -> Tool.Result {
        let command = Account.command([try Tool.product("leafctl"), "--socket", socket] + words, uid: uid)
        return try Tool.run(command[0], Array(command.dropFirst()))
    }
}
