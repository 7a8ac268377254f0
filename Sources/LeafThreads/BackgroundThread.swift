private import LeafCore

/// A thread that does what it is given, one after the other.
package final class BackgroundThread: Sendable {
    private struct Work {
        var tasks: [@Sendable () -> Void] = []
        var isEnding = false
    }

    private let mailbox = Mailbox(Work())
    private let thread: Lock<DedicatedThread?>

    /// - Parameter name: Linux keeps its first 15 bytes.
    package init(name: String) {
        let mailbox = mailbox
        let thread = DedicatedThread(name: name) {
            while true {
                let tasks: [@Sendable () -> Void]? = mailbox.wait { work, _ in
                    if work.tasks.isEmpty { return work.isEnding ? .done(nil) : .wait(until: nil) }
                    defer { work.tasks = [] }
                    return .done(work.tasks)
                }
                guard let tasks else { return }
                for task in tasks { task() }
            }
        }
        self.thread = Lock(thread)
    }

    /// From any thread. Dropped once the thread has been stopped.
    package func execute(_ task: @escaping @Sendable () -> Void) {
        mailbox.post { work in
            guard !work.isEnding else { return false }
            work.tasks.append(task)
            return true
        }
    }

    /// Ends the thread after what it has been given, and waits for that. To be called on another thread.
    package func stop() {
        mailbox.post { work in
            work.isEnding = true
            return true
        }
        thread.with { $0.take() }?.join()
    }
}
