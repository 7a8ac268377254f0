import Foundation
import LeafClient
import LeafTestKit

/// A machine of its own, as far as systemd can tell: systemd-nspawn with systemd as first process, without a network.
///
/// What is written in it goes into memory, and away with it.
final class Container: Sendable {
    private let folder = TemporaryFolder()
    private let nspawn: ChildProcess
    private let guardian: ChildProcess
    private let pipe: Int32
    /// The container's first process, as the host sees it.
    private let leader: Int32

    /// Ends the container when nobody holds the pipe any more: whatever ends the test's process.
    private static let guardianScript = """
        read -r line
        [ "$(cat "/proc/$1/comm" 2>/dev/null)" = systemd-nspawn ] || exit 0
        for child in $(cat /proc/"$1"/task/*/children); do kill -9 "$child"; done
        """

    /// Starts one, and waits until systemd has started everything.
    init() throws {
        nspawn = try Container.spawn(console: folder.file("console"))
        let process = nspawn
        let path = folder.file("lifeline")
        guard mkfifo(path, 0o600) == 0 else {
            throw TestProblem("no pipe can be made in \(folder.path)")
        }
        pipe = open(path, O_RDWR | O_CLOEXEC)
        guardian = try ChildProcess(
            "/bin/sh", ["-c", Container.guardianScript, "guardian", "\(process.pid)"], input: path)
        let console = folder.file("console")
        leader = try eventually("systemd is the first process of the container") {
            () throws -> Int32? in
            if let exit = process.exit() {
                throw TestProblem("systemd-nspawn: \(exit)\n\(Tool.text(console))")
            }
            return Container.children(of: process.pid).first {
                Tool.text("/proc/\($0)/comm") == "systemd\n"
            }
        }
        try eventually("the container's bus is there", within: .seconds(60)) {
            (try? Tool.run("nsenter", words(["test", "-S", "/run/dbus/system_bus_socket"])))?.isSuccess
                ?? false
        }
        let state = try Tool.run("nsenter", words(["systemctl", "is-system-running", "--wait"]))
        guard state.output == "running\n" else {
            throw TestProblem("the container is \(state.output)\(try run("systemctl", "--failed"))")
        }
    }

    deinit {
        // Killing systemd ends all processes of the container; systemd-nspawn then cleans up.
        if nspawn.exit() == nil { kill(leader, SIGKILL) }
        _ = try? nspawn.wait(atMost: .seconds(20))
        guardian.kill()
        close(pipe)
    }

    private static func spawn(console: String) throws -> ChildProcess {
        guard let program = Tool.find("systemd-nspawn") else {
            throw TestProblem("there is no systemd-nspawn here")
        }
        try FileManager.default.createDirectory(atPath: DebianPackage.folder, withIntermediateDirectories: true)
        return try ChildProcess(
            program,
            [
                "--quiet", "--boot", "--directory=" + (try SystemTree.root), "--volatile=overlay",
                "--private-network",
                "--register=no", "--keep-unit", "--link-journal=no", "--settings=no", "--console=passive",
                "--machine=leafd-test-\(getpid())", "--bind-ro=\(DebianPackage.folder):/srv/packages",
            ], output: console, errors: console)
    }

    private static func children(of pid: Int32) -> [Int32] {
        Folder.entries(of: "/proc/\(pid)/task").flatMap { task in
            Tool.text("/proc/\(pid)/task/\(task)/children").split(separator: " ").compactMap { Int32($0) }
        }
    }

    // MARK: What goes on in it

    private func words(_ command: [String]) -> [String] {
        [
            "-t", "\(leader)", "-m", "-u", "-i", "-p", "-n", "-C", "--", "env",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ] + command
    }

    /// Runs a command in it, whatever comes of it.
    func attempt(_ command: String...) throws -> Tool.Result {
        try Tool.run("nsenter", words(command), environment: ["DEBIAN_FRONTEND": "noninteractive"])
    }

    /// Runs a command in it that must not fail.
    ///
    /// - Returns: its standard output, without the last line break.
    @discardableResult
    func run(_ command: String...) throws -> String {
        let result = try Tool.run(
            "nsenter", words(command), environment: ["DEBIAN_FRONTEND": "noninteractive"])
        guard result.isSuccess else {
            throw TestProblem(
                "\(command.joined(separator: " ")): \(result.exit)\n\(result.output)\(result.errors)\(lastOfLog)"
            )
        }
        return result.output.hasSuffix("\n") ? String(result.output.dropLast()) : result.output
    }

    /// A program of the host in the container's network.
    func startInNetwork(_ command: [String]) throws -> ChildProcess {
        guard let nsenter = Tool.find("nsenter") else { throw TestProblem("there is no nsenter here") }
        return try ChildProcess(nsenter, ["-t", "\(leader)", "-n", "--"] + command)
    }

    /// A file of the container, seen from the host.
    func path(_ file: String) -> String { "/proc/\(leader)/root\(file)" }

    /// Writes a file in it, with the folders above it.
    func write(_ text: String, to file: String, mode: Int = 0o644) throws {
        try run("mkdir", "-p", URL(fileURLWithPath: file).deletingLastPathComponent().path)
        try text.write(toFile: path(file), atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(file))
    }

    private var lastOfLog: String {
        let log = try? Tool.run(
            "nsenter", words(["journalctl", "-u", "leafd", "-n", "30", "--no-pager", "-o", "cat"]))
        return log.map { "leafd's log:\n\($0.output)" } ?? ""
    }

    // MARK: leafd in it

    var socketPath: String { path("/run/leafd/leafd.sock") }

    /// Installs leafd's package, or another version of it. A configuration that is there already stays.
    func install(_ package: DebianPackage) throws {
        try run("dpkg", "--force-confold", "-i", "/srv/packages/" + package.file)
    }

    func connect() throws -> LeafConnection {
        try LeafConnection(path: socketPath, timeout: .seconds(30))
    }

    /// What systemd knows of a unit: one property.
    func show(_ property: String, of unit: String = "leafd.service") throws -> String {
        try run("systemctl", "show", "--value", "-p", property, unit)
    }

    /// leafd's process, as the host sees it.
    func leafdProcess() throws -> Int32 {
        let inside = try show("MainPID")
        let family = Tool.link("/proc/\(leader)/ns/pid")
        return try eventually("the process \(inside) of the container is found") {
            Folder.entries(of: "/proc").compactMap { Int32($0) }.first { pid in
                guard Tool.link("/proc/\(pid)/ns/pid") == family else { return false }
                let line = Tool.text("/proc/\(pid)/status").split(separator: "\n").first {
                    $0.hasPrefix("NSpid:")
                }
                return line?.split(separator: "\t").last.map(String.init) == inside
            }
        }
    }

    /// The messages of leafd itself, each with its priority, oldest first.
    func messages() throws -> [(priority: Int, text: String)] {
        struct Entry: Decodable {
            let MESSAGE: String
            let PRIORITY: String
        }
        let lines = try run("journalctl", "_SYSTEMD_UNIT=leafd.service", "-o", "json", "--no-pager")
        return try lines.split(separator: "\n").map { line in
            let entry = try JSONDecoder().decode(Entry.self, from: Data(line.utf8))
            return (Int(entry.PRIORITY) ?? -1, entry.MESSAGE)
        }
    }
}

extension Tool {
    /// What a symbolic link says; empty if it cannot be read.
    static func link(_ path: String) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
    }
}
