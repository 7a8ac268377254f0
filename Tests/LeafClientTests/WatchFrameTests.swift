import LeafCore
import LeafProtocol
import Testing

@testable import leafctl

/// A frame of `leafctl stats --watch`, at the size of a small terminal and of a large one.
struct WatchFrameTests {
    static let sizes = [
        TerminalSize(columns: 80, rows: 24), TerminalSize(columns: 200, rows: 50), TerminalSize(columns: 132, rows: 43),
        TerminalSize(columns: 40, rows: 10), TerminalSize(columns: 10, rows: 3), TerminalSize(columns: 1, rows: 1),
    ]
    private static let small = TerminalSize(columns: 80, rows: 24)
    private static let large = TerminalSize(columns: 200, rows: 50)

    private func frame(_ state: WatchState, _ size: TerminalSize, _ style: Style = .plain) -> [String] {
        WatchFrame.lines(state, at: StatsExample.time, size: size, style)
    }

    private func state(_ snapshots: StatsSnapshot...) -> WatchState {
        var state = WatchState()
        for snapshot in snapshots { state.take(snapshot) }
        return state
    }

    /// Many tags of long and wide names, much that happens, all figures large.
    private func crowded() -> WatchState {
        let tags = (0..<100).map { number in
            StatsExample.tag(
                String(repeating: number.isMultiple(of: 2) ? "long-" : "長い名前", count: 20) + "\(number)",
                stock: .max / 200,
                runway: Double(100 + number), segments: Int64(number))
        }
        var state = WatchState()
        for second in 0..<30 {
            var snapshot = StatsExample.snapshot { stats in
                stats.uptimeSeconds += Double(second)
                stats.tags = tags
                stats.tagsTotal = 100_000
                for index in stats.tags.indices { stats.tags[index].lost = Int64(second) }
                stats.errors = ["EXHAUSTED": Int64(second), "長い": Int64(second)]
                stats.store.up = second.isMultiple(of: 2)
                stats.store.lastError = String(repeating: "接続が切れました ", count: 20)
                stats.snowflake.problem = second.isMultiple(of: 3) ? String(repeating: "時計 ", count: 50) : nil
            }
            snapshot.health = HealthAnswer(state: .unhealthy, reason: String(repeating: "在庫がありません ", count: 40))
            state.take(snapshot)
        }
        return state
    }

    @Test(arguments: sizes)
    func `no line is wider than the terminal, and there are no more than its rows`(size: TerminalSize) {
        var silent = WatchState()
        silent.fail(String(repeating: "there is no socket ", count: 20), at: StatsExample.time)
        var lost = crowded()
        lost.fail("leafd closed the connection", at: StatsExample.time)
        for state in [WatchState(), silent, state(StatsExample.snapshot()), crowded(), lost] {
            let lines = frame(state, size)
            #expect(lines.count <= size.rows)
            for line in lines {
                #expect(Columns.width(of: line) <= size.columns, "\(Columns.width(of: line)): \(line)")
            }
            let coloured = frame(state, size, Style(isColoured: true))
            #expect(coloured.map(Columns.paintedWidth) == lines.map(Columns.width), "colour takes no room")
        }
    }

    @Test func `a small terminal shows all that matters`() {
        let lines = frame(state(StatsExample.snapshot()), Self.small)
        #expect(lines[0].hasPrefix("leafd 0.7.0  OK  pid 4711  up 3h05m"))
        #expect(lines[0].hasSuffix("04:35:00 UTC, q quits"))
        #expect(lines[1].hasPrefix("store     up for 30m  3 errors"))
        #expect(lines[2].hasPrefix("ids       4.31k/s now  2.92k/s in 1m  99.998 % good  stock 6.28M  runway 14m"))
        #expect(lines[3].contains("p99 41 µs") && lines[3].contains("12 clients"))
        #expect(lines[5].hasPrefix("snowflake "))
        #expect(lines.contains { $0.hasPrefix("TAG ") && $0.contains("SEGMENTS") && $0.contains("RUNWAY") })
        #expect(lines.contains { $0.hasPrefix("orders ") && $0.contains("█") && $0.contains(" 14m ") })
        #expect(lines.contains("EVENTS"))
    }

    @Test func `a large terminal shows more figures, and names in full`() {
        let small = frame(state(StatsExample.snapshot()), Self.small)
        let lines = frame(state(StatsExample.snapshot()), Self.large)
        #expect(lines.contains { $0.hasPrefix("payments/europe/settlements-and-refunds/2026 ") })
        #expect(!small.contains { $0.contains("payments/europe/settlements-and-refunds/2026") })
        #expect(lines.contains { $0.contains("LOADS") && $0.contains("LOST") })
    }

    @Test func `of many tags those that run out first are shown, with the number of the others`() {
        let lines = frame(crowded(), Self.small)
        let heading = lines.firstIndex { $0.hasPrefix("TAG ") } ?? 0
        #expect(lines[heading + 1].contains(" 100s "), "\(lines[heading + 1])")
        #expect(lines.contains { $0.hasPrefix("and ") && $0.hasSuffix(" more, which last longer") })
        #expect(lines.count == 24)
    }

