import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Service {
    /// What the package does at its installation, removal and purge.
    @Suite("Installed")
    struct InstallTests {
        private let container: Container

        init() throws {
            container = try Container()
            try container.install(DebianPackage.older.get())
        }

        @Test func `installed, it serves at once, and whoever is in the group leafd`() throws {
            #expect(try container.show("ActiveState") == "active")
            #expect(try container.show("Type") == "notify")
            #expect(try container.show("StatusText") == "Serving")
            #expect(
                try container.run("systemctl", "is-enabled", "leafd.service", "leafd.socket")
                    == "enabled\nenabled")
            // Metrics are written where somebody wants them.
            #expect(try !container.attempt("systemctl", "is-enabled", "leafd-metrics.timer").isSuccess)
            #expect(try container.run("leafctl", "health") == "OK")
            try container.run("leafctl", "create", "orders")
            try container.run("useradd", "alice")
            try container.run("useradd", "-G", "leafd", "bob")
            #expect(try next(as: "bob").output == "1\n")
            let refused = try next(as: "alice")
            #expect(refused.exit == .code(3))
            #expect(refused.errors.contains("permission denied"), "\(refused.errors)")
        }

        @Test func `metrics are written where somebody collects them, and for everybody to read`() throws {
            let folder = "/var/lib/prometheus/node-exporter"
            // Nobody collects them: nothing is written, and nothing is wrong.
            try container.run("systemctl", "start", "leafd-metrics.service")
            #expect(!isThere(folder))
            try container.run("mkdir", "-p", folder)
            try container.run("systemctl", "start", "leafd-metrics.service")
            let file = folder + "/leafd.prom"
            #expect(Tool.text(container.path(file)).contains("leafd_up 1"))
            #expect(try container.run("stat", "-c", "%a", file) == "644")
            try container.run("systemctl", "stop", "leafd.socket", "leafd.service")
            // Sooner than in 15 seconds.
            try container.write(
                "[Timer]\nOnActiveSec=100ms\n", to: "/etc/systemd/system/leafd-metrics.timer.d/soon.conf")
            try container.run("systemctl", "enable", "--now", "leafd-metrics.timer")
            try eventually("the timer has them written again", every: .milliseconds(100)) {
                Tool.text(container.path(file)).contains("leafd_up 0")
            }
            #expect(try container.run("systemctl", "--failed", "--plain", "--no-legend") == "")
            try container.run("dpkg", "--remove", "leafd")
            #expect(try container.show("ActiveState", of: "leafd-metrics.timer") == "inactive")
        }

        @Test func `the first client starts a leafd that was stopped, and sees nothing of it`() throws {
            try container.run("leafctl", "create", "orders")
            try container.run("systemctl", "stop", "leafd.service")
            #expect(try container.show("ActiveState") == "inactive")
            #expect(try container.connect().next("orders") == 1)
            try eventually("systemd has taken note of it") {
                try container.show("ActiveState") == "active"
            }
        }

        @Test
        func `upgraded, removed and purged it keeps what is the user's, and never issues an ID again`()
            throws
        {
            let own = "segments:\n    tags: [{name: orders}]\n"
            try container.write(own, to: "/etc/leafd/leafd.yaml")
            try container.install(DebianPackage.newer.get())
            #expect(Tool.text(container.path("/etc/leafd/leafd.yaml")) == own)
            #expect(try container.connect().next("orders", count: 10) == Array(1...10))

            try container.run("dpkg", "--remove", "leafd")
            #expect(try container.attempt("pgrep", "-x", "leafd").exit == .code(1))
            #expect(try container.show("ActiveState", of: "leafd.socket") == "inactive")
            #expect(
                ["/etc/leafd/leafd.yaml", "/var/lib/leafd/journal", "/var/lib/leafd/central.sqlite"].filter(
                    isThere
                ).count == 3)
            try container.install(DebianPackage.older.get())
            // It goes on with the very next ID.
            #expect(try container.connect().next("orders") == 11)

            try container.write("secret\n", to: "/etc/leafd/store-password", mode: 0o600)
            let purge = try container.attempt("dpkg", "--purge", "leafd")
            #expect(purge.isSuccess)
            #expect(purge.errors.contains("/var/lib/leafd/central.sqlite stays"), "\(purge.errors)")
            #expect(["/etc/leafd", "/run/leafd", "/var/lib/leafd/journal"].filter(isThere) == [])
            try container.install(DebianPackage.older.get())
            // The tag is there without being created, and its IDs go on behind a gap.
            #expect(try container.connect().next("orders") > 11)
        }

        @Test func `an upgrade does not stop a leafd that would not start again`() throws {
            let process = try container.show("MainPID")
            try container.write("segments:\n    min-stpe: 5\n", to: "/etc/leafd/leafd.yaml")
            let package = try DebianPackage.newer.get()
            let upgrade = try container.attempt("dpkg", "--force-confold", "-i", "/srv/packages/" + package.file)
            #expect(upgrade.isSuccess)
            for part in ["leafd.yaml:2", "not restarted"] { #expect(upgrade.errors.contains(part)) }
            #expect(try container.show("MainPID") == process)
            #expect(try container.connect().command("PING") == .simple("PONG"))
            try container.write("{}\n", to: "/etc/leafd/leafd.yaml")
            try container.run("systemctl", "restart", "leafd")
            #expect(try container.show("MainPID") != process)
            #expect(try container.connect().command("PING") == .simple("PONG"))
        }

        private func next(as user: String) throws -> Tool.Result {
            try container.attempt(
                "setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "leafctl", "next",
                "orders")
        }

        private func isThere(_ file: String) -> Bool {
            FileManager.default.fileExists(atPath: container.path(file))
        }
    }
}
