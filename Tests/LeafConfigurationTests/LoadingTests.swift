import Foundation
import LeafConfiguration
import Testing

@Suite("Values come from the defaults, the file, the environment and the arguments")
struct LoadingTests {
    @Test("Without anything, everything has its default")
    func defaults() throws {
        #expect(try load("") == Configuration())
        #expect(try load("# only a comment\n") == Configuration())
        #expect(try load("\u{FEFF}store:\nsegments:\n    # nothing yet\nlog: {}\n") == Configuration())
    }

    @Test(
        "The later source holds",
        arguments: [
            ("log: {level: debug}", [:], [], LogLevel.debug),
            ("log: {level: debug}", ["LEAFD_LOG_LEVEL": "error"], [], .error),
            ("log: {level: debug}", ["LEAFD_LOG_LEVEL": "error"], ["log.level=trace"], .trace),
            ("", ["LEAFD_LOG_LEVEL": "error"], [], .error),
            ("", [:], ["log.level=trace", "log.level=notice"], .notice),
        ] as [(String, [String: String], [String], LogLevel)])
    func order(yaml: String, environment: [String: String], sets: [String], level: LogLevel) throws {
        #expect(try load(yaml, environment: environment, sets: sets).log.level == level)
    }

    /// A value for each key that is not its default, as the environment and `--set` take it.
    static let others: [String: String] = [
        "socket.path": "/tmp/a.sock", "socket.mode": "0666", "socket.group": "ids", "socket.admin-path": "/tmp/b.sock",
        "socket.admin-uids": "0, 1000", "store.url": "postgresql://a@b:1/c", "store.password-file": "/p",
        "store.table": "t", "store.create-schema": "true", "store.max-open": "5", "store.max-idle": "1",
        "store.max-lifetime": "2h", "store.connect-timeout": "3s", "store.query-timeout": "4s", "store.beat": "5s",
        "store.failover-gap": "7000000", "store.identity": "none", "store.tls": "verify-full", "store.ca-file": "/ca",
        "segments.default-step": "2000", "segments.min-step": "10", "segments.max-step": "5000",
        "segments.adjust-ratio": "1.5", "segments.short-life": "1m", "segments.long-life": "1h",
        "segments.preload-threshold": "0.5", "segments.reserve": "0", "segments.max-segments": "9",
        "segments.cleanup-interval": "1h", "segments.wait-timeout": "20ms", "segments.max-parked": "3",
        "segments.auto-create": "true", "segments.warm": "orders,users", "segments.tags": "[{name: orders}]",
        "snowflake.enabled": "false", "snowflake.epoch": "1577836800000", "snowflake.worker": "63",
        "snowflake.extra-workers": "2",
        "snowflake.horizon": "3h", "snowflake.takeover-hold": "3m", "snowflake.layout": "js53",
        "journal.path": "/j", "journal.witness": "/w", "journal.map-size": "64MiB", "journal.window": "500ms",
        "journal.after-reboot": "wait", "server.event-loops": "2", "server.max-connections": "7",
        "server.max-connections-per-uid": "5", "server.memory-limit": "32MiB",
        "server.max-line": "8KiB", "server.max-batch": "10", "server.idle-timeout": "1m",
        "server.output-limit": "2MiB", "access": "[{uid: 0, tags: [x]}]", "log.level": "error", "log.format": "json",
    ]

    @Test("Each key is read from the file, the environment and --set alike", arguments: Key.all)
    func everyKey(key: Key) throws {
        let value = try #require(Self.others[key.name], "the test needs a value for \(key.name)")
        let inFile = key.type.hasPrefix("list of") && !key.isFileOnly ? "[\(value)]" : value
        let yaml = key.name == "access" ? "access: \(inFile)" : "\(key.section): {\(key.shortName): \(inFile)}"
        let expected = try load(yaml)
        #expect(Configuration().changes(to: expected).map(\.key) == [key.name])
        if key.isFileOnly {
            #expect(problems(environment: [key.variable: value]).count == 1)
            #expect(problems(sets: ["\(key.name)=\(value)"]).count == 1)
        } else {
            #expect(try load("", environment: [key.variable: value]) == expected)
            #expect(try load("", sets: ["\(key.name)=\(value)"]) == expected)
        }
    }

    @Test("The names of variables are capitals with underscores")
    func variables() {
        let variables = Set(Key.all.map(\.variable))
        #expect(variables.count == Key.all.count)
        #expect(variables.isSuperset(of: ["LEAFD_STORE_URL", "LEAFD_SEGMENTS_MAX_STEP", "LEAFD_SOCKET_ADMIN_UIDS"]))
    }

    @Test("An unknown variable gives a warning with the nearest name, and no error")
    func unknownVariables() throws {
        let found = try warnings(environment: [
            "LEAFD_PORT": "tcp://10.0.0.1:80", "LEAFD_STORE_ULR": "x", "LEAFD_SOCKET": "/s", "PATH": "/bin",
        ])
        #expect(
            found == [
                "LEAFD_PORT: no such key; the variable is ignored — unset it if it was meant for leafd",
                "LEAFD_STORE_ULR: no such key; the variable is ignored — did you mean LEAFD_STORE_URL?",
            ])
    }

    @Test("An empty text outside the file is none, or an empty list")
    func emptyTexts() throws {
        let yaml = "socket: {group: ids, admin-uids: [7]}"
        #expect(try load(yaml, sets: ["socket.group="]).socket.group == nil)
        #expect(try load(yaml, environment: ["LEAFD_SOCKET_ADMIN_UIDS": ""]).socket.adminUIDs == [])
    }

    @Test("A value may contain equals signs")
    func equalsSigns() throws {
        let url = "mysql://u@/d?socket=/s"
        #expect(try load("", sets: ["store.url=\(url)"]).store.url.server?.socket == "/s")
    }

    @Test("A file that is missing, a folder, too large or no UTF-8 is named with the reason")
    func unreadableFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func message(_ name: String, _ bytes: [UInt8]?) throws -> String {
            let path = folder.appendingPathComponent(name).path
            if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
            let error = #expect(throws: ConfigurationError.self) { _ = try Configuration.load(file: path) }
            return (error?.description ?? "").replacingOccurrences(of: folder.path + "/", with: "")
        }
        #expect(
            try message("none", nil)
                == "none: cannot be read: No such file or directory — create it, or name another one")
        #expect(try message("", nil).contains("cannot be read: Is a directory"))
        #expect(try message("latin1", [0x23, 0xE4]) == "latin1: is not UTF-8 — save it as UTF-8")
        #expect(
            try message("large", Array(repeating: 0x23, count: 1 << 20 + 1))
                == "large: is larger than 1MiB — is this the right file?")
    }

    @Test("The effective configuration is YAML that loads as the same configuration")
    func dump() throws {
        var configuration = try load(
            """
            access: [{uid: 7, tags: ["a*"]}, {group: "x y", tags: ["?", "b:c"]}]
            segments:
                tags: [{name: "a:b", step: 5, start: 6, max: 7, description: "say \\"hi\\", # 1"}, {name: "null"}]
                warm: [a, "[b]", "1"]
            snowflake: {layout: {unit: 4ms, time-bits: 40, worker-bits: 8, sequence-bits: 10}, worker: 255}
            server: {max-line: 1000, idle-timeout: 1500ms}
            store: {url: "sqlite:///a b%3F"}
            """.replacingOccurrences(of: "\"x y\"", with: "xy"))
        #expect(try load(configuration.description) == configuration)
        configuration.socket.group = "null"
        #expect(try load(configuration.description) == configuration)
    }
}
