internal import LeafProtocol

/// The segments of a tag as a row of bars, each as full as there are IDs left in it: the stock as one sees a fuel gauge.
enum SegmentBars {
    /// So few columns still show an eighth of a segment.
    private static let narrowest = 6
    private static let widest = 16
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameter columns: exactly as many are filled, with spaces at the end.
    static func text(_ segments: [SegmentStats], columns: Int) -> String {
        guard columns >= narrowest, !segments.isEmpty else { return String(repeating: " ", count: max(0, columns)) }
        let all = fitting(in: columns)
        guard segments.count > all else {
            let width = min(widest, (columns + 1) / segments.count - 1)
            return Columns.left(row(segments[...], width), columns)
        }
        let room = columns - " +\(segments.count)".count
        let shown = max(1, fitting(in: room))
        let width = min(widest, max(1, (room + 1) / shown - 1))
        let text = row(segments.prefix(shown), width) + " +\(segments.count - shown)"
        return Columns.left(Columns.prefix(of: text, columns: columns), columns)
    }

    private static func fitting(in columns: Int) -> Int { (columns + 1) / (narrowest + 1) }

    private static func row(_ segments: ArraySlice<SegmentStats>, _ width: Int) -> String {
        segments.map { bar(full: 1 - $0.usedRatio, width) }.joined(separator: " ")
    }

    /// - Parameter share: 0…1. Never quite empty while anything is left, never quite full once anything is used.
    static func bar(full share: Double, _ width: Int) -> String {
        let share = share.isFinite ? min(1, max(0, share)) : 0
        var filled = Int((share * Double(width * 8)).rounded())
        if share > 0 { filled = max(1, filled) }
        if share < 1 { filled = min(width * 8 - 1, filled) }
        let part = eighths[filled % 8]
        let rest = width - filled / 8 - part.count
        return String(repeating: "█", count: filled / 8) + part + String(repeating: "░", count: rest)
    }
}
