import Glibc
import LeafProtocol
import LeafTestKit
import Testing

@testable import leafctl

/// `leafctl stats --watch` on a terminal: what it shows there, and that it gives it back.
struct WatchTerminalTests {
    private static let enter = "\u{1B}[?1049h"
    private static let leave = "\u{1B}[?1049l"
    private static let cursor = "\u{1B}[?25h"

    /// Answers STATS and HEALTH until the watcher goes.
    private static func server() throws -> ScriptedServer {
        let text = StatsExample.snapshot().document.jsonText()
        let question = "*1\r\n$5\r\nSTATS\r\n*1\r\n$6\r\nHEALTH\r\n"
        return try ScriptedServer { peer in
            while true {
                try peer.expect(question)
                try peer.send("$\(text.utf8.count)\r\n\(text)\r\n+OK\r\n")
            }
        }
    }

    private func watch(_ socket: String, on terminal: PseudoTerminal, _ words: [String] = []) throws -> ChildProcess {
        try ChildProcess(
            try Tool.product("leafctl"),
            ["stats", "--watch", "--interval", "100ms", "--timeout", "30s", "--socket", socket] + words,
            environment: ChildProcess.environment(["TERM": "xterm"]), input: terminal.path, output: terminal.path)
    }

    @Test func `q leaves, and the terminal is as it was`() throws {
        let server = try Self.server()
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let before = terminal.flags
        let watcher = try watch(server.path, on: terminal)
        try terminal.wait(for: "EVENTS")
        #expect(terminal.flags != before, "keys come without Enter")
        #expect(terminal.text.contains(Self.enter) && !terminal.text.contains(Self.leave))
        try terminal.type("q")
        #expect(try watcher.wait() == .code(0))
        try terminal.wait(for: Self.leave)
        #expect(terminal.text.contains(Self.cursor))
        #expect(terminal.flags == before)
    }

    @Test(arguments: [(SIGINT, ChildProcess.Exit.code(0)), (SIGTERM, .signal(SIGTERM)), (SIGHUP, .signal(SIGHUP))])
    func `a signal ends it as it ends others, but not before the terminal is as it was`(
        signal: Int32, exit: ChildProcess.Exit
    ) throws {
        let server = try Self.server()
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let before = terminal.flags
        let watcher = try watch(server.path, on: terminal)
        try terminal.wait(for: "EVENTS")
        watcher.signal(signal)
        #expect(try watcher.wait() == exit)
        try terminal.wait(for: Self.leave)
        #expect(terminal.flags == before)
    }

    @Test func `a terminal that grows is filled`() throws {
        let server = try Self.server()
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let watcher = try watch(server.path, on: terminal)
        try terminal.wait(for: "EVENTS")
        #expect(!terminal.text.contains("LOADS"), "there is no room for it")
        terminal.resize(columns: 200, rows: 50)
        watcher.signal(SIGWINCH)
        try terminal.wait(for: "LOADS")
        try terminal.type("q")
        #expect(try watcher.wait() == .code(0))
    }

    @Test func `it says so while nobody answers, and goes on trying`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let watcher = try watch(folder.file("leafd.sock"), on: terminal)
        try terminal.wait(for: "NO ANSWER, trying again")
        let listener = try listen(at: folder.file("leafd.sock"))
        defer { close(listener) }
        // The second time it has had a connection, which is over.
        for time in 1...2 {
            var knock = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            try #require(poll(&knock, 1, 60_000) == 1, "it does not try a connection for time \(time)")
            let connection = accept(listener, nil, nil)
            let peer = ScriptedServer.Peer(descriptor: connection)
            try peer.expect("*1\r\n$5\r\nSTATS\r\n*1\r\n$6\r\nHEALTH\r\n")
            let text = StatsExample.snapshot().document.jsonText()
            try peer.send("$\(text.utf8.count)\r\n\(text)\r\n+OK\r\n")
            try terminal.wait(for: "leafd answers again")
            close(connection)
            try terminal.wait(for: "NO ANSWER for")
        }
        try terminal.type("q")
        #expect(try watcher.wait() == .code(0))
    }

    @Test func `a key is heard while leafd takes its time`() throws {
        let folder = LeafTestKit.TemporaryFolder()
        let listener = try listen(at: folder.file("leafd.sock"))
        defer { close(listener) }
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let watcher = try watch(folder.file("leafd.sock"), on: terminal, ["--timeout", "1h"])
        try terminal.wait(for: "asking")
        try terminal.type("q")
        #expect(try watcher.wait() == .code(0))
    }

    @Test func `without a terminal it says what to do instead`() throws {
        let result = try Tool.run(try Tool.product("leafctl"), ["stats", "--watch", "--socket", "/nonexistent"])
        #expect(!result.isSuccess && result.errors.contains("--json"), "\(result.errors)")
        #expect(result.output.isEmpty)
    }
}

/// A terminal in memory, of which the test is the screen and the keyboard.
private final class PseudoTerminal {
    /// The side that a program takes for a terminal.
    let path: String
    private let screen: Int32
    /// Kept open, so that the terminal and its settings outlive the program.
    private let program: Int32
    private var bytes: [UInt8] = []
    // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), which are macros that Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init(columns: UInt16, rows: UInt16) throws {
        screen = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, UInt32) = (0, 0)
        guard screen >= 0, ioctl(screen, PseudoTerminal.setLock, &locked) == 0,
            ioctl(screen, PseudoTerminal.getNumber, &number) == 0
        else {
            throw TestProblem("there is no pseudo-terminal to be had: \(String(cString: strerror(errno)))")
        }
        path = "/dev/pts/\(number)"
        program = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard program >= 0 else { throw TestProblem("\(path) cannot be opened") }
        _ = fcntl(screen, F_SETFL, O_NONBLOCK)
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(program)
        close(screen)
    }

    /// Whether input is echoed and waits for Enter.
    var flags: tcflag_t {
        var settings = termios()
        tcgetattr(program, &settings)
        return settings.c_lflag
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(screen, UInt(TIOCSWINSZ), &size)
    }

    /// All that was written so far.
    var text: String {
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = read(screen, &piece, piece.count), count > 0 { bytes += piece.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func wait(for part: String) throws {
        try eventually("\(part.debugDescription) on the terminal", within: .seconds(60)) { text.contains(part) }
    }

    func type(_ key: String) throws {
        guard write(screen, key, key.utf8.count) == key.utf8.count else { throw TestProblem("nobody takes the key") }
    }
}
