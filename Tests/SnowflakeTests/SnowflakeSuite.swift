import Foundation
import LeafTestKit
import Testing

/// Snowflake mode of the real programs: restarts, kills, clocks that step, hosts that sleep, worker ids that change hands.
/// Whatever happens, no ID comes twice, and those of one worker id ascend.
///
/// One at a time, each on a thread of its own, since it blocks. Short by default; SOAK_SCALE makes them long. Times are told
/// (`figure`), never judged.
@Suite("Snowflakes of leafd", .serialized, .onOwnThread, .showingDaemonLogs)
enum SnowflakeSuite {}

/// How much longer than usual the tests run: SOAK_SCALE, 1 if it is not set.
let soakScale = max(1, ProcessInfo.processInfo.environment["SOAK_SCALE"].flatMap { Double($0) } ?? 1)

/// How long a test waits for what must come. It only guards against hanging: nothing is judged by how fast it was.
let patience = Duration.seconds(60)

/// Says a figure, for whoever reads the test's output.
func figure(_ text: String) {
    print("figure: \(text)")
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
