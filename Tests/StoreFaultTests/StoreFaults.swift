import Foundation
import LeafTestKit
import Testing

/// Tests of what a database server does to the daemons that lease from it, on real MariaDB and PostgreSQL: it stops, hangs,
/// lies behind a broken network, refuses, loses tables or counters, or is not the right one at all. Whatever it does, no ID
/// comes twice, the stock is served, HEALTH says what is wrong, and all goes on by itself when it is mended.
///
/// One at a time, each on a thread of its own, since it blocks. Short by default; SOAK_SCALE makes them long.
@Suite("Central stores that fail", .serialized, .onOwnThread, .showingDaemonLogs, .printingFaultTable)
enum StoreFaults {}

/// How much longer than usual the tests run: SOAK_SCALE, 1 if it is not set.
let soakScale = max(1, ProcessInfo.processInfo.environment["SOAK_SCALE"].flatMap { Double($0) } ?? 1)

/// Says a figure, for whoever reads the test's output.
func figure(_ text: String) {
    print("figure: \(text)")
}

extension Duration {
    /// For tables: `12 ms`, `3.4 s`.
    var short: String {
        let milliseconds = seconds * 1000
        return milliseconds < 1000
            ? "\(Int(milliseconds.rounded(.up))) ms" : "\(Double(Int(milliseconds / 100)) / 10) s"
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Adds the last lines of the daemons' logs to every issue.
    static var showingDaemonLogs: Self {
        .compactMapIssues { issue in
            // The trait of a suite holds for its tests and theirs: once is enough.
            let logs = Comment(rawValue: DaemonLogs.tails)
            guard !logs.rawValue.isEmpty, !issue.comments.contains(logs) else { return issue }
            var issue = issue
            issue.comments.append(logs)
            return issue
        }
    }
}

extension Trait where Self == OwnThread {
    static var onOwnThread: Self { OwnThread() }
}

/// Runs a test on threads of its own, so that it may block without holding up the tests beside it; and when no other
/// that needs the machine for itself runs.
struct OwnThread: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Machine.shared.claim()
        do {
            try await withTaskExecutorPreference(ThreadExecutor()) { try await function() }
        } catch {
            await Machine.shared.release()
            throw error
        }
        await Machine.shared.release()
    }
}

/// Runs each piece of a task on a new thread.
private final class ThreadExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }.start()
    }
}
