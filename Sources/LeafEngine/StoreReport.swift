internal import LeafCore
internal import LeafStore

/// What operators are told of the store: in the log, in HEALTH and in STATS.
struct StoreReport: Sendable {
    /// The failure that lasts; nil: it answers.
    var failure: StoreError?
    /// The last failure, over or not.
    var last: StoreError?
    /// What failed for good, by the code of the error.
    var errors: [StoreError.Code: Int] = [:]
    /// Calls that were tried again at once.
    var retries = 0
    /// How often this daemon has lifted counters.
    var lifts = 0
    /// What operators should know though the store answers, and until when it is shown.
    var trouble: (text: String, until: MonotonicTime)?
    /// What the store cannot guard against, and rows that cannot be served: a line each.
    var warnings: [String] = []
    private var logged: Set<String> = []
    private var failures = FailureLog()
    private var helperFailures = FailureLog()

    /// The most different warnings of which it is remembered that they have been logged.
    private static let loggedMax = 1000

    /// Counts an error that no further try has mended.
    mutating func note(_ error: StoreError) {
        errors[error.code, default: 0] += 1
        last = error
    }

    /// What to log of a failure; nil: it has been said.
    mutating func line(for error: StoreError, now: MonotonicTime) -> FailureLog.Line? {
        failures.line(for: error, now: now)
    }

    /// The same for a session beside the main one.
    mutating func helperLine(for error: StoreError, now: MonotonicTime) -> FailureLog.Line? {
        helperFailures.line(for: error, now: now)
    }

    /// The store answers again.
    ///
    /// - Returns: whether it was said that it did not.
    mutating func succeeded(now: MonotonicTime) -> Bool {
        failure = nil
        return failures.succeeded(now: now)
    }

    /// Shows these from now on.
    ///
    /// - Returns: those that have not been logged yet.
    mutating func show(warnings new: [String]) -> [String] {
        warnings = new
        let news = new.filter { !logged.contains($0) }
        if logged.count < Self.loggedMax { logged.formUnion(news) }
        return news
    }
}

/// Keeps one failure from filling the log: each is told once, and then every ten minutes with a count.
struct FailureLog: Sendable {
    struct Line: Hashable, Sendable {
        /// How often the same has failed since it was last told, and was not told.
        let untold: Int
    }

    private struct Topic: Sendable {
        var toldAt: MonotonicTime
        var untold = 0
    }

    private var topics: [String: Topic] = [:]
    private var hasTold = false
    private var upSince: MonotonicTime?

    /// Between two lines on the same failure.
    static var pause: Duration { .seconds(600) }
    /// A failure is news again when the store has answered for so long: what flickers fills no log either.
    static var calm: Duration { .seconds(60) }
    /// The most failures that are told apart; more of them within one outage are one.
    static let topicsMax = 32

    /// What to log; nil: nothing.
    mutating func line(for error: StoreError, now: MonotonicTime) -> Line? {
        if let upSince, now.since(upSince) >= FailureLog.calm { topics = [:] }
        upSince = nil
        let isNew = topics[error.sameness] == nil
        let key = isNew && topics.count >= FailureLog.topicsMax ? "the rest" : error.sameness
        if let topic = topics[key], now.since(topic.toldAt) < FailureLog.pause {
            topics[key]?.untold += 1
            return nil
        }
        let untold = topics[key]?.untold ?? 0
        topics[key] = Topic(toldAt: now)
        hasTold = true
        return Line(untold: untold)
    }

    /// - Returns: whether a failure has been told since the last success.
    mutating func succeeded(now: MonotonicTime) -> Bool {
        upSince = upSince ?? now
        defer { hasTold = false }
        return hasTold
    }
}
