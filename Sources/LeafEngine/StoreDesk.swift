internal import LeafCore
internal import LeafStore

/// What the store's threads share: what is due, what is known of the store, and which sessions count.
struct StoreDesk: Sendable {
    var link: StoreLink
    var due: [TagEntry] = []
    /// To be leased for by the main thread: what a helper found is for it to act upon.
    var dueOnMain: [TagEntry] = []
    var jobs: [AdminJob] = []
    var wantsCatalog = true
    /// The configured tags are to be created.
    var wantsTags = true
    /// The warm ones are to be filled once the list has been read.
    var wantsWarming = false
    /// A worker id is waited for.
    var wantsWorkers = false
    /// When worker ids are to be renewed; nil: nobody has asked for any.
    var workersAt: MonotonicTime?
    /// A counter stood below what this host was leased: the others may too.
    var wantsLift = false
    var catalogReadAt: MonotonicTime?
    var catalogTook = Duration.zero
    /// When the next reading is due; nil before the first.
    var catalogAt: MonotonicTime?
    /// When the next sign of life is due; nil before the first session.
    var beatAt: MonotonicTime?
    var latency = LatencyWindow()
    var report = StoreReport()
    var isStopping = false

    // MARK: Sessions

    /// Raised by whatever casts doubt on the sessions there are: they are closed, and what they still bring is worthless.
    var generation: UInt64 = 0
    /// The main thread has settled with the store in this generation: helpers may lease.
    var isSettled = false
    /// A helper has seen a sign: the main thread is to settle even if it has nothing else to do.
    var wantsSettling = false
    /// Open sessions, and those being opened; the main thread's among them.
    var sessions = 0
    /// A helper is opening one.
    var isOpening = false
    /// Helpers that are handing out what was leased in this generation.
    var handingOut = 0
    /// What the main thread has been at since then; nil: it waits.
    var busySince: MonotonicTime?
    /// How long helpers leave the store to the main thread after they failed where it did not.
    var rest = Backoff()
    var restUntil: MonotonicTime?

    init(now: MonotonicTime) {
        link = StoreLink(now: now)
    }

    /// Ends all sessions.
    mutating func endSessions() {
        generation += 1
        isSettled = false
    }

    /// The next tags to lease for in one transaction.
    mutating func takeBatch() -> [TagEntry] {
        let batch = Array(due.prefix(StoreDriver.batchMax))
        due.removeFirst(batch.count)
        return batch
    }
}
