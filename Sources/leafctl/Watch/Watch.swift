internal import Glibc
internal import LeafClient
internal import LeafCore

/// `leafctl stats --watch`: asks, shows, waits for a key or a signal, and asks again.
struct Watch {
    let connection: ConnectionOptions
    let interval: Duration

    /// How long a key or a signal may go unnoticed.
    private static let patience = Duration.milliseconds(100)

    func run() throws {
        guard isatty(STDOUT_FILENO) == 1, getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
            throw CommandError(
                status: ExitStatus.outputFailed,
                message: "--watch needs a terminal that can move its cursor: elsewhere ask again and again with --json")
        }
        var signals = WatchSignals()
        let terminal = WatchTerminal()
        defer { terminal.restore() }
        try terminal.takeOver()
        let ending = try watch(on: terminal, &signals)
        terminal.restore()
        // Ctrl-C is how most people leave, and no failure.
        if let ending, ending != SIGINT { signals.die(of: ending) }
    }

    /// - Returns: the signal that ended it; nil: a key.
    private func watch(on terminal: WatchTerminal, _ signals: inout WatchSignals) throws -> Int32? {
        let source = WatchSource(connection)
        let style = Style.ofStandardOutput
        var state = WatchState()
        var next = ContinuousClock.now
        var shown: [String]?
        while true {
            if !source.isAsking && ContinuousClock.now >= next {
                next = max(next + interval, ContinuousClock.now)
                if let answer = source.ask() { take(answer, &state) }
            }
            if source.isAsking, let answer = source.answer(within: Watch.patience) { take(answer, &state) }
            while let signal = signals.next() {
                switch signal {
                case SIGWINCH: shown = nil
                case SIGTSTP:
                    terminal.restore()
                    signals.die(of: signal)
                    try terminal.takeOver()
                    shown = nil
                default: return signal
                }
            }
            let size = TerminalSize.ofStandardOutput ?? .usual
            let lines = WatchFrame.lines(state, at: .now, size: size, style)
            if lines != shown { try terminal.show(lines, over: shown, columns: size.columns) }
            shown = lines
            let pause = source.isAsking ? .zero : min(Watch.patience, max(.zero, next - ContinuousClock.now))
            if terminal.wasAskedToLeave(within: pause) { return nil }
        }
    }

    private func take(_ answer: WatchSource.Answer, _ state: inout WatchState) {
        switch answer {
        case .snapshot(let snapshot): state.take(snapshot)
        case .failure(let reason): state.fail(reason, at: .now)
        }
    }
}
