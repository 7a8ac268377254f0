import Foundation
import LeafTestKit
import Testing

extension Service {
    /// What clients notice of restarts: nothing but a wait.
    @Suite("Restarted under load")
    struct UpgradeTests {
        private let container: Container

        init() throws {
            container = try Container()
            try container.install(DebianPackage.older.get())
            try container.run("leafctl", "create", "orders")
        }

        @Test func `upgrades of the package fail no request, and leave the socket alone`() throws {
            let load = ServiceLoad(path: container.socketPath)
            let socketStart = try container.show("ActiveEnterTimestampMonotonic", of: "leafd.socket")
            let versions = [
                try DebianPackage.newer.get(), try DebianPackage.older.get(), try DebianPackage.newer.get(),
            ]
            try load.run([.newConnections, .oneConnection]) {
                try load.serveMore()
                for version in versions {
                    let before = try container.show("MainPID")
                    try container.install(version)
                    #expect(
                        try container.run("dpkg-query", "-W", "-f", "${Version}", "leafd") == version.version)
                    #expect(try container.show("MainPID") != before)
                    try load.serveMore()
                }
            }
            load.expectNoFailure("\(versions.count) upgrades")
            // The load was there: connections broke.
            #expect(load.figures(.oneConnection).repeated > 0)
            #expect(
                try container.show("ActiveEnterTimestampMonotonic", of: "leafd.socket") == socketStart)
            #expect(try container.show("NRestarts") == "0")
        }

        @Test func `restarts fail no request`() throws {
            let load = ServiceLoad(path: container.socketPath)
            let count = 5
            try load.run([.newConnections, .oneConnection]) {
                for _ in 0..<count {
                    try load.serveMore()
                    let before = try container.show("MainPID")
                    try container.run("systemctl", "restart", "leafd")
                    #expect(try container.show("MainPID") != before)
                }
                try load.serveMore()
            }
            load.expectNoFailure("\(count) restarts")
        }

        @Test func `after kill -9 a request that is repeated once is answered`() throws {
            let load = ServiceLoad(path: container.socketPath)
            let count = 5
            try load.run([.newConnectionsWithRetry, .oneConnection]) {
                for kills in 1...count {
                    try load.serveMore()
                    try container.run("kill", "-9", container.show("MainPID"))
                    try eventually("systemd has started leafd again") {
                        try container.show("NRestarts") == "\(kills)"
                            && container.show("ActiveState") == "active"
                    }
                }
                try load.serveMore()
            }
            load.expectNoFailure("\(count) kills")
        }
    }
}
