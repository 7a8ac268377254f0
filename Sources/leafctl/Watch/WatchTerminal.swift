internal import Glibc

/// The whole terminal, until it is given back: alternate screen, no cursor, keys without Enter.
///
/// `restore` puts all of it back, and must be called however the watching ends.
final class WatchTerminal {
    private var saved: termios?
    private var isOn = false
    /// Nothing can be typed, or no more.
    private var isDeaf: Bool

    init() {
        isDeaf = isatty(STDIN_FILENO) == 0
    }

    func takeOver() throws {
        guard !isOn else { return }
        isOn = true
        if !isDeaf {
            var settings = termios()
            if tcgetattr(STDIN_FILENO, &settings) == 0 {
                saved = settings
                // ISIG stays: Ctrl-C and Ctrl-Z are signals, as everywhere.
                settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
                tcsetattr(STDIN_FILENO, TCSANOW, &settings)
            }
        }
        // Alternate screen, no cursor, and no wrapping: a line that a terminal counts as wider than we do spoils no other.
        try write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    func restore() {
        guard isOn else { return }
        isOn = false
        try? write("\u{1B}[?7h\u{1B}[?25h\u{1B}[0m\u{1B}[?1049l")
        if var saved { tcsetattr(STDIN_FILENO, TCSANOW, &saved) }
    }

    /// Shows a frame, in one write, and of it only the lines that are others than before: what is not touched cannot flicker.
    ///
    /// - Parameters:
    ///   - shown: the frame that is there; nil: anything may be.
    ///   - columns: of the terminal.
    func show(_ lines: [String], over shown: [String]?, columns: Int) throws {
        // 2026: terminals that know it show what follows at one stroke.
        var text = "\u{1B}[?2026h" + (shown == nil ? "\u{1B}[2J" : "")
        for row in 0..<max(lines.count, shown?.count ?? 0) {
            let line = row < lines.count ? lines[row] : ""
            let old = shown.map { row < $0.count ? $0[row] : "" } ?? ""
            guard line != old else { continue }
            // The new line goes over the old one, and only what is left of that is cleared: a terminal that draws half of a
            // frame shows no gap. After a line of full width the last character itself would be cleared.
            let isFull = Columns.paintedWidth(of: line) >= columns
            text += "\u{1B}[\(row + 1);1H\(line)" + (isFull ? "" : "\u{1B}[K")
        }
        try write(text + "\u{1B}[?2026l")
    }

    /// Waits for a key.
    ///
    /// - Returns: whether one was pressed that means to leave.
    func wasAskedToLeave(within limit: Duration) -> Bool {
        let milliseconds = Int32(clamping: limit.milliseconds)
        guard !isDeaf else {
            poll(nil, 0, milliseconds)
            return false
        }
        var keyboard = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&keyboard, 1, milliseconds) == 1 else { return false }
        var keys = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &keys, keys.count)
        if count <= 0 { isDeaf = count == 0 || errno != EINTR }
        return keys.prefix(max(0, count)).contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") }
    }

    private func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else {
                throw CommandError(
                    status: ExitStatus.outputFailed,
                    message: "the terminal cannot be written: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up: to wait too short would mean to wait again for nothing.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
