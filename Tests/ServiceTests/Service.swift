import Foundation
import LeafTestKit
import Testing

/// leafd as Debian's package installs it, under a real systemd that runs as the first process of a container.
///
/// One test at a time, each on a thread of its own, since it blocks, and in a container of its own, which starts in a second and forgets everything at its end. Nothing waits
/// for a time to pass where it can wait for an event.
@Suite(
    "leafd, as a service", .serialized, .onOwnThread,
    .enabled(if: Facilities.obstacle == nil, Comment(rawValue: Facilities.obstacle ?? "")))
enum Service {}

/// The checkout, for what is shipped beside the programs.
let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().path

/// Says a figure, for whoever reads the test's output.
func figure(_ text: String) {
    print("figure: \(text)")
}

/// What these tests need of the host they run on, found out once.
enum Facilities {
    /// The release build that goes into the package: `make test` makes one, and says where it is.
    static let release = ProcessInfo.processInfo.environment["RELEASE_LEAFD"] ?? ""

    /// The folder of leafd, leafctl and leaf-manual.
    static var programs: String { URL(fileURLWithPath: release).deletingLastPathComponent().path }

    /// Why none of these tests can run here; nil: they can.
    static let obstacle: String? = {
        if release.isEmpty {
            return
                "RELEASE_LEAFD names no release build (make test does): the service was not tried under systemd"
        }
        if geteuid() != 0 {
            return "only root can start containers: the service was not tried under systemd"
        }
        let programs = [
            "systemd-nspawn", "mmdebstrap", "nsenter", "strace", "dpkg-buildpackage", "lintian", "man",
        ]
        if let missing = programs.first(where: { !Tool.isThere($0) }) {
            return "there is no \(missing) here: the service was not tried under systemd"
        }
        let trial = try? Tool.run(
            "unshare", ["--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "true"])
        guard trial?.isSuccess == true else {
            return "this machine starts no containers (\(trial?.errors ?? "no unshare")): "
                + "the service was not tried under systemd"
        }
        return nil
    }()
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
