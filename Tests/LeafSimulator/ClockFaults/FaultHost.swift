/// A daemon's threads and its client, and when each of them goes on.
struct FaultHost {
    var client: SteadyClient
    var journalAt: MonotonicTime?
    var storeAt: MonotonicTime?
    var beatAt: MonotonicTime?
    var renewalAt: MonotonicTime?
    /// Suspended, or paused.
    var isFrozen = false
    /// What its client gets is measured.
    var isWatched = false

    init(client: SteadyClient) {
        self.client = client
    }

    private static let never = MonotonicTime(nanoseconds: .max)

    /// When anything of it is due.
    var soonest: MonotonicTime {
        guard !isFrozen else { return FaultHost.never }
        let threads = min(journalAt ?? FaultHost.never, storeAt ?? FaultHost.never)
        let timers = min(beatAt ?? FaultHost.never, renewalAt ?? FaultHost.never)
        return min(client.dueAt ?? FaultHost.never, min(threads, timers))
    }

    /// Whether it is due; then it is not any more.
    mutating func isDue(_ time: WritableKeyPath<FaultHost, MonotonicTime?>, _ now: MonotonicTime) -> Bool {
        guard let at = self[keyPath: time], at <= now else { return false }
        self[keyPath: time] = nil
        return true
    }

    /// The threads look whether there is something to do.
    mutating func wake(_ now: MonotonicTime) {
        journalAt = journalAt ?? now
        storeAt = storeAt ?? now
        beatAt = beatAt ?? now.advanced(by: .seconds(30))
        renewalAt = renewalAt ?? now.advanced(by: .seconds(20))
    }

    /// There is no daemon.
    mutating func sleep() {
        (journalAt, storeAt, beatAt, renewalAt) = (nil, nil, nil, nil)
        client.leave()
    }
}

/// Asks one daemon for snowflakes again and again, one request at a time, at a rate that its worker id can bear.
struct SteadyClient {
    let count: Int64
    let pause: Duration
    /// When it asks next; nil: it waits for an answer, or there is no daemon.
    var dueAt: MonotonicTime?
    /// Since when it has got nothing.
    var stalledSince: MonotonicTime?
    var isWaitingForStore = false
    var isAsking = false
    /// When the store was last asked on its behalf.
    var storeAskedAt: MonotonicTime?

    init(count: Int64, pause: Duration) {
        self.count = count
        self.pause = pause
    }

    /// The daemon is gone.
    mutating func leave() {
        self = SteadyClient(count: count, pause: pause)
    }
}
