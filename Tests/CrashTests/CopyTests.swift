import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Crash {
    @Suite("The journal is copied, or an older one is put back")
    struct CopyTests {
        /// How a copy is made, and what becomes of it.
        struct Case: Sendable, CustomTestStringConvertible {
            let tool: Tool
            /// While the daemon issues, or after it was killed.
            let isRunning: Bool
            /// Both work at the same time; else the copy takes over, and then the original again.
            let isBeside: Bool
            /// Both keep their witnesses in one folder, as two daemons of one host do; else the copy has one of its own.
            let sharesWitness: Bool

            enum Tool: String, CaseIterable, Sendable {
                case cp
                case rsync

                func copy(_ source: String, to target: String) throws {
                    let arguments = self == .cp ? ["-a", source, target] : ["-a", source + "/", target + "/"]
                    let result = try LeafTestKit.Tool.run(rawValue, arguments)
                    guard result.isSuccess else { throw TestProblem("\(rawValue): \(result.errors)") }
                }
            }

            var testDescription: String {
                "\(tool.rawValue) \(isRunning ? "while it runs" : "of a stopped one"), used "
                    + "\(isBeside ? "beside" : "instead of") the original, "
                    + (sharesWitness ? "one witness folder" : "a witness folder of its own")
            }

            /// Each once with one of the tools; with both in a long run.
            static var all: [Case] {
                (0..<16).compactMap { bits in
                    let tool = bits & 8 != 0 ? Tool.rsync : .cp
                    let isShort = soakScale > 1 || (bits & 7).nonzeroBitCount.isMultiple(of: 2) == (tool == .cp)
                    guard isShort, LeafTestKit.Tool.isThere(tool.rawValue) else { return nil }
                    return Case(
                        tool: tool, isRunning: bits & 1 != 0, isBeside: bits & 2 != 0, sharesWitness: bits & 4 != 0)
                }
            }
        }

        @Test("whoever works with the copy and with the original, and when: no ID comes twice", arguments: Case.all)
        func copied(_ copying: Case) throws {
            let rounds = Int(soakScale)
            var ids = 0
            for _ in 0..<rounds {
                let host = Host()
                let original = host.setup("original")
                let first = try LeafDaemon(original)
                try host.waitForIDs(original.socketPath)
                let witness = copying.sharesWitness ? nil : TemporaryFolder()
                let copy = host.setup("copy", witness: witness?.memory)
                if copying.isRunning {
                    try underLoad(host, original) { try copying.tool.copy(original.journal, to: copy.journal) }
                } else {
                    first.kill()
                    try copying.tool.copy(original.journal, to: copy.journal)
                }
                try work(host, first, copy, copying)
                host.expectNoDuplicates()
                ids += host.collector.count
            }
            figure("copy by \(copying.testDescription): \(rounds) cycles, \(ids) IDs")
        }

        private func work(_ host: Host, _ first: LeafDaemon, _ copy: DaemonSetup, _ copying: Case) throws {
            let original = first.setup
            if copying.isBeside {
                if first.process.exit() != nil { try first.start() }
                let second = try LeafDaemon(copy)
                for _ in 0..<5 {
                    for setup in [original, copy] { try host.waitForIDs(setup.socketPath) }
                }
                // Each once more, whatever the other has done meanwhile.
                for daemon in [first, second] {
                    daemon.kill()
                    try daemon.start()
                    try host.waitForIDs(daemon.setup.socketPath)
                }
            } else {
                first.kill()
                for setup in [copy, original, copy] {
                    let daemon = try LeafDaemon(setup)
                    try host.waitForIDs(setup.socketPath)
                    daemon.kill()
                }
            }
        }

        @Test(
            "a copy that is started while the store is away issues nothing, and the original goes on",
            arguments: [true, false])
        func copiedInOutage(sharesWitness: Bool) throws {
            let rounds = Int(2 * soakScale)
            var ids = 0
            for round in 0..<rounds {
                let host = Host()
                let original = host.setup("original", settings: ["segments.wait-timeout=500ms"])
                let first = try LeafDaemon(original)
                try host.waitForIDs(original.socketPath)
                let witness = sharesWitness ? nil : TemporaryFolder()
                let copy = host.setup("copy", witness: witness?.memory, settings: ["segments.wait-timeout=500ms"])
                if round.isMultiple(of: 2) { first.kill() }
                try Case.Tool.cp.copy(original.journal, to: copy.journal)
                try original.store.moveAway()
                let second = try LeafDaemon(copy)
                #expect(try host.issue(copy.socketPath).ids.count == 0, "a copy must not be issued from")
                // It may be here before the copy, or come after it.
                if round.isMultiple(of: 2) { try first.start() }
                #expect(try host.issue(original.socketPath, rounds: 1).ids.count > 0, "the original has stock")
                second.kill()
                try second.start()
                #expect(try host.issue(copy.socketPath).ids.count == 0, "a copy must not be issued from")
                try original.store.moveBack()
                for setup in [copy, original] { try host.waitForIDs(setup.socketPath) }
                host.expectNoDuplicates()
                ids += host.collector.count
            }
            figure(
                "copy in an outage, \(sharesWitness ? "one witness folder" : "a witness folder of its own"): "
                    + "\(rounds) cycles, \(ids) IDs")
        }

        private func underLoad(_ host: Host, _ setup: DaemonSetup, _ body: () throws -> Void) throws {
            let load = Load(collector: host.collector)
            let client = LoadClient(
                path: setup.socketPath, tag: "orders", thread: 1, requests: [.lease(2000), .next],
                pause: .milliseconds(1))
            try load.run([client]) {
                try host.collector.waitForMore()
                try body()
                try host.collector.waitForMore()
            }
        }

        /// How an older copy comes back.
        enum Restore: CaseIterable, Sendable {
            /// Into the same file.
            case inPlace
            /// Another file in its place.
            case byRename
        }

        @Test(
            "an older journal put back: no ID comes twice, and without the store not one comes at all",
            arguments: Restore.allCases, [false, true])
        func restored(_ restore: Restore, isInOutage: Bool) throws {
            let rounds = Int(3 * soakScale)
            var ids = 0
            for round in 0..<rounds {
                let host = Host()
                let setup = host.setup(settings: ["segments.wait-timeout=500ms"])
                let daemon = try LeafDaemon(setup)
                try host.waitForIDs(setup.socketPath)
                // By turns from a daemon that runs, was killed, was stopped.
                if round % 3 == 1 { daemon.kill() }
                if round % 3 == 2 { #expect(try daemon.stop() == .code(0)) }
                let data = setup.journal + "/data.mdb"
                let backup = host.folder.file("backup")
                try FileManager.default.copyItem(atPath: data, toPath: backup)
                if round % 3 != 0 { try daemon.start() }
                // What the backup does not know of. Each lease is larger than a window, so there are many commits.
                try host.issue(setup.socketPath, rounds: 10)
                daemon.kill()
                if isInOutage { try setup.store.moveAway() }
                switch restore {
                case .inPlace: try JournalImage(path: backup).write(over: data)
                case .byRename: #expect(rename(backup, data) == 0)
                }
                try daemon.start()
                if isInOutage {
                    let answer = try host.issue(setup.socketPath)
                    #expect(answer.ids.count == 0, "an older journal must not be issued from")
                    try setup.store.moveBack()
                }
                try host.waitForIDs(setup.socketPath)
                #expect(try Stats(daemon).startedFrom == "unproven")
                daemon.kill()
                host.expectNoDuplicates()
                ids += host.collector.count
            }
            figure(
                "older journal put back \(restore)\(isInOutage ? ", in an outage" : ""): \(rounds) cycles, \(ids) IDs")
        }
    }
}
