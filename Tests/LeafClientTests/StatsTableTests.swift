import LeafCore
import LeafProtocol
import LeafTestKit
import Testing

@testable import leafctl

/// `leafctl stats` for people.
struct StatsTableTests {
    private static let esc = "\u{1B}"

    /// As bad and as long as figures can be.
    private static func crowded() -> StatsSnapshot {
        var snapshot = StatsExample.snapshot { stats in
            stats.store.up = false
            stats.store.lastError =
                "FATAL:  too many connections\n\u{1B}[2Jfor role \"leafd\" "
                + String(repeating: "and so on ", count: 30)
            stats.snowflake.problem = String(repeating: "the clock is behind the lease ", count: 5)
            stats.commands = Dictionary(uniqueKeysWithValues: (0..<20).map { ("COMMAND\($0)", Int64.max - Int64($0)) })
            stats.ids.issued = .max
            stats.connections.total = .max
            stats.journal.path = "/" + String(repeating: "x", count: 300)
            stats.tags = (0..<100).map { number in
                var tag = StatsExample.tag(
                    String(repeating: number.isMultiple(of: 2) ? "long-" : "長い", count: 20) + "\(number)", stock: .max,
                    runway: Double(100 - number))
                tag.issued = .max
                tag.failed = .max
                tag.step = .max
                tag.waiting = .max
                tag.qps1m = 9.99e17
                return tag
            }
            stats.tagsTotal = 100_000
        }
        snapshot.health = HealthAnswer(state: .unhealthy, reason: String(repeating: "no stock of any tag, ", count: 12))
        return snapshot
    }

    @Test(arguments: [false, true])
    func `no line is wider than 80 columns, whatever the figures`(isCrowded: Bool) {
        let lines = StatsTable.lines(isCrowded ? Self.crowded() : StatsExample.snapshot(), .plain)
        #expect(lines.count > (isCrowded ? 100 : 20))
        for line in lines { #expect(Columns.width(of: line) <= 80, "\(Columns.width(of: line)): \(line)") }
    }

    @Test func `tags come shortest runway first, those that nobody asks for last`() throws {
        let lines = StatsTable.lines(StatsExample.snapshot(), .plain)
        let heading = try #require(lines.firstIndex { $0.hasPrefix("TAG ") })
        let names = lines[(heading + 1)...].map { $0.split(separator: " ")[0] }
        #expect(names == ["orders", "注文番号", "users", "payments/eu…efunds/2026", "parcels"])
    }

    @Test func `the first words say whether it is well, whether the store is up and what runs out first`() {
        let lines = StatsTable.lines(StatsExample.snapshot(), .plain)
        #expect(lines[0] == "health       OK")
        #expect(lines[1] == "store        up for 30m, since 2025-11-22T04:05:00Z")
        #expect(lines.contains { $0.contains("first out: orders in 14m") }, "\(lines)")
        #expect(lines.contains("errors       EXHAUSTED 12, NOTAG 3"))
    }

    @Test func `on a terminal no more tags are shown than leave the first lines in sight`() {
        let all = StatsTable.lines(Self.crowded(), .plain)
        let lines = StatsTable.lines(Self.crowded(), .plain, rows: all.count - 60)
        #expect(
            lines.count == all.count - 61 && lines.last == "and 100k more, which last longer: leafctl stats | less")
        #expect(Array(lines.dropLast()) == Array(all.prefix(lines.count - 1)))
        let small = StatsTable.lines(StatsExample.snapshot(), .plain, rows: 24)
        #expect(small == StatsTable.lines(StatsExample.snapshot(), .plain), "a few tags are always shown")
    }

    @Test func `what fails is said with its reason`() {
        let text = StatsTable.lines(Self.crowded(), .plain).joined(separator: "\n")
        #expect(text.contains("UNHEALTHY"))
        #expect(text.contains("DOWN for 30m"))
        #expect(text.contains("FATAL:"))
        #expect(text.contains("NOT ISSUING"))
        #expect(text.hasSuffix("\nand 99.9k more, which last longer"))
    }

    @Test func `an error that health tells already is not told twice`() {
        var snapshot = StatsExample.snapshot { $0.store.up = false }
        let error = "server closed the connection unexpectedly"
        func times() -> Int {
            let words = StatsTable.lines(snapshot, .plain).joined(separator: " ").split(separator: " ")
            return words.joined(separator: " ").ranges(of: error).count
        }
        #expect(times() == 1)
        snapshot.health = HealthAnswer(state: .degraded, reason: "the central store fails since 20 s: \(error)")
        #expect(times() == 1)
    }

    @Test func `nothing that a terminal would obey comes through from a database's error`() {
        for line in StatsTable.lines(Self.crowded(), .plain) {
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(line)")
        }
        #expect(Columns.printable("a\u{1B}[2Jb\u{202E}c\n") == "a [2Jb c ")
    }

    @Test func `colour is there on request alone`() {
        let plain = StatsTable.lines(StatsExample.snapshot(), .plain)
        let coloured = StatsTable.lines(StatsExample.snapshot(), Style(isColoured: true))
        #expect(!plain.joined().contains(Self.esc))
        #expect(coloured.joined().contains(Self.esc))
        #expect(coloured.map(Columns.paintedWidth) == plain.map(Columns.width))
    }

    @Test func `a leafd that is older than leafctl is not taken for an idle one`() {
        let older = StatsExample.snapshot {
            $0.requestHistogram = StatsHistogram()
            $0.ids = StatsIDs()
        }
        let lines = StatsTable.lines(older, .plain)
        #expect(lines.contains("ids          not told: leafd is older than leafctl"))
    }

    // MARK: Figures

    @Test(arguments: [
        (0, "0 %"), (0.5, "50 %"), (0.975, "97.5 %"), (1, "100 %"), (0.999, "99.9 %"), (0.999_99, "99.999 %"),
        (0.999_999_999, "99.999 %"), (0.998_999, "99.9 %"), (0.99, "99 %"),
    ])
    func `a share of less than all is never shown as 100 %`(ratio: Double, text: String) {
        #expect(Units.ratio(ratio) == text)
    }

    @Test(arguments: ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2025-11-22T04:35:00Z", "2100-03-01T00:00:00Z"])
    func `a time is read back as it was written`(text: String) throws {
        #expect(try #require(UTCTime(iso8601: text)).iso8601Seconds == text)
    }

    @Test(arguments: ["", "now", "2025-11-22", "2025-11-22T04:35:00+01:00", "2025-11-22T04:35:00.000Z", "二〇二五年一一月二"])
    func `what is no such time is not read`(text: String) {
        #expect(UTCTime(iso8601: text) == nil)
    }

    @Test func `a long text is shortened in the middle, wide characters counted`() {
        #expect(Columns.fit("payments/europe/settlements", 11) == "payme…ments")
        #expect(Columns.fit("orders", 6) == "orders")
        let wide = Columns.fit("注文番号注文番号", 8)
        #expect(Columns.width(of: wide) <= 8 && wide.contains("…"), "\(wide)")
    }
}
