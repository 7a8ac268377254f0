private import Glibc
package import LeafCore
private import LeafThreads

/// Waits for a socket, with a deadline on the monotonic clock.
package enum SocketWait {
    package struct Events: OptionSet, Hashable, Sendable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }

        package static let readable = Events(rawValue: Int16(POLLIN))
        package static let writable = Events(rawValue: Int16(POLLOUT))
        /// Out-of-band data: libmariadb may ask for it.
        package static let exceptional = Events(rawValue: Int16(POLLPRI))
    }

    package enum Outcome: Hashable, Sendable {
        /// At least one of the events; an error or hang-up counts as all of them, so that the next call meets it.
        case ready(Events)
        case timedOut
        case interrupted
    }

    /// - Parameter deadline: in the past: looks once without waiting.
    package static func wait(
        _ descriptor: Int32, for events: Events, until deadline: MonotonicTime, _ interrupt: Interrupt
    ) -> Outcome {
        while true {
            let left = deadline.since(.now())
            // Rounded up, so as not to spin for the last millisecond.
            let milliseconds = Int32(clamping: (left.inNanoseconds + 999_999) / 1_000_000)
            var descriptors = [
                pollfd(fd: descriptor, events: events.rawValue, revents: 0),
                pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, milliseconds)
            if count < 0 && errno == EINTR { continue }
            if descriptors[1].revents != 0 { return .interrupted }
            let found = descriptors[0].revents
            if found & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { return .ready(events) }
            if found != 0 { return .ready(Events(rawValue: found)) }
            if milliseconds == 0 { return .timedOut }
        }
    }
}
