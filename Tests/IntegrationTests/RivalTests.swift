import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Beside other daemons")
    struct RivalTests {
        @Test("a second daemon on one journal is refused, and the first goes on")
        func oneJournal() throws {
            let folder = TemporaryFolder()
            let first = try LeafDaemon(DaemonSetup(in: folder, name: "first"))
            #expect(try first.next() == 1)
            var rival = DaemonSetup(in: folder, name: "second")
            rival.settings += ["journal.path=\(first.setup.journalPath)"]
            let exit = try LeafDaemon.launch(rival).wait()
            #expect(exit != .code(0))
            let log = Tool.text(rival.logPath)
            #expect(log.contains("another leafd holds the journal \(first.setup.journalPath)"), "\(log)")
            #expect(!FileManager.default.fileExists(atPath: rival.socketPath))
            #expect(try first.next() == 2)
        }

        @Test("a second daemon on one socket is refused, and the first goes on")
        func oneSocket() throws {
            let folder = TemporaryFolder()
            let first = try LeafDaemon(DaemonSetup(in: folder, name: "first"))
            let open = try first.connect()
            #expect(try open.next("orders") == 1)
            var rival = DaemonSetup(in: folder, name: "second")
            rival.settings += ["socket.path=\(first.setup.socketPath)"]
            let exit = try LeafDaemon.launch(rival).wait()
            #expect(exit != .code(0))
            let log = Tool.text(rival.logPath)
            #expect(log.contains("another process listens on \(first.setup.socketPath)"), "\(log)")
            #expect(try open.next("orders") == 2)
            #expect(try first.next() == 3)
        }

        @Test("the socket file of a killed daemon is replaced")
        func staleSocket() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            daemon.kill()
            #expect(FileManager.default.fileExists(atPath: daemon.setup.socketPath))
            try daemon.start()
            #expect(try daemon.next() > 1)
        }

        @Test("a file in the socket's place that is none is left alone")
        func noSocketFile() throws {
            let setup = DaemonSetup()
            try "precious".write(toFile: setup.socketPath, atomically: true, encoding: .utf8)
            #expect(try LeafDaemon.launch(setup).wait() != .code(0))
            #expect(Tool.text(setup.socketPath) == "precious")
            #expect(Tool.text(setup.logPath).contains("is not a socket"))
        }

        @Test("eight daemons on one SQLite file under load: each gets its IDs, and none is issued twice")
        func oneStore() throws {
            let folder = TemporaryFolder()
            let daemons = try (0..<8).map { number in
                // Small leases, so that the store is asked all the time.
                try LeafDaemon(
                    DaemonSetup(
                        in: folder, name: "d\(number)", tags: ["{name: orders, step: 100}"],
                        settings: ["segments.max-step=1000", "segments.reserve=0s"]))
            }
            let collector = IDCollector()
            let load = Load(collector: collector)
            let clients = (0..<16).map { number in
                LoadClient(
                    path: daemons[number / 2].setup.socketPath, tag: "orders", thread: number,
                    requests: number.isMultiple(of: 2) ? [.next, .next, .next, .next] : [.nextMany(10), .lease(10)])
            }
            let goal = Int(500 * soakScale)
            try load.run(clients) {
                try eventually("every client has \(goal) IDs", within: .seconds(60 * soakScale)) {
                    (0..<16).allSatisfy { collector.count(ofThread: $0) >= goal }
                }
            }
            #expect(collector.faults == [])
            #expect(load.errors.keys.allSatisfy { ["EXHAUSTED", "TIMEOUT"].contains($0) }, "\(load.errors)")
            let counts = (0..<8).map { collector.count(ofThread: 2 * $0) + collector.count(ofThread: 2 * $0 + 1) }
            figure("IDs of eight daemons on one file: \(counts), errors \(load.errors)")
        }
    }
}
