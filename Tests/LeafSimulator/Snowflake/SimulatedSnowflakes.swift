/// The worker ids of one daemon: the real machines, and what the drivers have in hand for them.
struct SimulatedSnowflakes {
    var roster: SnowflakeRoster
    var workers: [SimulatedWorker] = []
    /// The slots to ask the store about.
    var due: [Int] = []
    /// Answers that come after their session has been closed.
    var late: [(request: StoreRequest, answer: StoreAnswer)] = []
    /// A clock reading that was taken and not used yet.
    var reading: ClockReading?
    /// The resumed memory images that what was given up last came from: a bit a fork.
    var forksBefore: UInt64 = 0

    init(_ roster: SnowflakeRoster) {
        self.roster = roster
    }
}

/// One worker id in one daemon.
struct SimulatedWorker {
    /// No other object has it.
    let serial: Int
    var object: SnowflakeWorker
    var wantsCommit = false
    /// In the journal writer's hands.
    var commit: WorkerOrder?
    var parked: [(token: ParkToken, count: Int64)] = []
    var lastID: Int64 = -1
    var lastUnit: Int64 = -1
    /// Of a worker id that was taken over before its time was over: the forks of the hold before.
    var forks: UInt64 = 0
    /// The store that it is leased from.
    let store: Int

    init(serial: Int, object: SnowflakeWorker, store: Int) {
        self.serial = serial
        self.object = object
        self.store = store
    }

    /// Whatever it waits for must be in some driver's hands.
    var stuck: String? {
        if object.mark.wish != nil && !wantsCommit { return "a commit is wished for that no driver knows of" }
        if object.mark.order?.number != commit?.number { return "the worker's commit and the driver's differ" }
        if object.waiters.count != parked.count { return "parked requests and waiters differ" }
        return nil
    }
}

extension SnowflakeRoster.Ask {
    var isClaim: Bool { if case .claim = self { true } else { false } }
}
