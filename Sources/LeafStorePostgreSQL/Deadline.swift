import LeafCore
import LeafStoreSQL
import LeafThreads

/// Up to when a call may wait for its socket.
struct Deadline {
    enum End: Error {
        case timedOut
        case interrupted
    }

    private(set) var time: MonotonicTime
    /// How it is set, for error messages: `store.query-timeout (2.0 seconds)`.
    let setting: String
    private let interrupt: Interrupt

    /// - Parameter key: the setting that `duration` is from.
    init(in duration: Duration, _ key: String, _ interrupt: Interrupt) {
        time = MonotonicTime.now().advanced(by: duration)
        setting = "\(key) (\(duration))"
        self.interrupt = interrupt
    }

    /// An earlier one: the time left, shared out among `count`.
    func share(of count: Int) -> Deadline {
        var share = self
        let now = MonotonicTime.now()
        share.time = now.advanced(by: time.since(now) / max(1, count))
        return share
    }

    /// Waits for a socket. A server that always has something to say does not outrun the deadline.
    func wait(_ descriptor: Int32, for events: SocketWait.Events) throws(End) -> SocketWait.Events {
        switch SocketWait.wait(descriptor, for: events, until: time, interrupt) {
        case .ready(let events):
            guard MonotonicTime.now() < time else { throw .timedOut }
            return events
        case .timedOut: throw .timedOut
        case .interrupted: throw .interrupted
        }
    }
}
