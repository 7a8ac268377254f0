import Foundation
import LeafClient
import LeafTestKit

/// Whether leafd can be run as a user to whom file permissions apply.
let isOrdinaryUserPossible = geteuid() != 0 || Tool.isThere("setpriv")

/// leafd as a user that is not root, so that a read-only file is one.
final class OrdinaryDaemon: Sendable {
    private let setup: DaemonSetup
    private let child = TestLock<ChildProcess?>(nil)

    init(_ setup: DaemonSetup) throws {
        self.setup = setup
        try setup.write()
        if geteuid() == 0 { try run("chown", ["-R", OrdinaryDaemon.nobody, setup.folder.path, setup.folder.memory]) }
        try start()
    }

    private static let nobody = "65534"

    func start() throws {
        var command = [try Tool.product("leafd"), "--config", setup.configurationPath]
        command += setup.settings.flatMap { ["--set", $0] }
        if geteuid() == 0 {
            let change = ["--reuid=" + OrdinaryDaemon.nobody, "--regid=" + OrdinaryDaemon.nobody, "--clear-groups"]
            command = [Tool.find("setpriv") ?? "setpriv"] + change + command
        }
        let process = try ChildProcess(command[0], Array(command.dropFirst()), errors: setup.logPath)
        child.with { $0 = process }
        try eventually("leafd answers") { () throws -> Bool in
            if let exit = process.exit() { throw TestProblem("leafd ended with \(exit):\n\(Tool.text(setup.logPath))") }
            return (try? connect()) != nil
        }
    }

    func stop() throws {
        guard let process = child.with({ $0 }) else { return }
        process.terminate()
        _ = try process.wait()
    }

    func connect() throws -> LeafConnection { try LeafConnection(path: setup.socketPath, timeout: .seconds(10)) }

    /// Lets leafd's user write the store's file and what lies beside it, or not.
    func setStore(writable: Bool) throws {
        let files = Folder.entries(of: setup.folder.path).filter { $0.hasPrefix("central.sqlite") }
        try run("chmod", [writable ? "u+w" : "a-w"] + files.map(setup.folder.file))
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        let result = try Tool.run(program, arguments)
        guard result.isSuccess else { throw TestProblem("\(program): \(result.errors)") }
    }
}
