import LeafConfiguration
import LeafCore
import Testing

@Suite("Tags, access rules and layouts have parts")
struct ListTests {
    @Test("A tag needs only a name")
    func tags() throws {
        let tags = try load(
            """
            segments:
                tags:
                    - name: orders
                    - {name: users, step: 5, start: 10, max: 20, description: Our users}
            """
        ).segments.tags
        #expect(tags.map { "\($0.name)" } == ["orders", "users"])
        #expect(tags.map(\.step) == [nil, 5])
        #expect(tags.map(\.start) == [1, 10])
        #expect(tags.map(\.max) == [.max, 20])
        #expect(tags.map(\.description) == ["", "Our users"])
    }

    @Test(
        "What is wrong with a tag is said where it stands",
        arguments: [
            Complaint("{step: 5}", "1:19: segments.tags[0]: {…}: has no name — add name: …"),
            Complaint(
                "orders",
                "1:19: segments.tags[0]: orders: must be a mapping — write {name: …}, "
                    + "with the parts name, step, start, max, description"),
            Complaint("{name: x, stepp: 5}", "1:29: segments.tags[0].stepp: unknown key — did you mean step?"),
            Complaint(
                "{name: x, step: 0}",
                "1:35: segments.tags[0].step: 0: must be at least 1"
                    + " — choose a value from 1 to 2147483647"),
            Complaint(
                "{name: x, start: 0}",
                "1:36: segments.tags[0].start: 0: must be at least 1"
                    + " — choose a value from 1 to 9223372036854775807"),
            Complaint(
                "{name: x, start: 9, max: 8}",
                "1:44: segments.tags[0].max: 8: max (8) must be at least start (9)"
                    + " — raise max or lower start"),
            Complaint(
                "{name: x}, {name: x}",
                "1:30: segments.tags[1]: {…}: defines the tag x a second time"
                    + " — remove one of the two"),
            Complaint(
                "{name: a b}",
                "1:26: segments.tags[0].name: a b: is no tag"
                    + " — a tag must be printable, without space or control characters: it contains U+20"),
            Complaint(
                "{name: \"\"}",
                "1:26: segments.tags[0].name: \"\": is no tag"
                    + " — a tag must not be empty: give 1 to 128 bytes"),
        ])
    func wrongTags(complaint: Complaint) {
        #expect(problems("segments: {tags: [\(complaint.yaml)]}") == ["leafd.yaml:\(complaint.message)"])
    }

    @Test("A tag's range may be one ID, up to the last there is")
    func oneID() throws {
        let last = Int64.max
        #expect(try load("segments: {tags: [{name: x, start: \(last), max: \(last)}]}").segments.tags[0].start == last)
        #expect(problems("segments: {tags: [{name: x, max: 9223372036854775808}]}").count == 1)
    }

    @Test("A description has at most 256 characters, as the column has")
    func descriptions() {
        let longest = String(repeating: "ä", count: 256)
        #expect(problems("segments: {tags: [{name: x, description: \(longest)}]}") == [])
        #expect(problems("segments: {tags: [{name: x, description: \(longest)ä}]}").count == 1)
    }

    @Test("A wrong tag hides no other wrong tag")
    func severalTags() {
        #expect(problems("segments: {tags: [{name: a b}, {step: 1}, {name: x, step: x}], warm: [a, c d]}").count == 4)
    }

    @Test("A rule has one subject and its patterns")
    func access() throws {
        let rules = try load(
            """
            access:
                - {uid: 0, tags: ["*"]}
                - {gid: 4294967294, tags: [a, b]}
                - {user: shop, tags: [orders]}
                - {group: staff, tags: ["test-?"]}
            """
        ).access
        #expect(rules.map(\.subject) == [.uid(0), .gid(4_294_967_294), .user("shop"), .group("staff")])
        #expect(rules.map { $0.tags.map(\.text) } == [["*"], ["a", "b"], ["orders"], ["test-?"]])
    }

