import LeafProtocol
import Testing

@Suite("The STATS JSON")
struct StatsDocumentTests {
    @Test("An empty document has every key of the design, and null for what is not known")
    func everyKeyIsThere() {
        #expect(
            StatsDocument().jsonText() == """
                {"agent_id":null,"commands":{},"connections":{"cut_off":0,"held_bytes":null,"limit":null,"open":0,"refused":0,"refused_per_uid":0,"total":0},"errors":{},\
                "ids":{"failed":0,"issued":0,"lost":0,"qps_1m":0,"qps_1s":0,"qps_avg":0,"runway_s":null,"served":0,"stock":0,"success_rate":null,\
                "waiting":0,"waits":0},\
                "journal":{"bytes":null,"commit_ms":{"max":null,"p50":null,"p99":null},"commits":0,"failures":0,\
                "map_bytes":null,"path":"","replacements":0,"witness":null},"pid":0,\
                "process":{"cpu_s":null,"max_descriptors":null,"open_descriptors":null,"rss_bytes":null},\
                "request_histogram":{"counts":[],"le_us":[],"sum_us":0,"total":0},"request_us":{"max":null,"p50":null,"p99":null,"p999":null},\
                "snowflake":{"clock_offset_ms":null,"clock_steps":0,"enabled":false,"format":null,"generations":[],\
                "horizon_s":null,"ids_per_unit":null,"issued":0,"problem":null,"waits":0,"workers":[]},\
                "started_from":null,"store":{"errors":0,"errors_by_code":{},"kind":"","last_error":null,\
                "lease_ms":{"max":null,"p50":null,"p99":null},"lifts":0,"retries":0,"sessions":{"max":0,"open":0},"since":null,"up":null,"url":""},"tags":[],"tags_total":0,"uptime_s":0,"version":""}
                """)
    }

    @Test("An empty tag has every key of the design, and null for what is not known")
    func everyKeyOfATagIsThere() {
        #expect(
            TagStats(tag: "orders").jsonText() == """
                {"abandoned":0,"buffer_switches":0,"failed":0,"issued":0,"last_load_ms":null,"load_failures":0,"lost":0,"next_step":null,\
                "qps_1m":0,"qps_1s":0,"qps_avg":0,"reserved_to":null,"runway_s":null,"segment_loads":0,"segments":[],"served":0,\
                "step":null,"stock":0,"success_rate":null,"tag":"orders","updated_at":null,"waiting":0,"waits":0}
                """)
    }

    @Test("A segment says how far it is used")
    func segment() {
        var tag = TagStats(tag: "orders")
        tag.segments = [SegmentStats(start: 1, end: 1001, next: 251), SegmentStats(start: 5, end: 5, next: 5)]
        #expect(tag.jsonText().contains(#""segments":[{"end":1001,"next":251,"start":1,"used_ratio":0.25}"#))
        #expect(tag.segments[1].usedRatio == 1)
    }

    @Test("What is written is read back, the largest IDs and slashes and quotes included")
    func roundTrip() throws {
        let document = StatsDocument.example
        #expect(try StatsDocument(json: document.jsonText()) == document)
        #expect(try StatsDocument(json: document.prettyJSONText()) == document)
        #expect(try TagStats(json: document.tags[0].jsonText()) == document.tags[0])
        #expect(document.jsonText().contains("9223372036854775807"))
        #expect(document.jsonText().contains(#""url":"sqlite:///x/y.sqlite""#))
        #expect(!document.jsonText().contains("\n"))
    }

    @Test("Keys that an older daemon does not have are unknown")
    func missingKeys() throws {
        let document = try StatsDocument(json: #"{"version": "0.0.1", "store": {"up": true}, "tags": [{"tag": "a"}]}"#)
        #expect(document.version == "0.0.1")
        #expect(document.store.up == true)
        #expect(document.store.leaseMilliseconds == StatsPercentiles())
        #expect(document.tags == [TagStats(tag: "a")])
        #expect(document.startedFrom == nil)
        #expect(try StatsDocument(json: "{}") == StatsDocument())
    }

    @Test("Of snowflakes too, an older daemon has fewer keys, and a newer one more")
    func snowflakeOfAnotherVersion() throws {
        let document = try StatsDocument(
            json:
                #"{"snowflake": {"enabled": true, "workers": [39], "issued": 7, "leap_seconds": [1], "problem": null}}"#
        )
        var expected = StatsSnowflake()
        expected.enabled = true
        expected.workers = [39]
        expected.issued = 7
        #expect(document.snowflake == expected)
        #expect(document.snowflake.generations == [])
        #expect(document.snowflake.idsPerUnit == nil)
    }

    @Test("Keys and values that only a newer daemon has are no error")
    func newerDaemon() throws {
        let document = try StatsDocument(
            json: #"{"weather": [1, {}], "started_from": "cloned", "pid": null, "store": null, "commands": {"X": 1}}"#)
        #expect(document.startedFrom == StatsStart(rawValue: "cloned"))
        #expect(document.pid == 0)
        #expect(document.store == StatsStore())
        #expect(document.commands == ["X": 1])
    }

    @Test(
        "Stock that lasts for ever, and what is no number, are null: JSON has neither",
        arguments: [Double.infinity, .nan])
    func notFinite(value: Double) throws {
        var tag = TagStats(tag: "a")
        tag.runwaySeconds = value
        tag.qpsAverage = value
        #expect(tag.jsonText().contains(#""runway_s":null"#))
        #expect(tag.jsonText().contains(#""qps_avg":null"#))
        #expect(try TagStats(json: tag.jsonText()).runwaySeconds == nil)
    }

    @Test("A value of another type is an error that names its place")
    func wrongType() {
        #expect {
            try StatsDocument(json: #"{"tags": [{"tag": "a"}, {"tag": "b", "stock": "many"}]}"#)
        } throws: { error in
            "\(error)".contains("tags.[1].stock")
        }
    }

    @Test("What is no JSON object is an error that says so", arguments: ["", "[]", "+OK", "{", "7"])
    func noObject(text: String) {
        #expect {
            try StatsDocument(json: text)
        } throws: { error in
            "\(error)".contains("not a JSON object")
        }
    }

    @Test("A page of tags has a cursor, and null on the last one")
    func page() throws {
        let page = StatsPage(cursor: "100", tags: [TagStats(tag: "a")])
        #expect(try StatsPage(json: page.jsonText()) == page)
        #expect(StatsPage(cursor: nil, tags: []).jsonText() == #"{"cursor":null,"tags":[]}"#)
    }

    @Test("Tags are in the order of their runway, and one that nobody asks for comes last")
    func order() {
        let tags = [("idle", nil), ("b", 60.0), ("late", 3600.0), ("a", 60.0), ("dry", 0.0), ("also idle", nil)]
            .map { name, runway in
                var tag = TagStats(tag: name)
                tag.runwaySeconds = runway
                return tag
            }
        #expect(
            tags.sorted(by: TagStats.hasShorterRunway).map(\.tag) == ["dry", "a", "b", "late", "also idle", "idle"])
    }
}

