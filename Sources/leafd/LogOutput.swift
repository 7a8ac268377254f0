import LeafConfiguration
import LeafThreads
import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// The log: one line a message, to standard error. Under systemd with its priority in front (sd-daemon(3)), else as text
/// with the time, or as JSON.
struct LogOutput: Sendable {
    let logger: Logger
    private let level: Lock<Logger.Level>

    init(_ settings: Configuration.Log) {
        let level = Lock(LogOutput.level(settings.level))
        let form: LineLogHandler.Form =
            switch settings.format {
            case .json: .json
            case .text: .text
            case .auto: Environment["JOURNAL_STREAM"] == nil ? .text : .journal
            }
        self.level = level
        logger = Logger(label: "leafd") { _ in LineLogHandler(form: form, shared: level) }
    }

    /// Takes over a changed level: a reload.
    func adopt(_ settings: Configuration.Log) {
        level.with { $0 = LogOutput.level(settings.level) }
    }

    private static func level(_ level: LogLevel) -> Logger.Level {
        Logger.Level(rawValue: level.rawValue) ?? .info
    }
}

private struct LineLogHandler: LogHandler {
    enum Form {
        case text, journal, json
    }

    let form: Form
    let shared: Lock<Logger.Level>
    var metadata: Logger.Metadata = [:]

    init(form: Form, shared: Lock<Logger.Level>) {
        self.form = form
        self.shared = shared
    }

    var logLevel: Logger.Level {
        get { shared.with { $0 } }
        set { shared.with { $0 = newValue } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        // One write a line, so that lines of different threads do not mix.
        let line: String
        switch form {
        case .text:
            let tail = fields.map { " \($0.key)=\($0.value)" }.joined()
            line = "\(timestamp()) \(event.level.rawValue): \(oneLine("\(event.message)"))\(oneLine(tail))\n"
        case .journal:
            let tail = fields.map { " \($0.key)=\($0.value)" }.joined()
            line = "<\(priority(event.level))>\(oneLine("\(event.message)"))\(oneLine(tail))\n"
        case .json:
            let pairs =
                [("time", timestamp()), ("level", event.level.rawValue), ("message", "\(event.message)")]
                + fields.map { ($0.key, "\($0.value)") }
            line = "{" + pairs.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}\n"
        }
        var bytes = Array(line.utf8)
        _ = write(STDERR_FILENO, &bytes, bytes.count)
    }

    /// syslog's severities.
    private func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    private func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let milliseconds = String(now.tv_nsec / 1_000_000 + 1000).dropFirst()
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } + ".\(milliseconds)Z"
    }
}
