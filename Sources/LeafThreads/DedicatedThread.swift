private import CLeafPlatform
private import Glibc

/// A thread of its own for work that blocks (LMDB, SQL, fsync), so that neither an event loop nor the shared concurrency
/// pool ever waits for a disk.
package final class DedicatedThread: Sendable {
    private let thread: pthread_t
    private let isJoined = Lock(false)

    /// Starts a thread that runs `body` once.
    ///
    /// - Parameter name: shown by `ps -L` and debuggers; Linux keeps its first 15 bytes.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                leaf_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        precondition(status == 0, "the system refused the thread \(name): error \(status)")
        self.thread = thread
    }

    deinit {
        if !isJoined.with({ $0 }) { pthread_detach(thread) }
    }

    /// Waits until `body` has returned. To be called once.
    package func join() {
        isJoined.with { $0 = true }
        pthread_join(thread, nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
