import Foundation
import LeafClient
import LeafTestKit
import Testing

/// A database over the network, as the drop-in beside the unit allows it.
private let dropIn = checkout + "/Systemd/store-tcp.drop-in.conf"

extension Service {
    /// What leafd may do to the rest of the host, and that it is enough.
    @Suite("Hardened")
    struct HardeningTests {
        /// What `systemd-analyze security` calls exposure: 10 is a service without any restriction.
        struct Case: CustomTestStringConvertible, Sendable {
            let name: String
            let dropIns: [String]
            /// In tenths.
            let most: Int

            var testDescription: String { name }
        }

        private static let cases = [
            Case(name: "a SQLite store", dropIns: [], most: 5),
            Case(name: "a database over the network", dropIns: [dropIn], most: 10),
        ]

        @Test("its exposure is no more than agreed on", arguments: cases)
        func exposure(_ theCase: Case) throws {
            let folder = TemporaryFolder()
            let unit = folder.file("leafd.service")
            try FileManager.default.copyItem(atPath: checkout + "/Systemd/leafd.service", toPath: unit)
            try FileManager.default.createDirectory(
                atPath: unit + ".d", withIntermediateDirectories: true)
            for path in theCase.dropIns {
                let name = URL(fileURLWithPath: path).lastPathComponent
                try FileManager.default.copyItem(atPath: path, toPath: "\(unit).d/\(name)")
            }
            let result = try Tool.run(
                "systemd-analyze",
                [
                    "security", "--no-pager", "--offline=true", "--threshold=\(theCase.most)",
                    "leafd.service",
                ],
                environment: ["SYSTEMD_UNIT_PATH": folder.path + ":"])
            let verdict = result.lines.first { $0.contains("Overall exposure") } ?? result.errors
            figure("\(theCase.name): \(verdict)")
            #expect(result.isSuccess, "\(result.output)\(result.errors)")
        }

        @Test(
            "with a MariaDB over the network and its password as a credential it leases",
            .enabled(
                if: MariaDBServer.isAvailable && Tool.isThere("socat"), "no MariaDB or no socat here"))
        func credential() throws {
            let server = try MariaDBServer()
            try server.makeDatabase()
            let container = try Container()
            // The container's own network: what is connected to here goes on to the server on the host.
            let bridge = try container.startInNetwork([
                "socat", "TCP-LISTEN:3306,bind=127.0.0.1,fork,reuseaddr",
                "UNIX-CONNECT:\(server.socketPath)",
            ])
            defer { bridge.kill() }
            try container.write(
                Tool.text(dropIn), to: "/etc/systemd/system/leafd.service.d/store-tcp.conf")
            try container.write(ServerUser.password + "\n", to: "/etc/leafd/store-password", mode: 0o600)
            try container.write(
                """
                store:
                    url: mysql://\(ServerUser.name)@127.0.0.1:3306/\(ServerUser.database)
                    create-schema: true
                segments:
                    tags: [{name: orders}]

                """, to: "/etc/leafd/leafd.yaml")
            try container.install(DebianPackage.older.get())
            #expect(try container.connect().next("orders") == 1)
            #expect(try server.counter("orders") > 1)
            // Root is still the operator.
            try container.run("leafctl", "create", "users")
            #expect(try container.run("leafctl", "next", "users") == "1")
            // The file is root's alone; leafd has a copy that nobody else can read, and tells nobody.
            let environment = Tool.text("/proc/\(try container.leafdProcess())/environ")
            #expect(environment.contains("CREDENTIALS_DIRECTORY="))
            #expect(!environment.contains(ServerUser.password))
            #expect(
                try !container.run("journalctl", "--no-pager", "-o", "cat").contains(ServerUser.password))
        }

        @Test func `without that drop-in it reaches no network, and says so`() throws {
            let container = try Container()
            try container.write(
                "store:\n    url: mysql://leafd@127.0.0.1:3306/ids\n", to: "/etc/leafd/leafd.yaml")
            try container.install(DebianPackage.older.get())
            try eventually("leafd says that it cannot reach the store", every: .milliseconds(50)) {
                try container.messages().contains { $0.priority <= 4 && $0.text.contains("127.0.0.1:3306") }
            }
            #expect(try !container.attempt("leafctl", "health").isSuccess)
        }
    }
}
