internal import LeafProtocol

/// `leafctl stats --journal` for people: what a stopped leafd has left, on a line a subject, then its tags by name.
enum JournalTable {
    private static let columns = ["STOCK", "STEP", "LOST", "RESERVED TO"]
    private static let gap = "  "

    static func lines(_ stats: StatsDocument, _ style: Style) -> [String] {
        var figures = ["commit \(stats.journal.commits)", "\(stats.tagsTotal) tags"]
        if let bytes = stats.journal.bytes { figures.append("\(Units.bytes(bytes)) in use") }
        return StatsTable.paint("journal", [stats.journal.path], style) + StatsTable.paint("", figures, style)
            + StatsTable.paint("agent", [stats.agentID ?? "-"], style)
            + StatsTable.paint("store", [stats.store.url.isEmpty ? "none yet" : stats.store.url], style)
            + table(stats.tags, style)
    }

    static func lines(_ tag: TagStats, _ style: Style) -> [String] {
        let rows = [
            ("tag", tag.tag), ("stock", "\(Units.count(tag.stock)) IDs"),
            ("step", "\(step(tag.step)), next \(step(tag.nextStep))"),
            ("reserved to", reservedTo(tag)), ("lost", "at most \(Units.count(tag.lost)) IDs"),
        ]
        return rows.flatMap { StatsTable.paint($0, $1.split(separator: ", ").map(String.init), style) }
            + TagStatsTable.segments(tag.segments, style)
    }

    private static func table(_ tags: [TagStats], _ style: Style) -> [String] {
        guard !tags.isEmpty else { return [] }
        let rows = tags.map { [Units.count($0.stock), step($0.nextStep), Units.count($0.lost), reservedTo($0)] }
        let widths = columns.indices.map { column in
            max(columns[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        let room = Columns.width - widths.reduce(0) { $0 + gap.count + $1 }
        let width = min(room, max(3, tags.map { Columns.width(of: $0.tag) }.max() ?? 0))
        let line = { (name: String, cells: [String]) in
            ([Columns.left(Columns.fit(name, width), width)] + zip(cells, widths).map { Columns.right($0, $1) })
                .joined(separator: gap)
        }
        return ["", style.bold(line("TAG", columns))] + zip(tags, rows).map { line($0.tag, $1) }
    }

    private static func step(_ number: Int64?) -> String { number.map(Units.count) ?? "-" }
    private static func reservedTo(_ tag: TagStats) -> String { tag.reservedTo.map(String.init) ?? "-" }
}
