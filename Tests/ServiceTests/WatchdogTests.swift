import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Service {
    @Suite("Hung")
    struct WatchdogTests {
        private let container: Container

        /// leafd with two event loops, and a watchdog that wants to hear from it more often than its users' does.
        init() throws {
            container = try Container()
            try container.write(
                "[Service]\nWatchdogSec=3\n", to: "/etc/systemd/system/leafd.service.d/watchdog.conf")
            try container.install(DebianPackage.older.get())
            try container.run("leafctl", "create", "orders")
            try container.write("server:\n    event-loops: 2\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "restart", "leafd")
        }

        @Test func `a leafd that hangs, be it one event loop of it, is killed and started again`()
            throws
        {
            try waitForBeats(2)
            #expect(try container.show("NRestarts") == "0")
            for loop in 1...2 {
                try expectRestart(loop, of: "leafd-loop-\(loop)") {
                    // Held at its next system call, as by one that does not return. The other threads go on.
                    let hung = try #require(try thread("leafd-loop-\(loop)"))
                    let strace = try ChildProcess(
                        try #require(Tool.find("strace")),
                        ["-q", "-p", "\(hung)", "-e", "trace=all", "-e", "inject=all:delay_enter=600s"])
                    defer { strace.kill() }
                    try waitForLog("with signal SIGABRT", times: loop)
                    // A thread that is held cannot die.
                }
            }
            try expectRestart(3, of: "all threads") { kill(try container.leafdProcess(), SIGSTOP) }
        }

        /// Makes leafd hang, and waits until systemd has started it again because of its watchdog.
        ///
        /// - Parameter number: how many times that has happened then.
        private func expectRestart(_ number: Int, of what: String, hang: () throws -> Void) throws {
            let last = try container.connect().next("orders")
            try hang()
            try eventually(
                "systemd has started leafd again", within: .seconds(60), every: .milliseconds(50)
            ) {
                try container.show("NRestarts") == "\(number)" && container.show("ActiveState") == "active"
            }
            try waitForLog("Failed with result 'watchdog'", times: number)
            let next = try container.connect().next("orders")
            #expect(next > last)
            figure(
                "\(what) hung: killed by the watchdog, started again; the next ID after \(last) is \(next)")
        }

        private func log() throws -> String {
            try container.run("journalctl", "-u", "leafd", "--no-pager", "-o", "cat")
        }

        private func waitForLog(_ text: String, times: Int) throws {
            try eventually("\"\(text)\" in the log, \(times) times", every: .milliseconds(50)) {
                try log().components(separatedBy: text).count > times
            }
        }

        /// Waits until systemd has heard so many more signs of life.
        private func waitForBeats(_ count: Int) throws {
            var last = try container.show("WatchdogTimestampMonotonic")
            for _ in 0..<count {
                try eventually("a sign of life", every: .milliseconds(50)) {
                    try container.show("WatchdogTimestampMonotonic") != last
                }
                last = try container.show("WatchdogTimestampMonotonic")
            }
        }

        /// A thread of leafd by its name.
        private func thread(_ name: String) throws -> Int32? {
            let pid = try container.leafdProcess()
            return Folder.entries(of: "/proc/\(pid)/task").compactMap { Int32($0) }.first {
                Tool.text("/proc/\(pid)/task/\($0)/comm") == name + "\n"
            }
        }
    }
}
