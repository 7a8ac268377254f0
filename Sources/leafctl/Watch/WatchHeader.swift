internal import LeafCore
internal import LeafProtocol

/// The first lines of a frame: who it is, whether it is well, and why not.
enum WatchHeader {
    static func lines(_ snapshot: StatsSnapshot, _ state: WatchState, at now: UTCTime, _ size: TerminalSize)
        -> [StyledLine]
    {
        [title(snapshot, state, at: now, size)] + reason(snapshot, state, size)
            + WatchSubjects(snapshot: snapshot, state: state, columns: size.columns).lines
    }

    /// Nothing is known yet.
    static func withoutAnswer(_ state: WatchState, at now: UTCTime, _ size: TerminalSize) -> [StyledLine] {
        var title = StyledLine("leafd", .bold)
        addClock(now, to: &title, size)
        guard let outage = state.outage else { return [title, StyledLine("asking …")] }
        let reason = Columns.paragraph(Columns.printable(outage.reason), indent: 0, columns: max(20, size.columns))
        return [title, StyledLine("NO ANSWER, trying again", .bad)] + reason.map { StyledLine($0) }
    }

    /// What was known last, but for the first lines, which say since when nothing is known.
    static func aged(_ lines: [StyledLine]) -> [StyledLine] {
        let news = lines.prefix { $0.isBad }
        return news + lines.dropFirst(news.count).map(\.dimmed)
    }

    private static func title(
        _ snapshot: StatsSnapshot, _ state: WatchState, at now: UTCTime, _ size: TerminalSize
    ) -> StyledLine {
        let stats = snapshot.document
        var line = StyledLine("leafd \(stats.version)", .bold)
        if let outage = state.outage {
            let seconds = Double(now.milliseconds - outage.since.milliseconds) / 1000
            line.addApart("NO ANSWER for \(Units.span(seconds: seconds)), trying again", .bad)
        } else if let health = snapshot.health {
            switch health.state {
            case .healthy: line.addApart("OK", .good)
            case .degraded: line.addApart("DEGRADED", .warning)
            case .unhealthy: line.addApart("UNHEALTHY", .bad)
            }
        }
        let room = size.columns - 2 - clock(now).count
        line.addApart("pid \(stats.pid)", within: room)
        line.addApart("up \(Units.span(seconds: stats.uptimeSeconds))", within: room)
        if let start = stats.startedFrom { line.addApart("started \(start.rawValue)", within: room) }
        addClock(now, to: &line, size)
        return line
    }

    private static func addClock(_ now: UTCTime, to line: inout StyledLine, _ size: TerminalSize) {
        let clock = clock(now)
        line.pad(to: size.columns - clock.count - 2)
        line.addApart(clock, .dim)
    }

    private static func clock(_ now: UTCTime) -> String { "\(now.clock) UTC, q quits" }

    /// Why it is not well, on two lines at most.
    private static func reason(_ snapshot: StatsSnapshot, _ state: WatchState, _ size: TerminalSize) -> [StyledLine] {
        let health = snapshot.health?.state == .healthy ? nil : snapshot.health?.reason
        guard let text = state.outage?.reason ?? health, !text.isEmpty else { return [] }
        let lines = Columns.paragraph(Columns.printable(text), indent: 0, columns: max(20, size.columns))
        let isBad = state.outage != nil || snapshot.health?.state == .unhealthy
        return lines.prefix(2).enumerated().map { index, line in
            StyledLine(index == 1 && lines.count > 2 ? line + " …" : line, isBad ? .bad : .warning)
        }
    }
}
