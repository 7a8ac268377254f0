import LeafCore
import LeafStore
import LeafTestKit
import LeafThreads
import Logging
import Testing

@testable import LeafEngine

/// What is written to the log, for a test to read.
private final class RecordedLog: Sendable {
    private let lines = Lock<[String]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    func lines(with text: String) -> Int { lines.with { lines in lines.count { $0.contains(text) } } }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(log: RecordedLog) {
            self.log = log
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.lines.with { $0.append("\(event.message)") } }
    }
}

/// What operators are told of a store that fails.
@Suite struct ReportTests {
    private func at(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1).advanced(by: .seconds(seconds))
    }

    private func away(_ text: String, topic: String? = nil) -> StoreError {
        StoreError(.unavailable, text, topic: topic)
    }

    @Test func `one failure is told once, and again every ten minutes with a count`() {
        var log = FailureLog()
        var lines: [Int: Int] = [:]
        for second in 0...1200 {
            if let line = log.line(for: away("cannot connect"), now: at(second)) { lines[second] = line.untold }
        }
        #expect(lines == [0: 0, 600: 599, 1200: 599])
    }

    @Test(arguments: [
        ("connection 17 to a:3306 was lost", "connection 4711 to a:3306 was lost"),
        ("tried 3 times", "tried 10 times"),
    ])
    func `errors that differ only in numbers are the same`(one: String, other: String) {
        #expect(away(one).sameness == away(other).sameness)
        var log = FailureLog()
        let told = [log.line(for: away(one), now: at(1)) != nil, log.line(for: away(other), now: at(2)) != nil]
        #expect(told == [true, false])
    }

    @Test func `errors of one topic are the same, and those of other codes are not`() {
        #expect(away("alpha is down", topic: "hosts").sameness == away("beta is down", topic: "hosts").sameness)
        #expect(away("alpha is down").sameness != away("beta is down").sameness)
        #expect(StoreError(.readOnly, "x").sameness != StoreError(.unavailable, "x").sameness)
    }

    @Test func `a store that flickers fills no log, one that fails after a quiet minute is news`() {
        var log = FailureLog()
        var told = 0
        for second in 0..<60 {
            if log.line(for: away("lost"), now: at(second)) != nil { told += 1 }
            if log.succeeded(now: at(second)) { told += 1 }
        }
        #expect(told == 2, "that it failed, and that it answered")
        _ = log.succeeded(now: at(60))
        let later = [log.line(for: away("lost"), now: at(130)) != nil, log.succeeded(now: at(131))]
        #expect(later == [true, true])
    }

    @Test func `failures that change all the time are bounded too`() {
        var log = FailureLog()
        let words = (0..<500).map { number in String(repeating: "x", count: number + 1) }
        let told = words.count { log.line(for: away($0), now: at(1)) != nil }
        #expect(told == FailureLog.topicsMax + 1)
    }

    @Test func `an outage is one line in the log, and one in HEALTH with its reason`() async throws {
        let (folder, store, log) = (TemporaryFolder(), FakeStore(maxSessions: 4), RecordedLog())
        store.set(down: true)
        let running = try Running(folder, store, log: log.logger)
        try await eventually("several tries") { running.engine.snapshot().store.errors["unavailable"] ?? 0 > 3 }
        #expect(log.lines(with: "fails: the fake store is down") == 1)
        #expect("\(running.engine.health())".contains("the fake store is down"))
        #expect(running.engine.snapshot().store.lastError == "the fake store is down")
        store.set(down: false)
        try await eventually("it answers") { running.engine.snapshot().store.link.isUp }
        try await eventually("that is said") { log.lines(with: "answers") == 1 }
        running.engine.stop()
        #expect(log.lines(with: "fails") == 1, "a stop is no failure")
    }

    @Test func `what cannot be guarded against is in HEALTH as long as it is so, and in the log once`() async throws {
        let (folder, store, log) = (TemporaryFolder(), FakeStore(maxSessions: 4), RecordedLog())
        try store.add("orders")
        store.state.with { $0.missingGuards = ["no leafd_agent", "innodb_flush_log_at_trx_commit is 2"] }
        let running = try Running(
            folder, store, beat: .milliseconds(5), pool: StorePool(maxLifetime: .milliseconds(10)), log: log.logger)
        _ = try running.first("orders")
        try await eventually("several sessions") { store.state.with { $0.connects } > 3 }
        #expect(running.engine.health() == .degraded("no leafd_agent; innodb_flush_log_at_trx_commit is 2"))
        #expect(log.lines(with: "innodb_flush") == 1)
        store.state.with { $0.missingGuards = [] }
        try await eventually("all is well") { running.engine.health() == .ok }
        running.engine.stop()
    }

    @Test func `the tag list is read again within a minute, and later only if that takes long`() {
        for jitter in [0.9, 1, 1.1] {
            let pause = StoreDriver.pause(afterReading: .milliseconds(500), jitter: jitter)
            #expect(pause >= .seconds(48) && pause <= .seconds(60))
        }
        #expect(StoreDriver.pause(afterReading: .seconds(2), jitter: 1) == .seconds(200))
        #expect(StoreDriver.pause(afterReading: .seconds(60), jitter: 1) == .seconds(600))
    }
}