    @Test(
        "What is wrong with a rule is said where it stands",
        arguments: [
            Complaint(
                "{tags: [x]}",
                "1:10: access[0]: {…}: names nobody"
                    + " — give exactly one of uid, gid, user, group in each rule"),
            Complaint(
                "{uid: 1, user: a, tags: [x]}",
                "1:10: access[0]: {…}: names uid and user"
                    + " — give exactly one of uid, gid, user, group in each rule"),
            Complaint("{uid: 1}", "1:10: access[0]: {…}: has no tags — add tags: …"),
            Complaint(
                "{uid: 1, tags: []}",
                "1:10: access[0]: {…}: allows no tag"
                    + " — give at least one pattern, or remove the rule"),
            Complaint(
                "{uid: -1, tags: [x]}",
                "1:16: access[0].uid: -1: must be at least 0"
                    + " — choose a value from 0 to 4294967294"),
            Complaint(
                "{uid: 1, tags: [x y]}",
                "1:26: access[0].tags[0]: x y: is no pattern of tags"
                    + " — a tag must be printable, without space or control characters: it contains U+20; "
                    + "* and ? are wildcards"),
            Complaint("{uid: 1, tag: [x], tags: [x]}", "1:19: access[0].tag: unknown key — did you mean tags?"),
        ])
    func wrongRules(complaint: Complaint) {
        #expect(problems("access: [\(complaint.yaml)]") == ["leafd.yaml:\(complaint.message)"])
    }

    @Test(
        "Patterns match whole names",
        arguments: [
            ("orders", "orders", true), ("orders", "orders2", false), ("orders", "order", false), ("*", "", true),
            ("*", "anything", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "cba", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false), ("*ab", "aab", true), ("a?c", "abc", true), ("a?c", "ac", false), ("?", "ä", true),
            ("??", "ä", false), ("*?", "", false), ("**", "x", true), ("a[b]", "a[b]", true), ("A", "a", false),
            ("test-?", "test-12", false), ("*.*", "a.b.c", true), ("", "", true), ("", "a", false),
        ])
    func patterns(pattern: String, name: String, matches: Bool) {
        #expect(TagPattern(pattern).matches(name) == matches)
    }

    /// It would take for ever, were each star tried with each rest.
    @Test("A pattern of many stars takes no time")
    func hostilePattern() {
        let pattern = TagPattern(String(repeating: "a*", count: 64) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 128)))
    }

    @Test(
        "A layout is a preset or has four parts",
        arguments: [
            ("leaf", SnowflakeLayout.leaf), ("js53", .js53),
            ("{unit: 1ms, time-bits: 41, worker-bits: 10, sequence-bits: 12}", .leaf),
            (
                "{unit: 1s, time-bits: 36, worker-bits: 16, sequence-bits: 11}",
                SnowflakeLayout(unit: .seconds(1), timeBits: 36, workerBits: 16, sequenceBits: 11)
            ),
        ])
    func layouts(text: String, layout: SnowflakeLayout) throws {
        #expect(try load("snowflake: {layout: \(text)}").snowflake.layout == layout)
    }

    @Test(
        "A layout that cannot be is refused",
        arguments: [
            "sonyflake", "{unit: 1ms, time-bits: 41, worker-bits: 10}",
            "{unit: 1ms, time-bits: 42, worker-bits: 10, sequence-bits: 12}",
            "{unit: 0, time-bits: 41, worker-bits: 10, sequence-bits: 12}",
            "{unit: 1ms, time-bits: 51, worker-bits: 1, sequence-bits: 1}",
            "{unit: 1ms, time-bits: 41, worker-bits: 0, sequence-bits: 12}",
            "{unit: 1ms, time-bits: 41, worker-bits: 10, sequence-bits: 12, sign: 1}", "[41, 10, 12]",
        ])
    func wrongLayouts(text: String) {
        #expect(problems("snowflake: {layout: \(text)}").count == 1)
    }
}
