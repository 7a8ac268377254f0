import LeafTestKit
import Testing

extension Crash {
    @Suite(
        "The journal's disk returns errors",
        .enabled(if: Facilities.canTrace, "needs root and strace: errors cannot be put into its system calls here"))
    struct InjectedErrorTests {
        /// LMDB writes pages with these: one, or several in a row. The last one of a commit is to a meta page, synced.
        private static let writes = "pwrite64,writev,pwritev"

        /// Each of the first calls of each kind fails once, or from then on.
        private static var errors: [InjectedError] {
            let last = Int(3 * soakScale.squareRoot())
            return (1...last).flatMap { number in
                [
                    InjectedError(calls: "fdatasync", error: "EIO", when: "\(number)"),
                    InjectedError(calls: "pwrite64", error: "EIO", when: "\(number)"),
                    InjectedError(calls: writes, error: "ENOSPC", when: "\(number)"),
                ]
            } + [
                InjectedError(calls: "fdatasync", error: "ENOSPC", when: "2"),
                InjectedError(calls: "fdatasync", error: "EIO", when: "2+"),
                InjectedError(calls: writes, error: "EIO", when: "2+"),
                InjectedError(calls: writes, error: "ENOSPC", when: "2+"),
            ]
        }

        @Test("under load: it keeps answering, says what it did, and no ID comes twice, now or after the next start")
        func underLoad() throws {
            let host = Host()
            let setup = host.setup(settings: ["segments.wait-timeout=500ms"])
            var injected = 0
            for (number, error) in InjectedErrorTests.errors.enumerated() {
                let daemon = try LeafDaemon(setup)
                try host.waitForIDs(setup.socketPath)
                injected += try inject(error, into: daemon, host)
                try host.waitForIDs(setup.socketPath, "IDs come after \(error)")
                #expect(daemon.process.exit() == nil, "it is still the same process after \(error)")
                // By turns: what is in memory alone is lost with it, or written once more.
                if number.isMultiple(of: 2) { daemon.kill() } else { #expect(try daemon.stop() == .code(0)) }
                let next = try LeafDaemon(setup)
                try host.waitForIDs(setup.socketPath, "IDs come after the start that follows \(error)")
                next.kill()
            }
            host.expectNoDuplicates()
            figure(
                "injected errors under load: \(injected) calls failed; \(host.summary(cycles: InjectedErrorTests.errors.count))"
            )
        }

        /// Has clients ask for IDs while calls fail. Returns how many did.
        private func inject(_ error: InjectedError, into daemon: LeafDaemon, _ host: Host) throws -> Int {
            let lines = daemon.log.split(separator: "\n").count
            let injection = try Injection(error, into: daemon.pid, path: daemon.setup.journal + "/data.mdb")
            let load = Load(collector: host.collector)
            let clients = (0..<2).map { number in
                // Larger than a window: each needs a commit of its own.
                LoadClient(
                    path: daemon.setup.socketPath, tag: "orders", thread: number, requests: [.lease(3000), .next],
                    pause: .milliseconds(5))
            }
            try load.run(clients) {
                try eventually("\(error) is met") { injection.count >= (error.when.hasSuffix("+") ? 3 : 1) }
                // It answers whatever the disk does; with IDs or with an error.
                for _ in 0..<5 { _ = try host.issue(daemon.setup.socketPath, rounds: 1) }
                injection.end()
            }
            func said() -> [Substring] {
                daemon.log.split(separator: "\n").dropFirst(lines).filter { !$0.contains(" info: ") }
            }
            // Nobody knows whether that commit is on disk: the journal takes no more of them.
            if error.error == "EIO" {
                try eventually("the journal is set aside after \(error)") {
                    said().contains { $0.contains("set aside") }
                }
            }
            #expect(!said().isEmpty, "nothing was said about \(error)")
            for line in said().prefix(soakScale > 1 ? 0 : 2) { figure("\(error): \(line)") }
            return injection.count
        }

        @Test("at the start: the next start serves, and no ID comes twice")
        func atTheStart() throws {
            let host = Host()
            let setup = host.setup(settings: ["segments.wait-timeout=500ms"])
            var outcomes: [String: Int] = [:]
            var injected = 0
            let errors = InjectedErrorTests.errors.filter { !$0.when.hasSuffix("+") }
            for error in errors {
                let daemon = try LeafDaemon(setup)
                try host.waitForIDs(setup.socketPath)
                daemon.kill()
                let trace = host.folder.file("trace")
                let child = try launch(setup, error, trace)
                try host.waitForAnswer(setup.socketPath, from: child)
                if child.exit() == nil { try host.issue(setup.socketPath) }
                injected += Injection.count(in: trace)
                outcomes[child.exit().map { "\($0)" } ?? "serves", default: 0] += 1
                child.kill()
                let next = try LeafDaemon(setup)
                try host.waitForIDs(setup.socketPath, "IDs come after the start that follows \(error)")
                next.kill()
            }
            host.expectNoDuplicates()
            figure(
                "injected errors at the start: \(injected) calls failed, then \(outcomes); \(host.summary(cycles: errors.count))"
            )
        }

        /// leafd with errors from its first system call on. strace stays out of the way, so that the child is leafd.
        private func launch(_ setup: DaemonSetup, _ error: InjectedError, _ trace: String) throws -> ChildProcess {
            guard let strace = Tool.find("strace") else { throw TestProblem("there is no strace") }
            let leafd = [try Tool.product("leafd"), "--config", setup.configurationPath]
            let arguments = ["-D"] + error.arguments(path: setup.journal + "/data.mdb", output: trace)
            return try ChildProcess(
                strace, arguments + leafd + setup.settings.flatMap { ["--set", $0] },
                environment: ChildProcess.environment(setup.environment), output: setup.outputPath,
                errors: setup.logPath)
        }
    }
}
