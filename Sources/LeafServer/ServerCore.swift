internal import CLeafPlatform
internal import LeafCore
internal import LeafEngine
internal import LeafThreads
internal import NIOCore
internal import NIOPosix
private import Glibc
private import Synchronization

/// What all connections share: the engine, the limits, who may do what, and the way to other threads.
final class ServerCore: Sendable {
    let engine: Engine
    let policy: AccessPolicy
    let defaultStep: Int64
    let version: String
    private let tunable: Lock<ServerLimits>
    private let inboxes: [LoopInbox]
    private let background: NIOThreadPool
    private let open = Atomic<Int>(0)
    private let total = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    init(
        engine: Engine, group: MultiThreadedEventLoopGroup, limits: ServerLimits, policy: AccessPolicy,
        defaultStep: Int64,
        version: String
    ) {
        self.engine = engine
        self.policy = policy
        self.defaultStep = defaultStep
        self.version = version
        tunable = Lock(limits)
        background = NIOThreadPool(numberOfThreads: 1)
        background.start()
        inboxes = group.makeIterator().map { LoopInbox(loop: $0) }
        for inbox in inboxes { inbox.register(with: engine) }
    }

    var limits: ServerLimits { tunable.with { $0 } }

    func adopt(_ limits: ServerLimits) {
        tunable.with { $0 = limits }
    }

    func inbox(of loop: any EventLoop) -> LoopInbox {
        guard let inbox = inboxes.first(where: { $0.loop === loop }) else {
            preconditionFailure("a connection on an event loop that is not the server's")
        }
        return inbox
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

    func connectionClosed() {
        open.subtract(1, ordering: .relaxed)
    }

    /// What the client at the other end may do. Called on the channel's event loop.
    func grant(for channel: any Channel, onAdminSocket: Bool) -> AccessPolicy.Grant {
        var peer = leaf_peer_t(pid: 0, uid: .max, gid: .max)
        if let options = channel as? any SocketOptionProvider {
            let asked: EventLoopFuture<leaf_peer_t> = options.unsafeGetSocketOption(
                level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
            // On the channel's own loop the answer is there at once.
            asked.assumeIsolated().whenSuccess { peer = $0 }
        }
        return policy.grant(uid: peer.uid, gid: peer.gid, onAdminSocket: onAdminSocket)
    }

    // MARK: Reports

    /// Runs `body` on a thread that may take its time.
    func inBackground<R: Sendable>(_ loop: any EventLoop, _ body: @escaping @Sendable () -> R) -> EventLoopFuture<R> {
        background.runIfActive(eventLoop: loop, body)
    }

    /// Gathers every figure, and has `body` make something of it.
    func report<R: Sendable>(
        _ loop: any EventLoop, _ body: @escaping @Sendable (StatsReport) -> R
    ) -> EventLoopFuture<R> {
        let tallies = inboxes.map { inbox in inbox.loop.submit { inbox.tally } }
        return EventLoopFuture.whenAllSucceed(tallies, on: loop).flatMap { tallies in
            let sum = tallies.reduce(into: Tally()) { $0.add($1) }
            return self.inBackground(loop) {
                body(
                    StatsReport(
                        engine: self.engine.snapshot(), tally: sum, connections: self.connections, version: self.version
                    ))
            }
        }
    }

    private var connections: (open: Int64, total: Int64, refused: Int64) {
        (
            Int64(open.load(ordering: .relaxed)), Int64(total.load(ordering: .relaxed)),
            Int64(refused.load(ordering: .relaxed))
        )
    }

    func stop() {
        background.shutdownGracefully { _ in }
    }
}
