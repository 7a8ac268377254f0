internal import CLeafPlatform
internal import LeafCore
internal import LeafEngine
internal import LeafThreads
private import Glibc
private import Synchronization

/// What all connections share: the engine, the limits, who may do what, and the way to other threads.
final class ServerCore: Sendable {
    let engine: Engine
    let policy: AccessPolicy
    let defaultStep: Int64
    let version: String
    /// One for each event loop.
    let inboxes: [LoopInbox]
    private let tunable: Lock<ServerLimits>
    private let background = BackgroundThread(name: "leafd-reports")
    private let open = Atomic<Int>(0)
    private let total = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    init(
        engine: Engine, loops: Int, limits: ServerLimits, policy: AccessPolicy, defaultStep: Int64, version: String
    ) {
        self.engine = engine
        self.policy = policy
        self.defaultStep = defaultStep
        self.version = version
        tunable = Lock(limits)
        inboxes = (1...loops).map { LoopInbox(loop: EventLoop(name: "leafd-loop-\($0)")) }
        for inbox in inboxes { inbox.register(with: engine) }
    }

    var limits: ServerLimits { tunable.with { $0 } }

    func adopt(_ limits: ServerLimits) {
        tunable.with { $0 = limits }
    }

    // MARK: Connections

    /// Counts a connection in. nil: there are too many.
    func connectionOpened() -> Int64? {
        let number = total.add(1, ordering: .relaxed).newValue
        guard open.add(1, ordering: .relaxed).newValue <= limits.maxConnections else {
            open.subtract(1, ordering: .relaxed)
            refused.add(1, ordering: .relaxed)
            return nil
        }
        return Int64(number)
    }

    /// Counts one that there was not even a descriptor for.
    func connectionRefused() {
        total.add(1, ordering: .relaxed)
        refused.add(1, ordering: .relaxed)
    }

    func connectionClosed() {
        open.subtract(1, ordering: .relaxed)
    }

    var openConnections: Int { open.load(ordering: .relaxed) }

    /// What the client at the other end may do: nobody's rights where the kernel does not tell who it is.
    func grant(for descriptor: Int32, onAdminSocket: Bool) -> AccessPolicy.Grant {
        var peer = leaf_peer_t(pid: 0, uid: .max, gid: .max)
        var size = socklen_t(MemoryLayout<leaf_peer_t>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 {
            peer = leaf_peer_t(pid: 0, uid: .max, gid: .max)
        }
        return policy.grant(uid: peer.uid, gid: peer.gid, onAdminSocket: onAdminSocket)
    }

    // MARK: Reports

    /// Something that finds an answer elsewhere, and hands it over on whatever thread.
    typealias Finding<Answer> = (@escaping @Sendable (Answer) -> Void) -> Void

    /// Works `body` out on a thread that may take its time.
    func inBackground<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer) -> Finding<Answer> {
        { done in self.background.execute { done(body()) } }
    }

    /// Gathers every figure, and has `body` make something of it.
    func report<Answer: Sendable>(_ body: @escaping @Sendable (StatsReport) -> Answer) -> Finding<Answer> {
        { done in
            let gathered = Lock((tally: Tally(), missing: self.inboxes.count))
            for inbox in self.inboxes {
                inbox.loop.execute {
                    let whole = gathered.with { gathered -> Tally? in
                        gathered.tally.add(inbox.tally)
                        gathered.missing -= 1
                        return gathered.missing == 0 ? gathered.tally : nil
                    }
                    guard let whole else { return }
                    self.background.execute { done(body(self.report(whole))) }
                }
            }
        }
    }

    private func report(_ tally: Tally) -> StatsReport {
        StatsReport(engine: engine.snapshot(), tally: tally, connections: connections, version: version)
    }

    private var connections: (open: Int64, total: Int64, refused: Int64, limit: Int64) {
        (
            Int64(open.load(ordering: .relaxed)), Int64(total.load(ordering: .relaxed)),
            Int64(refused.load(ordering: .relaxed)), Int64(limits.maxConnections)
        )
    }

    /// Ends the loops, and with them every connection that is still open.
    func stop() {
        for inbox in inboxes { inbox.loop.stop() }
        background.stop()
    }
}
