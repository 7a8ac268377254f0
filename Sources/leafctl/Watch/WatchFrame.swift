internal import LeafCore
internal import LeafProtocol

/// One picture of `leafctl stats --watch`: at the top whether it is well, below the tags that run out first, at the bottom
/// what has happened.
///
/// A pure function of what is known and of the terminal's size: no line is wider than it, and there are no more than fit.
struct WatchFrame {
    private let state: WatchState
    private let now: UTCTime
    private let size: TerminalSize
    private let style: Style

    static func lines(_ state: WatchState, at now: UTCTime, size: TerminalSize, _ style: Style) -> [String] {
        let frame = WatchFrame(state: state, now: now, size: size, style: style)
        return frame.lines.prefix(size.rows).map { $0.text(columns: size.columns, style) }
    }

    private var lines: [StyledLine] {
        guard let snapshot = state.current else { return WatchHeader.withoutAnswer(state, at: now, size) }
        let head = WatchHeader.lines(snapshot, state, at: now, size)
        // A blank line above the tags, and one above the events with their heading.
        let room = max(0, size.rows - head.count - 1)
        let tags = snapshot.document.tags.sorted(by: TagStats.hasShorterRunway)
        let leastEvents = min(state.events.entries.count + 2, max(4, room / 3))
        let table = WatchTags.lines(
            tags, total: snapshot.document.tagsTotal, columns: size.columns, rows: max(2, room - leastEvents))
        let events = eventLines(rows: max(0, room - table.count - 1))
        let figures = head + [StyledLine()] + table
        return (state.outage == nil ? figures : WatchHeader.aged(figures)) + [StyledLine()] + events
    }

    private func eventLines(rows: Int) -> [StyledLine] {
        guard rows > 0 else { return [] }
        let shown = state.events.entries.prefix(rows - 1)
        let heading = StyledLine("EVENTS", .bold)
        guard !shown.isEmpty else { return [heading, StyledLine("none since you watch", .dim)] }
        return [heading]
            + shown.map { entry in
                var line = StyledLine(entry.time.clock, .dim)
                line.addApart(entry.event.text, paint(entry.event.weight))
                if entry.count > 1 { line.addApart("\(Units.count(entry.count))×", .dim) }
                return line
            }
    }

    private func paint(_ weight: WatchEvent.Weight) -> StyledLine.Paint {
        switch weight {
        case .plain: .plain
        case .good: .good
        case .warning: .warning
        case .bad: .bad
        }
    }
}

extension UTCTime {
    /// `01:35:00`
    var clock: String { String(iso8601Seconds.dropFirst(date.count + 1).prefix(8)) }
}
