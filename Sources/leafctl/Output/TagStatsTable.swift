internal import LeafProtocol

/// Tags for people: many on a line each, or one on a page.
enum TagStatsTable {
    private static let columns = ["STOCK", "RUNWAY", "IDS/S", "ISSUED", "FAILED", "STEP", "WAITING"]
    private static let columnWidth = 6
    private static let gap = "  "

    static func lines(_ tags: [TagStats], _ style: Style) -> [String] {
        let figures = columns.map { max(columnWidth, $0.count) }
        let room = Columns.width - figures.reduce(0) { $0 + gap.count + $1 }
        let width = min(room, max(3, tags.map { Columns.width(of: $0.tag) }.max() ?? 0))
        let heading = [Columns.left("TAG", width)] + zip(columns, figures).map { Columns.right($0, $1) }
        return [style.bold(heading.joined(separator: gap))]
            + tags.map { tag in
                let cells = zip(cells(of: tag), figures).map { Columns.right($0, $1) }
                let name = Columns.left(Columns.fit(Columns.printable(tag.tag), width), width)
                return paint(([name] + cells).joined(separator: gap), tag, style)
            }
    }

    static func lines(_ tag: TagStats, _ style: Style) -> [String] {
        let rows: [(String, String)] = [
            ("tag", Columns.printable(tag.tag)),
            (
                "issued",
                "\(Units.count(tag.issued)), \(Units.count(tag.failed)) failed, \(Units.ratio(tag.successRate)) good"
            ),
            (
                "ids/s",
                "\(Units.rate(tag.qps1s)) now, \(Units.rate(tag.qps1m)) in the last minute, "
                    + "\(Units.rate(tag.qpsAverage)) on average"
            ),
            ("stock", "\(Units.count(tag.stock)) IDs\(runway(tag))"),
            ("waiting", "\(Units.count(tag.waiting)) requests now, \(Units.count(tag.waits)) had to"),
            ("step", "\(optional(tag.step)), next \(optional(tag.nextStep))"),
            (
                "loads",
                "\(Units.count(tag.segmentLoads)), \(Units.count(tag.loadFailures)) failed, "
                    + "the last took \(Units.milliseconds(tag.lastLoadMilliseconds))"
            ),
            ("switches", Units.count(tag.bufferSwitches)),
            ("reserved to", tag.reservedTo.map(String.init) ?? "-"),
            (
                "given up",
                "\(Units.count(tag.lost)) IDs in crashes, \(Units.count(tag.abandoned)) too few in a row for an INCRBY"
            ),
            ("updated", tag.updatedAt ?? "-"),
        ]
        return rows.flatMap { row in
            var lines = Columns.wrapped(row.0, row.1.split(separator: ", ").map(String.init), indent: 13)
            lines[0] = style.bold(row.0) + lines[0].dropFirst(row.0.count)
            return lines
        } + segments(tag.segments, style)
    }

    private static func cells(of tag: TagStats) -> [String] {
        [
            Units.count(tag.stock), Units.span(seconds: tag.runwaySeconds), Units.rate(tag.qps1m),
            Units.count(tag.issued),
            Units.count(tag.failed), optional(tag.step), Units.count(tag.waiting),
        ]
    }

    static func segments(_ segments: [SegmentStats], _ style: Style) -> [String] {
        guard !segments.isEmpty else { return [] }
        let heading = ["START", "LAST", "NEXT", "USED"]
        let rows = segments.map {
            [String($0.start), String($0.end - 1), String($0.next), Units.ratio($0.usedRatio)]
        }
        let widths = heading.indices.map { column in
            max(heading[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        let line = { (cells: [String]) in zip(cells, widths).map { Columns.right($0, $1) }.joined(separator: gap) }
        return ["", style.bold(line(heading))] + rows.map(line)
    }

    private static func paint(_ line: String, _ tag: TagStats, _ style: Style) -> String {
        if tag.stock == 0 && tag.waiting > 0 { return style.bad(line) }
        guard let runway = tag.runwaySeconds, runway < RunwayText.shortSeconds else { return line }
        return style.warning(line)
    }

    private static func runway(_ tag: TagStats) -> String {
        tag.runwaySeconds.map { ", enough for \(Units.span(seconds: $0))" } ?? ""
    }

    private static func optional(_ number: Int64?) -> String { number.map(Units.count) ?? "-" }
}
