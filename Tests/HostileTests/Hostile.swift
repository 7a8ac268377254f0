import Foundation
import LeafTestKit
import Testing

/// Clients that mean harm, and whole daemons that withstand them.
///
/// One at a time, each on a thread of its own, since it blocks.
@Suite("leafd, among hostile clients", .serialized, .onOwnThread)
enum Hostile {}

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
