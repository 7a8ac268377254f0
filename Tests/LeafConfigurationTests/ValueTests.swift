import LeafConfiguration
import Testing

@Suite("Each type takes what it should, and nothing else")
struct ValueTests {
    @Test(
        "Durations have a unit",
        arguments: [
            ("20ms", Duration.milliseconds(20)), ("1500ms", .milliseconds(1500)), ("2s", .seconds(2)),
            ("1m", .seconds(60)), ("60000ms", .seconds(60)),
        ])
    func durations(text: String, value: Duration) throws {
        #expect(try load("", sets: ["segments.wait-timeout=\(text)"]).segments.waitTimeout == value)
    }

    @Test(
        "What is no duration is refused with advice",
        arguments: [
            ("30", "has no unit — write 30s or 30ms: the units are ms, s, m and h"),
            ("-1s", "must be at least 1ms — choose a value from 1ms to 1m"),
            ("0", "must be at least 1ms — choose a value from 1ms to 1m"),
            ("61s", "must be at most 1m — choose a value from 1ms to 1m"),
            ("99999999999999999999h", "must be at most 1m — choose a value from 1ms to 1m"),
            ("9223372036854775807h", "must be at most 1m — choose a value from 1ms to 1m"),
            (
                "1d",
                "has no known unit — write a whole number and ms, s, m or h, like 1500ms or 30m; "
                    + "choose a value from 1ms to 1m"
            ),
            (
                "1.5s",
                "has no known unit — write a whole number and ms, s, m or h, like 1500ms or 30m; "
                    + "choose a value from 1ms to 1m"
            ),
            (
                "soon",
                "is no duration — write a whole number and ms, s, m or h, like 1500ms or 30m; "
                    + "choose a value from 1ms to 1m"
            ),
            (
                "1S",
                "has no known unit — write a whole number and ms, s, m or h, like 1500ms or 30m; "
                    + "choose a value from 1ms to 1m"
            ),
        ])
    func wrongDurations(text: String, message: String) {
        #expect(
            problems(sets: ["segments.wait-timeout=\(text)"]) == ["--set segments.wait-timeout=\(text): \(message)"])
    }

    @Test("A bare 0 is a duration where 0 means something")
    func zero() throws {
        #expect(try load("server: {idle-timeout: 0}").server.idleTimeout == .zero)
        #expect(
            problems(sets: ["server.idle-timeout=999ms"]) == [
                "--set server.idle-timeout=999ms: must be at least 1s — choose a value from 1s to 168h, or 0 (never)"
            ])
    }

    @Test(
        "Sizes are bytes, or have a binary unit",
        arguments: [("128", 128), ("4096", 4096), ("64KiB", 65_536), ("64 KiB", 65_536), ("1MiB", 1_048_576)])
    func sizes(text: String, value: Int) throws {
        #expect(try load("", sets: ["server.max-line=\(text)"]).server.maxLineBytes == value)
    }

    @Test(
        "What is no size is refused with advice",
        arguments: [
            ("127", "must be at least 128 — choose a value from 128 to 1MiB"),
            ("2MiB", "must be at most 1MiB — choose a value from 128 to 1MiB"),
            ("9223372036854775807GiB", "must be at most 1MiB — choose a value from 128 to 1MiB"),
            ("99999999999999999999", "must be at most 1MiB — choose a value from 128 to 1MiB"),
            ("-1KiB", "must be at least 128 — choose a value from 128 to 1MiB"),
            ("64K", "has no known unit — write 64KiB"),
            ("64kb", "has no known unit — write 64KiB"),
            (
                "big",
                "is no size — write bytes, or a whole number of KiB, MiB or GiB, like 64KiB; "
                    + "choose a value from 128 to 1MiB"
            ),
        ])
    func wrongSizes(text: String, message: String) {
        #expect(problems(sets: ["server.max-line=\(text)"]) == ["--set server.max-line=\(text): \(message)"])
    }

    @Test("The journal's size is a whole number of pages")
    func pages() throws {
        #expect(try load("journal: {map-size: 16MiB}").journal.mapSize == 16 << 20)
        #expect(problems("journal: {map-size: 20000001}").count == 1)
    }

    @Test(
        "Integers are decimal, and within their range",
        arguments: [
            ("0", "must be at least 1 — choose a value from 1 to 10000000"),
            ("-5", "must be at least 1 — choose a value from 1 to 10000000"),
            ("10000001", "must be at most 10000000 — choose a value from 1 to 10000000"),
            (
                "9999999999999999999999999999999999999999999",
                "must be at most 10000000 — choose a value from 1 to 10000000"
            ),
            ("1_000", "is no integer — write it without separators: 1000"),
            ("010", "begins with a 0, which YAML may take for octal — write it without the 0"),
            ("0x10", "is no integer — choose a value from 1 to 10000000"),
            ("1e3", "is no integer — choose a value from 1 to 10000000"),
            ("+5", "is no integer — choose a value from 1 to 10000000"),
        ])
    func integers(text: String, message: String) {
        #expect(problems(sets: ["server.max-batch=\(text)"]) == ["--set server.max-batch=\(text): \(message)"])
    }

    @Test("Both ends of a range are in it")
    func ends() throws {
        #expect(try load("", sets: ["server.max-batch=1"]).server.maxBatch == 1)
        #expect(try load("", sets: ["server.max-batch=10000000"]).server.maxBatch == 10_000_000)
        #expect(try load("", sets: ["segments.max-step=1099511627776"]).segments.maxStep == 1 << 40)
    }

    @Test("Numbers are decimal", arguments: ["nan", "inf", "1e1", "0x2", "1,5", "", "1.0", "101", "."])
    func wrongNumbers(text: String) throws {
        #expect(problems(sets: ["segments.adjust-ratio=\(text)"]).count == 1)
        #expect(try load("", sets: ["segments.adjust-ratio=1.25"]).segments.adjustRatio == 1.25)
    }

    @Test("Booleans are true or false", arguments: ["yes", "on", "True", "1", ""])
    func wrongBooleans(text: String) {
        #expect(
            problems(sets: ["snowflake.enabled=\(text)"]) == [
                "--set snowflake.enabled=\(text): is no boolean — write true or false"
            ])
    }

    @Test("Modes are octal, quoted or not", arguments: [("\"0600\"", 0o600), ("0777", 0o777), ("660", 0o660)])
    func modes(text: String, mode: UInt32) throws {
        #expect(try load("socket: {mode: \(text)}").socket.mode == mode)
    }

    @Test(
        "What is no mode, or locks the daemon out, is refused",
        arguments: ["0680", "4755", "rw-", "0", "0460", "06600"])
    func wrongModes(text: String) {
        #expect(problems(sets: ["socket.mode=\(text)"]).count == 1)
    }

    @Test("A socket's path has at most 107 bytes")
    func socketPath() throws {
        let longest = "/" + String(repeating: "x", count: 106)
        #expect(try load("", sets: ["socket.path=\(longest)"]).socket.path == longest)
        #expect(problems(sets: ["socket.path=\(longest)x"]).count == 1)
        #expect(problems(sets: ["socket.admin-path=\(longest)x"]).count == 1)
        #expect(problems(sets: ["socket.path="]).count == 1)
        #expect(problems(sets: ["socket.path=~/a.sock"]).count == 1)
    }

    @Test("A table's name cannot carry SQL", arguments: ["a b", "a;b", "1a", "a\"", "ä", "", "db.leaf_alloc"])
    func tables(text: String) {
        #expect(problems(sets: ["store.table=\(text)"]).count == 1)
    }

    @Test("What leafd can find out itself is auto or given")
    func automatic() throws {
        #expect(Configuration().server.eventLoops == .auto)
        #expect(try load("server: {event-loops: 64}").server.eventLoops.value == 64)
        #expect(
            problems(sets: ["server.event-loops=65"]) == [
                "--set server.event-loops=65: must be at most 64 — choose a value from 1 to 64, or write auto"
            ])
    }

    @Test("The failover gap is a hundred of the largest steps unless it is given")
    func failoverGap() throws {
        #expect(Configuration().failoverGap == 100_000_000)
        #expect(try load("segments: {max-step: 5000}").failoverGap == 500_000)
        #expect(try load("segments: {max-step: 1099511627776}").failoverGap == 109_951_162_777_600)
        #expect(try load("store: {failover-gap: 2000000}").failoverGap == 2_000_000)
    }
}
