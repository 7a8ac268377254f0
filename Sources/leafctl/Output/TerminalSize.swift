internal import Glibc

/// Columns and rows of a terminal.
struct TerminalSize: Hashable {
    let columns: Int
    let rows: Int

    /// What every terminal has.
    static let usual = TerminalSize(columns: 80, rows: 24)

    /// nil where standard output is no terminal, or one that does not know, such as a serial line.
    static var ofStandardOutput: TerminalSize? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0,
            size.ws_row > 0
        else { return nil }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
