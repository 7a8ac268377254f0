internal import LeafProtocol

/// The tags of a frame: name, segments as bars, and as many figures as the terminal is wide for.
enum WatchTags {
    private struct Column: Sendable {
        let name: String
        let text: @Sendable (TagStats) -> String
    }

    /// The most important first: the last ones are left out where there is no room.
    private static let columns = [
        Column(name: "RUNWAY") { Units.span(seconds: $0.runwaySeconds) },
        Column(name: "IDS/S") { Units.rate($0.qps1s) },
        Column(name: "STOCK") { Units.count($0.stock) },
        Column(name: "FAILED") { Units.count($0.failed) },
        Column(name: "WAITS") { Units.count($0.waits) },
        Column(name: "IN 1M") { Units.rate($0.qps1m) },
        Column(name: "ISSUED") { Units.count($0.issued) },
        Column(name: "STEP") { $0.step.map(Units.count) ?? "-" },
        Column(name: "NEXT") { $0.nextStep.map(Units.count) ?? "-" },
        Column(name: "LOADS") { Units.count($0.segmentLoads) },
        Column(name: "LOAD TOOK") { Units.milliseconds($0.lastLoadMilliseconds) },
        Column(name: "LOST") { Units.count($0.lost) },
    ]
    private static let columnWidth = 6
    private static let gap = 2
    private static let leastName = 12
    private static let leastBars = 20
    private static let mostBars = 60

    /// A heading, a tag a line, and how many there are besides.
    static func lines(_ tags: [TagStats], total: Int64, columns width: Int, rows: Int) -> [StyledLine] {
        let layout = Layout(tags, width)
        guard !tags.isEmpty else { return [StyledLine("TAGS", .bold), StyledLine("none", .dim)] }
        let fit = tags.count <= rows - 1 && Int64(tags.count) == total
        let shown = tags.prefix(fit ? tags.count : max(1, rows - 2))
        let others = total - Int64(shown.count)
        return [layout.heading] + shown.map(layout.line)
            + (others > 0 ? [StyledLine("and \(Units.count(others)) more, which last longer", .dim)] : [])
    }

    /// Who gets how many columns.
    private struct Layout {
        let name: Int
        let bars: Int
        let columns: ArraySlice<Column>

        init(_ tags: [TagStats], _ width: Int) {
            let longest = max(3, tags.map { Columns.width(of: Columns.printable($0.tag)) }.max() ?? 0)
            let least = min(longest, WatchTags.leastName) + WatchTags.gap + WatchTags.leastBars
            var count = WatchTags.columns.count
            while count > 1, least + Layout.width(of: WatchTags.columns.prefix(count)) > width { count -= 1 }
            columns = WatchTags.columns.prefix(count)
            let room = max(0, width - Layout.width(of: columns))
            let spare = max(0, room - least)
            name = min(longest, min(longest, WatchTags.leastName) + spare / 2, room)
            let left = room - name - WatchTags.gap
            bars = left < 6 ? 0 : min(WatchTags.mostBars, left)
        }

        private static func width(of columns: ArraySlice<Column>) -> Int {
            columns.reduce(0) { $0 + WatchTags.gap + max(WatchTags.columnWidth, $1.name.count) }
        }

        var heading: StyledLine {
            var line = StyledLine(Columns.left("TAG", name), .bold)
            if bars > 0 { line.addApart(Columns.left("SEGMENTS", bars), .bold) }
            for column in columns { line.addApart(right(column.name, column), .bold) }
            return line
        }

        func line(_ tag: TagStats) -> StyledLine {
            let paint = WatchTags.paint(tag)
            var line = StyledLine(Columns.left(Columns.fit(Columns.printable(tag.tag), name), name), paint)
            if bars > 0 { line.addApart(SegmentBars.text(tag.segments, columns: bars), paint) }
            for column in columns { line.addApart(right(column.text(tag), column), paint) }
            return line
        }

        private func right(_ text: String, _ column: Column) -> String {
            Columns.right(text, max(WatchTags.columnWidth, column.name.count))
        }
    }

    private static func paint(_ tag: TagStats) -> StyledLine.Paint {
        if tag.stock == 0 && (tag.waiting > 0 || tag.qps1m > 0) { return .bad }
        guard let runway = tag.runwaySeconds else { return .plain }
        return runway < RunwayText.shortSeconds ? .warning : .plain
    }
}
