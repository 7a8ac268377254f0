import Foundation
import LeafTestKit
import Testing

/// Tests that run the programs themselves, as their users do: real processes, real files, real kills.
///
/// One at a time, since each brings its own load. No test waits for a time to pass where it can wait for an event; the
/// deadlines are there so that nothing hangs.
@Suite("leafd, as its users run it", .serialized, .aloneOnTheMachine, .showingDaemonLogs)
enum Integration {}

extension Trait where Self == AloneOnTheMachine {
    static var aloneOnTheMachine: Self { AloneOnTheMachine() }
}

/// Runs a test when no other that brings a load of its own runs: the tests of crashes do.
struct AloneOnTheMachine: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Machine.shared.claim()
        do {
            try await function()
        } catch {
            await Machine.shared.release()
            throw error
        }
        await Machine.shared.release()
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

/// How much longer than usual the heavy tests run: SOAK_SCALE, 1 if it is not set.
let soakScale = max(1, ProcessInfo.processInfo.environment["SOAK_SCALE"].flatMap { Double($0) } ?? 1)

/// Says a figure, for whoever reads the test's output.
func figure(_ text: String) {
    print("figure: \(text)")
}

/// The checkout, for what is shipped beside the programs.
let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// Holds that these IDs are IDs, and all different.
func expectUnique(_ ids: [Int64], count: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(ids.count == count, sourceLocation: sourceLocation)
    #expect(ids.allSatisfy { $0 > 0 }, sourceLocation: sourceLocation)
    #expect(Set(ids).count == ids.count, sourceLocation: sourceLocation)
}
