import Dispatch
import Glibc

/// Waits for a signal without blocking a thread: tests that did would keep each other's tasks from running.
func signal(of semaphore: DispatchSemaphore) async throws {
    while !isSignalled(semaphore) { try await Task.sleep(for: .milliseconds(1)) }
}

// `wait` is not for asynchronous code, even where it does not wait.
private func isSignalled(_ semaphore: DispatchSemaphore) -> Bool {
    semaphore.wait(timeout: .now()) == .success
}

/// The next connection to a listening socket.
func nextConnection(_ listener: Int32) -> Int32 {
    accept(listener, nil, nil)
}