extension StatsDocument {
    /// One with a value in every place.
    fileprivate static var example: StatsDocument {
        var document = StatsDocument()
        document.version = "0.1.0"
        document.pid = 4242
        document.uptimeSeconds = 12.5
        document.agentID = "00ff"
        document.startedFrom = .proven
        document.store.kind = "sqlite"
        document.store.url = "sqlite:///x/y.sqlite"
        document.store.up = false
        document.store.since = "2026-01-02T03:04:05Z"
        document.store.errors = 3
        document.store.lifts = 1
        document.store.leaseMilliseconds = StatsPercentiles(p50: 0.25, p99: 1, max: 4)
        document.journal.path = "/var/lib/leafd/a \"quoted\" journal"
        document.journal.bytes = 16384
        document.journal.mapBytes = 1 << 30
        document.journal.replacements = 2
        document.journal.witness = true
        document.journal.commitMilliseconds.max = 3
        document.connections.open = 2
        document.commands = ["NEXT": 7]
        document.errors = ["NOTAG": 1]
        document.requestMicroseconds = StatsRequestPercentiles(p50: 3, p99: 20, p999: 100, max: 1500)
        document.snowflake.enabled = true
        document.snowflake.format = "epoch 1288834974657, 41 bits of 1 ms, 10 of worker, 12 of sequence"
        document.snowflake.workers = [3, 1023]
        document.snowflake.generations = [1, .max]
        document.snowflake.idsPerUnit = 12.5
        document.snowflake.clockSteps = 2
        document.snowflake.problem = "all 1024 worker ids are taken"
        document.snowflake.horizonSeconds = 7200
        document.snowflake.clockOffsetMilliseconds = -0.5
        document.tagsTotal = 1
        document.tags = [.example]
        return document
    }
}

extension TagStats {
    fileprivate static var example: TagStats {
        var tag = TagStats(tag: "订单/2026")
        tag.issued = .max
        tag.failed = 1
        tag.successRate = 0.5
        tag.qps1s = 1000
        tag.step = 1000
        tag.nextStep = 2000
        tag.lastLoadMilliseconds = 0.3
        tag.stock = 750
        tag.runwaySeconds = 0.75
        tag.reservedTo = 301
        tag.segments = [SegmentStats(start: 1, end: 1001, next: 251)]
        tag.updatedAt = "2026-01-02T03:04:05Z"
        return tag
    }
}
