import Foundation
import LeafClient
import LeafTestKit
import Testing

extension Integration {
    @Suite("Configured")
    struct ConfigurationTests {
        private struct Mistake: Sendable, CustomTestStringConvertible {
            let yaml: String
            let line: Int
            /// What the message must name.
            let words: [String]

            var testDescription: String { yaml.trimmingCharacters(in: .whitespacesAndNewlines) }
        }

        private static let mistakes = [
            Mistake(yaml: "server:\n  max-batch: many\n", line: 2, words: ["server.max-batch", "many"]),
            Mistake(yaml: "server:\n  max-bacth: 10\n", line: 2, words: ["max-bacth", "max-batch"]),
            Mistake(yaml: "\njournal:\n  window: 5\n", line: 3, words: ["journal.window", "5"]),
            Mistake(yaml: "segments:\n  default-step: -1\n", line: 2, words: ["segments.default-step", "-1"]),
            Mistake(yaml: "store:\n  url: ftp://x\n", line: 2, words: ["store.url", "ftp"]),
            Mistake(yaml: "server: [\n", line: 1, words: []),
        ]

        @Test("a mistake stops the start with 78, and with file, line, key, value and reason", arguments: mistakes)
        private func mistake(_ mistake: Mistake) throws {
            let folder = TemporaryFolder()
            let file = folder.file("leafd.yaml")
            try mistake.yaml.write(toFile: file, atomically: true, encoding: .utf8)
            for flags in [[], ["--check"]] {
                let result = try Tool.run(try Tool.product("leafd"), ["--config", file] + flags)
                #expect(result.exit == .code(78))
                #expect(result.output == "")
                let lines = result.errors.split(separator: "\n")
                let named = lines.first { $0.contains("\(file):\(mistake.line):") } ?? lines.first { $0.contains(file) }
                let message = String(try #require(named, "\(result.errors)"))
                #expect(mistake.words.allSatisfy(message.contains), "\(message)")
            }
        }

        @Test("a file that is not there, and a --set that is wrong, are named")
        func otherSources() throws {
            let leafd = try Tool.product("leafd")
            let missing = try Tool.run(leafd, ["--config", "/nowhere/leafd.yaml"])
            #expect(missing.exit == .code(78))
            #expect(missing.errors.contains("/nowhere/leafd.yaml"))
            let set = try Tool.run(leafd, ["--set", "server.max-batch=0"])
            #expect(set.exit == .code(78))
            #expect(set.errors.contains("--set server.max-batch=0"), "\(set.errors)")
            let variable = try Tool.run(leafd, [], environment: ["LEAFD_SERVER_MAX_BATCH": "0"])
            #expect(variable.exit == .code(78))
            #expect(variable.errors.contains("LEAFD_SERVER_MAX_BATCH"), "\(variable.errors)")
        }

        @Test("--check prints what would be in force: the file, under the environment, under --set")
        func precedence() throws {
            var setup = DaemonSetup()
            setup.yaml = "server:\n    max-batch: 11\n    max-line: 1KiB\n    event-loops: 1\n"
            try setup.write()
            let result = try Tool.run(
                try Tool.product("leafd"),
                ["--config", setup.configurationPath, "--check", "--set", "server.max-batch=33"],
                environment: ["LEAFD_SERVER_MAX_BATCH": "22", "LEAFD_SERVER_MAX_LINE": "2KiB", "LEAFD_PORT": "tcp://x"])
            #expect(result.isSuccess, "\(result.errors)")
            #expect(result.output.contains("max-batch: 33"), "\(result.output)")
            #expect(result.output.contains("max-line: 2KiB"))
            #expect(result.output.contains("event-loops: 1"))
            #expect(result.errors.contains("LEAFD_PORT"), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: setup.journalPath))
        }

        @Test("environment and --set hold in the running daemon")
        func overrides() throws {
            var setup = DaemonSetup(settings: ["server.max-batch=5"])
            setup.environment = ["LEAFD_SEGMENTS_AUTO_CREATE": "true", "LEAFD_SERVER_MAX_BATCH": "7"]
            let daemon = try LeafDaemon(setup)
            let leafd = try daemon.connect()
            #expect(try leafd.next("orders", count: 5).count == 5)
            #expect(try leafd.command("NEXT", "orders", "6").errorPrefix == "ERR")
            #expect(try leafd.next("never-heard-of") == 1)
        }

        @Test("SIGHUP takes over log level, tags and limits, and says what it cannot")
        func reload() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            let leafd = try daemon.connect()
            #expect(try leafd.next("orders", count: 20) == Array(1...20))
            #expect(try leafd.command("NEXT", "parcels").errorPrefix == "NOTAG")
            var changed = daemon.setup
            changed.tags.append("{name: parcels, start: 500}")
            changed.yaml = "server:\n    max-batch: 10\n    event-loops: 3\nlog:\n    level: debug\n"
            try changed.write()
            daemon.process.signal(SIGHUP)
            try daemon.waitForLog("reloaded server.max-batch")
            try daemon.waitForLog("reloaded log.level")
            try eventually("the new tag") { try leafd.command("NEXT", "parcels").integer == 500 }
            // Limits hold for connections that come after the reload.
            #expect(try daemon.ask("NEXT", "orders", "20").errorPrefix == "ERR")
            try daemon.waitForLog("server.event-loops")
            #expect(
                daemon.log.split(separator: "\n").contains {
                    $0.contains("server.event-loops") && $0.contains("restart")
                })
            #expect(try leafd.next("orders") == 21)
        }

        @Test("SIGHUP with a mistake in the file leaves everything as it is, and says so")
        func failedReload() throws {
            let daemon = try LeafDaemon(DaemonSetup())
            #expect(try daemon.next() == 1)
            var changed = daemon.setup
            changed.yaml = "server:\n    max-batch: none\n"
            try changed.write()
            daemon.process.signal(SIGHUP)
            try daemon.waitForLog("not reloaded")
            #expect(daemon.log.contains("server.max-batch"))
            #expect(try daemon.next() == 2)
        }
    }
}
