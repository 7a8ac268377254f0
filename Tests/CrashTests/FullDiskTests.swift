import LeafClient
import LeafTestKit
import Testing

extension Crash {
    @Suite("The journal's disk is full")
    struct FullDiskTests {
        /// Has clients ask for IDs whose windows each need a commit.
        private func load(_ host: Host, _ setup: DaemonSetup, until isEnough: () throws -> Void) throws -> [String: Int]
        {
            let load = Load(collector: host.collector)
            let clients = (0..<3).map { number in
                LoadClient(
                    path: setup.socketPath, tag: "orders", thread: number, requests: [.lease(3000), .next, .next],
                    pause: .milliseconds(2))
            }
            try load.run(clients) { try isEnough() }
            return load.errors
        }

        @Test(
            "with room written ahead, service goes on: also over a kill and a start",
            .enabled(if: Facilities.canMountLoop, "needs root, loop devices and mkfs.ext4"))
        func headroom() throws {
            let disk = try LoopDisk(megabytes: 48)
            let host = Host()
            let setup = host.setup(journal: disk.file("journal"), settings: ["segments.auto-create=true"])
            var errors: [String: Int] = [:]
            let rounds = Int(3 * soakScale)
            let first = try LeafDaemon(setup)
            try host.waitForIDs(setup.socketPath)
            try disk.fill()
            first.kill()
            for _ in 0..<rounds {
                let daemon = try LeafDaemon(setup)
                let commits = try Stats(daemon).journal.commits
                errors.merge(
                    try load(host, setup) {
                        try eventually("many commits", within: .seconds(120)) {
                            try Stats(daemon).journal.commits > commits + 40
                        }
                    }, uniquingKeysWith: +)
                try useNewTags(daemon)
                #expect(try Stats(daemon).journal.failures == 0)
                daemon.kill()
            }
            host.expectNoDuplicates()
            // The last request of a life may be cut off.
            #expect(errors.filter { !["closed", "notRunning", "noSocket"].contains($0.key) } == [:])
            figure("full disk with room ahead: \(host.summary(cycles: rounds)), errors \(errors)")
        }

        /// Has the journal grow: each tag is a record more.
        private func useNewTags(_ daemon: LeafDaemon) throws {
            let leafd = try daemon.connect()
            let padding = String(repeating: "-", count: 100)
            for number in 0..<150 {
                let reply = try leafd.command("NEXT", "tag\(padding)\(daemon.pid)-\(number)")
                guard reply.integer == 1 else { throw TestProblem("tag \(number) of a full disk: \(reply)") }
            }
        }

        /// From less than a new journal needs to more than it ever uses here.
        private static var kilobytes: [Int] {
            soakScale > 1 ? Array(stride(from: 4, through: 96, by: 4)) + [1024, 20480] : [24, 48, 64, 1024]
        }

        @Test(
            "with too little room for that: it says so, issues no ID twice, and recovers when there is more",
            .enabled(if: Facilities.canMountMemory, "needs root: a disk of limited size cannot be mounted here"))
        func tooSmall() throws {
            var ids = 0
            for kilobytes in FullDiskTests.kilobytes {
                let disk = try MemoryDisk(megabytes: 40)
                try disk.fill(leaving: kilobytes)
                let host = Host()
                let setup = host.setup(journal: disk.file("journal"), settings: ["segments.wait-timeout=500ms"])
                let outcome = try live(setup, on: disk, host, kilobytes)
                host.expectNoDuplicates()
                ids += host.collector.count
                figure("journal with \(kilobytes) KiB of room: \(outcome)")
            }
            figure("journals with little room: \(FullDiskTests.kilobytes.count) cycles, \(ids) IDs")
        }

        /// Starts with little room, works within it, and goes on when there is more.
        private func live(_ setup: DaemonSetup, on disk: MemoryDisk, _ host: Host, _ kilobytes: Int) throws -> String {
            var outcome = "no start"
            // The second start finds what the first one made of it.
            for _ in 0..<2 {
                guard let child = try start(setup, host) else { continue }
                let answers = try host.issue(setup.socketPath, rounds: 50)
                #expect(answers.refusals.isSubset(of: ["EXHAUSTED", "TIMEOUT", "UNHEALTHY", "ERR"]))
                let health = try LeafConnection(path: setup.socketPath, timeout: .seconds(10)).command("HEALTH")
                outcome = "\(answers.ids.count) IDs, refusals \(answers.refusals.sorted()), HEALTH \(health)"
                if kilobytes < 16 << 10 {
                    #expect(!"\(health)".hasPrefix("+OK"), "HEALTH does not tell that there is little room")
                }
                child.kill()
            }
            let child = try start(setup, host)
            if child != nil { try host.issue(setup.socketPath) }
            try disk.free()
            if child == nil { outcome += "; a start later failed until there was room" }
            let last = try child ?? LeafDaemon.launch(setup)
            try host.waitForAnswer(setup.socketPath, from: last)
            try host.waitForIDs(setup.socketPath)
            last.kill()
            let daemon = try LeafDaemon(setup)
            try host.waitForIDs(setup.socketPath)
            #expect(try daemon.stop() == .code(0))
            return outcome
        }

        /// leafd, once it answers; nil if it has ended, which it may for want of room alone.
        private func start(_ setup: DaemonSetup, _ host: Host) throws -> ChildProcess? {
            let logged = Tool.text(setup.logPath).utf8.count
            let child = try LeafDaemon.launch(setup)
            try host.waitForAnswer(setup.socketPath, from: child)
            guard child.exit() != nil else { return child }
            let log = String(decoding: Tool.text(setup.logPath).utf8.dropFirst(logged), as: UTF8.self)
            #expect(log.contains("No space left on device"), "\(log)")
            return nil
        }
    }
}