    @Test func `many tags leave room for events, and few tags leave them more`() {
        let few = frame(crowded(), Self.small).count { $0.hasPrefix("04:35:00") }
        #expect(few >= 3)
        #expect(frame(crowded(), Self.large).count { $0.hasPrefix("04:35:00") } > few)
    }

    @Test func `what is not well is said, with its reason`() {
        var snapshot = StatsExample.snapshot { $0.store.up = false }
        snapshot.health = HealthAnswer(
            state: .degraded,
            reason:
                "stock lasts 14 min at the present rate (orders); the central store fails since 20 s: no route to host")
        let lines = frame(state(snapshot), Self.small)
        #expect(lines[0].contains("DEGRADED"))
        #expect(lines[1].hasPrefix("stock lasts 14 min") && lines[2].contains("no route to host"))
        #expect(
            lines[3].hasPrefix("store     DOWN for 30m  3 errors") && lines[3].contains("server closed"))
    }

    @Test func `while leafd does not answer that is said, and the last figures stay`() {
        var state = state(StatsExample.snapshot())
        state.fail("leafd closed the connection", at: UTCTime(milliseconds: StatsExample.time.milliseconds - 5000))
        let lines = frame(state, Self.small)
        #expect(lines[0].contains("NO ANSWER for 5s, trying again") && lines[0].hasSuffix("q quits"))
        #expect(lines[1] == "leafd closed the connection")
        #expect(lines.contains { $0.hasPrefix("orders ") })
        #expect(lines.contains { $0.contains("no answer: leafd closed the connection") })
    }

    @Test func `rates come from two snapshots of one daemon`() {
        let later = StatsExample.snapshot {
            $0.uptimeSeconds += 2
            $0.commands["NEXT", default: 0] += 9000
            $0.journal.commits += 4
        }
        let lines = frame(state(StatsExample.snapshot(), later), Self.small)
        #expect(lines[3].hasPrefix("requests  4.5k/s"))
        #expect(lines[4].hasPrefix("journal   2/s commits"))
        let other = StatsExample.snapshot {
            $0.pid = 1
            $0.uptimeSeconds = 1
        }
        #expect(frame(state(later, other), Self.small)[3].hasPrefix("requests  -/s"))
    }

    @Test func `an address has its middle left out where there is no room, and little is left out altogether`() {
        var line = StyledLine("store")
        line.addApart(shortened: "postgresql://db1.example:5432/ids", within: 30)
        #expect(line.text(columns: 30, .plain) == "store  postgresql:…le:5432/ids")
        line.addApart("more", within: 30)
        line.addApart(shortened: "more", within: 30)
        #expect(line.width == 30)
    }

    // MARK: Pieces

    @Test(arguments: [
        (1.0, "████████"), (0.5, "████░░░░"), (0.0, "░░░░░░░░"), (0.55, "████▍░░░"), (0.0001, "▏░░░░░░░"),
        (0.9999, "███████▉"), (Double.nan, "░░░░░░░░"), (2.0, "████████"),
    ])
    func `a bar is as full as its segment, and neither full nor empty before that is true`(share: Double, bar: String) {
        #expect(SegmentBars.bar(full: share, 8) == bar)
    }

    @Test(arguments: Array(0...70), [0, 1, 2, 3, 5, 12, 1000])
    func `bars fill their columns exactly, and say how many segments they leave out`(columns: Int, count: Int64) {
        let segments = StatsExample.tag("orders", segments: count).segments
        let text = SegmentBars.text(segments, columns: columns)
        #expect(Columns.width(of: text) == columns, "\(text)")
        if columns >= 20 && count > 0 {
            let shown = text.split(separator: " ").count { !$0.hasPrefix("+") }
            let others = text.split(separator: " ").last.flatMap { $0.hasPrefix("+") ? Int($0.dropFirst()) : nil } ?? 0
            #expect(shown + others == Int(count), "\(text)")
        }
    }

    @Test func `a line is cut where the terminal ends, with its colours whole`() {
        var line = StyledLine("leafd", .bold)
        line.addApart("注文番号", .bad)
        #expect(line.text(columns: 20, .plain) == "leafd  注文番号")
        #expect(line.text(columns: 15, .plain) == "leafd  注文番号")
        #expect(line.text(columns: 14, .plain) == "leafd  注文番…")
        #expect(line.text(columns: 13, .plain) == "leafd  注文…")
        #expect(line.text(columns: 12, .plain) == "leafd  注文…")
        let coloured = line.text(columns: 12, Style(isColoured: true))
        #expect(coloured == "\u{1B}[1mleafd\u{1B}[0m\u{1B}[31m  注文\u{1B}[0m…")
        #expect(line.text(columns: 0, .plain).isEmpty)
    }
}
