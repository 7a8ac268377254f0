import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Service {
    /// Without the package: the commands of the README.
    @Suite("Installed from a checkout")
    struct MakeInstallTests {
        @Test func `make install and the README's commands make a service, and make uninstall takes it away`() throws {
            let container = try Container()
            try make("install", into: container)
            try container.run("systemd-sysusers")
            try container.run("systemd-tmpfiles", "--create")
            try container.run("systemctl", "daemon-reload")
            try container.run("systemctl", "enable", "--now", "leafd.socket", "leafd.service")
            try container.run("leafctl", "create", "orders")
            #expect(try container.connect().next("orders") == 1)
            #expect(try container.run("readlink", "/proc/\(container.show("MainPID"))/exe") == "/usr/local/bin/leafd")
            try container.run("systemctl", "reload", "leafd")
            // Again, as an upgrade.
            try make("install", into: container)
            try container.run("systemctl", "daemon-reload")
            try container.run("systemctl", "restart", "leafd")
            #expect(try container.connect().next("orders") == 2)
            try container.run("systemctl", "disable", "--now", "leafd.socket", "leafd.service")
            try make("uninstall", into: container)
            #expect(try container.run("find", "/usr/local", "-name", "*leaf*") == "")
            #expect(FileManager.default.fileExists(atPath: container.path("/var/lib/leafd/central.sqlite")))
        }

        private func make(_ target: String, into container: Container) throws {
            let result = try Tool.run(
                "make", ["-C", checkout, target, "BIN=" + Facilities.programs, "DESTDIR=" + container.path("")])
            guard result.isSuccess else { throw TestProblem("make \(target): \(result.output)\(result.errors)") }
        }
    }
}
