internal import CLeafPlatform
internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
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
    private let desk = ReportDesk()
    private let users = Users()
    private let total = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    let pages = TagPages()
    private let refusedPerUID = Atomic<Int>(0)

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

    /// How many there may be: as configured, and as the process has descriptors for.
    var rooms: Doorkeeper.Rooms {
        let limits = limits
        return Doorkeeper.Rooms(
            all: min(limits.maxConnections, Descriptors.forClients(besides: inboxes.count)),
            ofOneUser: limits.maxConnectionsPerUID)
    }

    /// Counts a connection in, with what its client may do. nil: there are too many.
    func admit(_ descriptor: Int32, onAdminSocket: Bool) -> Client? {
        let number = total.add(1, ordering: .relaxed).newValue
        let peer = peer(of: descriptor)
        let grant = policy.grant(uid: peer.uid, gid: peer.gid, onAdminSocket: onAdminSocket)
        let (account, verdict) = users.admit(
            peer.uid, isAdmin: grant.isAdmin, isOnAdminSocket: onAdminSocket, rooms)
        guard let account else {
            refused.add(1, ordering: .relaxed)
            if verdict == .tooManyOfOneUser { refusedPerUID.add(1, ordering: .relaxed) }
            return nil
        }
        return Client(number: Int64(number), isOnAdminSocket: onAdminSocket, grant: grant, account: account)
    }

    /// Counts one that there was not even a descriptor for.
    func connectionRefused() {
        total.add(1, ordering: .relaxed)
        refused.add(1, ordering: .relaxed)
    }

    var openConnections: Int { users.open }
    /// Turned away because their uid had too many already: part of all that were.
    var connectionsRefusedPerUID: Int64 { Int64(refusedPerUID.load(ordering: .relaxed)) }
    /// Closed because they wanted more memory than there was for them.
    var connectionsCutOff: Int64 { Int64(users.cutOff.load(ordering: .relaxed)) }
    /// Memory that connections hold for requests and replies.
    var heldBytes: Int64 { Int64(users.heldBytes.load(ordering: .relaxed)) }

    /// Nobody where the kernel does not tell who it is.
    private func peer(of descriptor: Int32) -> leaf_peer_t {
        let nobody = leaf_peer_t(pid: 0, uid: .max, gid: .max)
        var peer = nobody
        var size = socklen_t(MemoryLayout<leaf_peer_t>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer : nobody
    }

    // MARK: Reports

    /// Something that finds an answer elsewhere, and hands it over on whatever thread.
    typealias Finding<Answer> = (@escaping @Sendable (Answer) -> Void) -> Void

    /// Works `body` out on a thread that may take its time, after one of each other user that waits.
    func inBackground<Answer: Sendable>(
        for client: Client, _ urgency: ReportDesk.Urgency = .ordinary, _ body: @escaping @Sendable () -> Answer
    ) -> Finding<Answer> {
        { done in self.desk.execute(for: client.account.uid, urgency) { done(body()) } }
    }

    /// Gathers every figure, and has `body` make something of it.
    func report<Answer: Sendable>(
        for client: Client, _ body: @escaping @Sendable (StatsReport) -> Answer
    ) -> Finding<Answer> {
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
                    self.desk.execute(for: client.account.uid, .ordinary) { done(body(self.report(whole))) }
                }
            }
        }
    }

    private func report(_ tally: Tally) -> StatsReport {
        StatsReport(engine: engine.snapshot(), tally: tally, connections: connections, version: version)
    }

    private var connections: StatsConnections {
        var stats = StatsConnections()
        stats.open = Int64(users.open)
        stats.total = Int64(total.load(ordering: .relaxed))
        stats.refused = Int64(refused.load(ordering: .relaxed))
        stats.refusedPerUID = connectionsRefusedPerUID
        stats.cutOff = connectionsCutOff
        stats.heldBytes = heldBytes
        stats.limit = Int64(rooms.all)
        return stats
    }

    /// Ends the loops, and with them every connection that is still open.
    func stop() {
        for inbox in inboxes { inbox.loop.stop() }
        desk.stop()
    }
}
