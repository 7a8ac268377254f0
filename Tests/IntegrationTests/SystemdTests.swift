import Foundation
import LeafClient
import LeafTestKit
import Testing

private let unitNames = Folder.entries(of: checkout + "/Systemd").filter {
    $0.hasSuffix(".service") || $0.hasSuffix(".socket") || $0.hasSuffix(".timer")
}.sorted()

extension Integration {
    @Suite("Under systemd")
    struct SystemdTests {
        @Test("it says READY once it serves, feeds the watchdog, and says STOPPING", arguments: [false, true])
        func notify(abstractSocket: Bool) throws {
            var setup = DaemonSetup()
            let manager = try NotifySocket(
                abstractSocket ? "@" + setup.folder.path.dropFirst() : setup.folder.file("notify"))
            // The watchdog expects a sign every 600 ms.
            setup.environment = ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "600000"]
            let process = try LeafDaemon.launch(setup)
            defer { process.kill() }
            try manager.wait(for: "READY=1")
            #expect(try LeafConnection(path: setup.socketPath, timeout: .seconds(10)).next("orders") == 1)
            try manager.wait(for: "STATUS=Serving")
            try manager.wait(for: "WATCHDOG=1")
            try manager.wait(for: "WATCHDOG=1")
            process.terminate()
            try manager.wait(for: "STOPPING=1")
            #expect(try process.wait() == .code(0))
        }

        @Test("a watchdog meant for another process gets nothing")
        func strangersWatchdog() throws {
            var setup = DaemonSetup()
            let manager = try NotifySocket(setup.folder.file("notify"))
            setup.environment = ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"]
            let process = try LeafDaemon.launch(setup)
            defer { process.kill() }
            try manager.wait(for: "READY=1")
            pauseThread(.milliseconds(500))
            process.terminate()
            try manager.wait(for: "STOPPING=1")
            #expect(!manager.received.contains("WATCHDOG=1"))
        }

        @Test(
            "a socket handed over is served, and is left where it is at the stop",
            .enabled(if: Tool.isThere("systemd-socket-activate"), "no systemd-socket-activate here"))
        func activation() throws {
            let setup = DaemonSetup()
            try setup.write()
            let activated = setup.folder.file("activated.sock")
            let process = try ChildProcess(
                try #require(Tool.find("systemd-socket-activate")),
                ["-l", activated, try Tool.product("leafd"), "--config", setup.configurationPath],
                output: setup.outputPath, errors: setup.logPath)
            defer { process.kill() }
            // The first connection starts the daemon, and waits in the backlog meanwhile. The socket's file is there a moment
            // before anybody listens.
            let leafd = try eventually("the socket is listened on") {
                try? LeafConnection(path: activated, timeout: .seconds(30))
            }
            #expect(try leafd.next("orders") == 1)
            #expect(try LeafConnection(path: activated, timeout: .seconds(10)).next("orders") == 2)
            #expect(!FileManager.default.fileExists(atPath: setup.socketPath))
            process.terminate()
            #expect(try process.wait() == .code(0))
            #expect(FileManager.default.fileExists(atPath: activated))
        }

        @Test(
            "its units are free of mistakes",
            .enabled(if: Tool.isThere("systemd-analyze"), "no systemd-analyze here"),
            .enabled(if: !unitNames.isEmpty, "there are no units in Systemd/"))
        func units() throws {
            // Copies that name this build's programs, since leafd is not installed where systemd would look for it.
            let folder = TemporaryFolder()
            for unit in unitNames {
                var copy = Tool.text("\(checkout)/Systemd/\(unit)")
                for program in ["leafd", "leafctl"] {
                    copy = copy.replacing("/usr/bin/\(program) ", with: try Tool.product(program) + " ")
                }
                try copy.write(toFile: folder.file(unit), atomically: true, encoding: .utf8)
            }
            let result = try Tool.run(
                "systemd-analyze", ["verify", "--man=no"] + unitNames.map(folder.file),
                environment: ["SYSTEMD_UNIT_PATH": folder.path + ":"])
            #expect(result.isSuccess, "\(result.errors)")
            #expect(!result.errors.contains(folder.path), "\(result.errors)")
        }
    }
}
