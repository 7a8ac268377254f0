import Foundation
import LeafConfiguration
import Testing

/// A file or arguments, and what leafd says to them.
struct Complaint: Sendable, CustomTestStringConvertible {
    let yaml: String
    let message: String

    init(_ yaml: String, _ message: String) {
        self.yaml = yaml
        self.message = message
    }

    var testDescription: String { yaml }
}

@Suite("What is wrong is said with place, key, value, reason and remedy")
struct ProblemTests {
    @Test(
        "One wrong value gives one complaint",
        arguments: [
            Complaint(
                "segments:\n    max-step: 50",
                "2:15: segments.max-step: 50: must be at least segments.default-step (1000)"
                    + " — raise max-step or lower default-step"),
            Complaint(
                "segments:\n    max-stepp: 50",
                "2:5: segments.max-stepp: unknown key — did you mean segments.max-step?"),
            Complaint(
                "segments: {maxStep: 1}", "1:12: segments.maxStep: unknown key — did you mean segments.max-step?"),
            Complaint("store: {urls: 1}", "1:9: store.urls: unknown key — did you mean store.url?"),
            Complaint("store: {max-batch: 1}", "1:9: store.max-batch: unknown key — did you mean server.max-batch?"),
            Complaint("log: {colour: red}", "1:7: log.colour: unknown key — the keys here are level, format"),
            Complaint("segment: {}", "1:1: segment: unknown section — did you mean segments?"),
            Complaint("max-line: 1", "1:1: max-line: unknown section — did you mean server.max-line?"),
            Complaint(
                "store.url: x",
                "1:1: store.url: unknown section"
                    + " — write it on two lines: store: and below it, indented, url: …"),
            Complaint(
                "log: debug",
                "1:6: log: debug: must be a section — put its keys below it, indented: level, format"),
            Complaint(
                "log: {level: warn}",
                "1:14: log.level: warn: must be one of trace, debug, info, notice, warning, error, critical"
                    + " — did you mean warning?"),
            Complaint(
                "log: {level: [info]}",
                "1:14: log.level: […]: must be a single value (choice) — write one value on this line"),
            Complaint(
                "log:\n    level:",
                "2:11: log.level: has no value — give one, or remove the line to keep the default"),
            Complaint(
                "segments: {warm: orders}",
                "1:18: segments.warm: orders: must be a list — write [tag], or one line \"- tag\" for each"),
            Complaint(
                "segments: {warm: [a, b, a]}", "1:25: segments.warm[2]: a: lists a twice — remove one of the two"),
            Complaint(
                "log:\n    level: info\n    level: debug",
                "2:5: gives the key \"level\" twice, first here — keep one of the two"),
            Complaint(
                "- log",
                "1:1: must consist of sections — write one of socket, store, segments, snowflake, journal, server, "
                    + "access, log, a colon, and below it, indented, its keys"),
        ])
    func oneProblem(complaint: Complaint) {
        #expect(problems(complaint.yaml) == ["leafd.yaml:\(complaint.message)"])
    }

    @Test(
        "YAML that is none is said with its line",
        arguments: [
            ("log:\n\tlevel: info", "leafd.yaml:2:1: is not valid YAML: "),
            ("log: \"open", "leafd.yaml:1:11: is not valid YAML: "),
            ("log: {}\n---\nlog: {}", "leafd.yaml:2:1: is not valid YAML: "),
            ("log: *nothing", "leafd.yaml:1:6: is not valid YAML: "),
            ("log: \u{1}", "leafd.yaml: is not valid YAML: control characters"),
        ])
    func syntax(yaml: String, beginning: String) throws {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix(beginning))
    }

    @Test("All problems are told at once: the file's in its order, then the environment's, then the arguments'")
    func allAtOnce() {
        let found = problems(
            """
            server:
                max-line: 64
                max-batch: many
            segments:
                max-step: 50
            log:
                level: 7
            """, environment: ["LEAFD_STORE_BEAT": "30", "LEAFD_STORE_TLS": "on"], sets: ["foo", "log.format=xml"])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "leafd.yaml:2:15:", "leafd.yaml:3:16:", "leafd.yaml:5:15:", "leafd.yaml:7:12:", "LEAFD_STORE_BEAT:",
                "LEAFD_STORE_TLS:", "--set", "--set",
            ])
        #expect(
            found.last == "--set log.format=xml: must be one of auto, text, json — choose one of these")
        #expect(
            found[4] == "LEAFD_STORE_BEAT: store.beat: 30: has no unit — write 30s or 30ms: "
                + "the units are ms, s, m and h")
    }

    @Test(
        "An unknown key in an argument is told the nearest one, also in a wrong section",
        arguments: [
            ("segmnets.max-step", "did you mean segments.max-step?"),
            ("storage.max-open", "did you mean store.max-open?"),
            ("access.users", "access has no keys below it: write it as a list"),
            ("path", "did you mean socket.path or journal.path?"),
            ("", "the sections are socket, store, segments, snowflake, journal, server, access, log"),
        ])
    func unknownArguments(name: String, remedy: String) {
        let shown = name.isEmpty ? "\"\"" : name
        #expect(problems(sets: ["\(name)=1"]) == ["--set \(shown)=…: unknown key — \(remedy)"])
    }

    @Test("A wrong value is an error also where a later one overrides it")
    func overridden() {
        #expect(problems("log: {level: loud}", sets: ["log.level=info"]).count == 1)
    }

    @Test("What does not fit a value that is wrong itself is not told as well")
    func noEcho() {
        #expect(problems("segments: {default-step: x, max-step: 50}").count == 1)
    }

    @Test("An alias that repeats itself without end is refused, and not followed")
    func aliases() {
        var yaml = "access:\n  - &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let before = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            yaml += "  - &a\(level) [\(before)]\n"
        }
        #expect(
            problems(yaml) == ["leafd.yaml: has more than 200000 values — remove some; do aliases repeat them?"])
    }

    @Test("A long or odd value is quoted short and without control characters")
    func quoting() {
        #expect(problems(sets: ["log.level=\u{1B}[31m"])[0].hasPrefix("--set log.level=\u{FFFD}[31m: must be one of"))
        let long = String(repeating: "x", count: 5000)
        #expect(problems("log: {level: \(long)}")[0].count < 400)
    }
}
