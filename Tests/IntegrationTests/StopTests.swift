import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Stopped by SIGTERM")
    struct StopTests {
        /// leafd waits at most two seconds for its clients; the rest is a busy machine's.
        static let patience = Duration.seconds(20)

        @Test("the next start goes on with the exact successor, of every tag")
        func successor() throws {
            let daemon = try LeafDaemon(DaemonSetup(tags: ["{name: orders}", "{name: users, start: 5000}"]))
            #expect(try daemon.next("orders") == 1)
            for _ in 0..<5 {
                let order = try daemon.connect().next("orders", count: 137).last
                let user = try daemon.next("users")
                try daemon.restart()
                #expect(try daemon.next("orders") == (order ?? 0) + 1)
                #expect(try daemon.next("users") == user + 1)
            }
        }

        @Test("it exits with 0, and its socket file is gone")
        func exit() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let idle = try daemon.connect()
            #expect(try idle.next("orders") == 1)
            var exit: ChildProcess.Exit?
            let time = try elapsed { exit = try daemon.stop() }
            #expect(exit == .code(0))
            #expect(time < StopTests.patience)
            figure("a stop with an idle connection took \(time)")
            #expect(!FileManager.default.fileExists(atPath: daemon.setup.socketPath))
        }

        @Test func `a client that connected just before the stop is answered`() throws {
            let daemon = try LeafDaemon(DaemonSetup(settings: ["server.event-loops=1"]))
            // On a busy machine the client may be too slow to count as new: it has twenty tries.
            for _ in 0..<20 {
                let old = try daemon.connect()
                #expect(try old.next("orders") > 0)
                pauseThread(.milliseconds(300))
                let new = try daemon.connect()
                daemon.process.terminate()
                // leafd has looked at every connection, and closed those that have nothing more to say.
                #expect(throws: LeafClientError.self) { try old.receive() }
                let id = try? new.next("orders")
                #expect(try daemon.process.wait() == .code(0))
                if id != nil { return }
                try daemon.start()
            }
            Issue.record("nobody who connected just before a stop was answered")
        }

        @Test("as soon as there was an answer, a stop is a clean one")
        func early() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            for _ in 0..<20 {
                #expect(try daemon.stop() == .code(0))
                #expect(!FileManager.default.fileExists(atPath: daemon.setup.socketPath))
                try daemon.start()
            }
        }

        @Test("under load every ID that was issued was delivered, and the next follows it")
        func load() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let collector = IDCollector()
            let load = Load(collector: collector)
            let clients = (0..<20).map {
                LoadClient(
                    path: daemon.setup.socketPath, tag: "orders", thread: $0,
                    requests: Array(repeating: .next, count: 8))
            }
            try load.run(clients) {
                for _ in 0..<3 {
                    let count = collector.count
                    try eventually("IDs come") { collector.count > count + 2000 }
                    #expect(try daemon.stop() == .code(0))
                    try load.waitForAllToBreak()
                    try daemon.start()
                }
            }
            #expect(collector.faults == [])
            // From 1 on without a gap.
            #expect(collector.count == Int(collector.highest))
            #expect(
                load.errors.keys.allSatisfy { ["SHUTDOWN", "closed", "notRunning", "noSocket"].contains($0) },
                "\(load.errors)")
        }

        @Test("a client that does not read its replies does not hold the stop up")
        func stubborn() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let deaf = try daemon.connect()
            try deaf.send(Array(repeating: ["NEXT", "orders", "10000"], count: 50))
            #expect(try daemon.next() > 0)
            var exit: ChildProcess.Exit?
            let time = try elapsed { exit = try daemon.stop() }
            #expect(exit == .code(0))
            #expect(time < StopTests.patience)
            figure("a stop with a client that does not read took \(time)")
        }
    }
}
