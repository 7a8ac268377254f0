private import Glibc
package import LeafCore

/// A value that one thread waits on and others change: a mutex and a condition, with deadlines on the monotonic clock.
package final class Mailbox<Value>: @unchecked Sendable {
    // @unchecked: `value` is read and written only while `mutex` is held.
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let status = (pthread_mutex_init(mutex, nil), pthread_cond_init(condition, &attributes))
        pthread_condattr_destroy(&attributes)
        precondition(status == (0, 0), "the system refused a mutex or a condition variable: \(status)")
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the value without waking anybody.
    package func with<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Changes the value, and wakes whoever waits if `body` says so.
    package func post(_ body: (inout Value) -> Bool) {
        pthread_mutex_lock(mutex)
        let wake = body(&value)
        pthread_mutex_unlock(mutex)
        if wake { pthread_cond_broadcast(condition) }
    }

    /// What a waiter decides on seeing the value.
    package enum Look<R> {
        case done(R)
        /// Wait for a change; nil: as long as it takes.
        case wait(until: MonotonicTime?)
    }

    /// Waits until `look` is done. It is asked at once, after each waking, and when its own deadline has passed.
    package func wait<R>(_ look: (inout Value, MonotonicTime) -> Look<R>) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch look(&value, .now()) {
            case .done(let result):
                return result
            case .wait(until: nil):
                pthread_cond_wait(condition, mutex)
            case .wait(let deadline?):
                var time = timespec(
                    tv_sec: Int(deadline.nanoseconds / 1_000_000_000),
                    tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
                pthread_cond_timedwait(condition, mutex, &time)
            }
        }
    }
}

extension MonotonicTime {
    /// Reads CLOCK_MONOTONIC: about 25 ns, no system call.
    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(
            nanoseconds: UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000
                &+ UInt64(bitPattern: Int64(time.tv_nsec)))
    }
}
