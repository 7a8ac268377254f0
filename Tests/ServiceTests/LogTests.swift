import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Service {
    @Suite("In the journal of systemd")
    struct LogTests {
        private let container: Container

        init() throws {
            container = try Container()
            try container.install(DebianPackage.older.get())
        }

        @Test func `each message has its level, and a reload keeps the process`() throws {
            let process = try container.show("MainPID")
            try container.write("log:\n    level: debug\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "reload", "leafd")
            try waitForMessage(5, "reloaded log.level")
            try container.write("journal:\n    window: 2s\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "reload", "leafd")
            try waitForMessage(4, "journal.window")
            try container.write("log:\n    level: chatty\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "reload", "leafd")
            try waitForMessage(3, "not reloaded")
            #expect(try container.show("MainPID") == process)
            let messages = try container.messages()
            #expect(
                messages.contains { $0.priority == 6 && $0.text.hasPrefix("journal ") }, "\(messages)")
            // The level is systemd's now, and no longer part of the text.
            #expect(!messages.contains { $0.text.hasPrefix("<") })
            // What is chosen by its level is found: `journalctl -p err`.
            let errors = try container.run(
                "journalctl", "-u", "leafd", "-p", "err", "-o", "cat", "--no-pager")
            #expect(errors.contains("not reloaded"))
            #expect(!errors.contains("is ready"))
            // Nor does the Swift runtime add anything.
            #expect(!messages.contains { $0.text.contains("thread priority") })
        }

        @Test func `a wrong configuration stops it for good, and says where it is wrong`() throws {
            try container.write("segments:\n    min-stpe: 5\n", to: "/etc/leafd/leafd.yaml")
            let restart = try container.attempt("systemctl", "restart", "leafd")
            #expect(!restart.isSuccess)
            try eventually("systemd has given up") { try container.show("ActiveState") == "failed" }
            #expect(try container.show("ExecMainStatus") == "78")
            let messages = try container.messages()
            #expect(
                messages.contains { $0.text.contains("leafd.yaml:2") && $0.text.contains("min-stpe") },
                "\(messages)")
            try container.write("{}\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "restart", "leafd.socket", "leafd.service")
            #expect(try container.connect().command("PING") == .simple("PONG"))
        }

        private func waitForMessage(_ priority: Int, _ text: String) throws {
            try eventually("\"\(text)\" with priority \(priority)", every: .milliseconds(50)) {
                try container.messages().contains { $0.priority == priority && $0.text.contains(text) }
            }
        }
    }
}
