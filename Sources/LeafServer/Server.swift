internal import CLeafPlatform
internal import LeafCore
package import LeafEngine
internal import LeafThreads
private import Glibc
private import Synchronization

/// The sockets, and the connections that come in on them.
package final class Server: Sendable {
    let core: ServerCore
    /// Those that accept, each used on the first loop alone.
    private let acceptors = Lock<[Acceptor]>([])
    private let turn = Atomic<Int>(0)

    /// - Parameters:
    ///   - loops: how many event loops (threads) serve connections, at least 1.
    ///   - defaultStep: the step of a CREATE without one.
    package init(
        engine: Engine, loops: Int, limits: ServerLimits, policy: AccessPolicy, defaultStep: Int64, version: String
    ) {
        core = ServerCore(
            engine: engine, loops: loops, limits: limits, policy: policy, defaultStep: defaultStep, version: version)
    }

    private var firstLoop: EventLoop { core.inboxes[0].loop }

    /// Accepts connections on a socket, which it closes in the end.
    package func listen(on socket: ListeningSocket, isAdmin: Bool) async throws(ListenError) {
        let isWorking = await withCheckedContinuation { done in
            firstLoop.execute { [self] in
                let acceptor = Acceptor(
                    socket.descriptor, on: firstLoop, accepted: { self.welcome($0, isAdmin: isAdmin) },
                    refused: { [core] descriptor in
                        core.connectionRefused()
                        Server.refuse(descriptor)
                    })
                acceptors.with { $0.append(acceptor) }
                done.resume(returning: acceptor.isWorking)
            }
        }
        guard isWorking else { throw ListenError("the socket cannot be watched: the system refuses (ulimit -n?)") }
    }

    /// Has a loop serve a new connection, each in its turn.
    private func welcome(_ descriptor: Int32, isAdmin: Bool) {
        guard let client = core.admit(descriptor, onAdminSocket: isAdmin) else { return Server.refuse(descriptor) }
        let inbox = core.inboxes[turn.add(1, ordering: .relaxed).oldValue % core.inboxes.count]
        let serve: @Sendable () -> Void = { [core] in
            _ = ConnectionHandler(server: core, inbox: inbox, descriptor: descriptor, client: client)
        }
        if inbox.loop === firstLoop { serve() } else { inbox.loop.execute(serve) }
    }

    /// Tells a client that there are too many already, in the words that client libraries know.
    private static func refuse(_ descriptor: Int32) {
        let text: StaticString = "-ERR max number of clients reached\r\n"
        send(descriptor, text.utf8Start, text.utf8CodeUnitCount, Int32(Glibc.MSG_NOSIGNAL))
        Glibc.close(descriptor)
    }

    /// How many connections there may be; fewer than configured where the process may not open as many descriptors.
    package var connectionsMax: Int { core.rooms.all }

    /// Limits for connections from now on.
    package func adopt(_ limits: ServerLimits) { core.adopt(limits) }

    /// Stops accepting, lets every connection have the replies to what it has sent, and closes it.
    ///
    /// - Parameter patience: after which it returns although some still wait: for the engine, whose stop answers them, or
    ///   for clients that do not read, whom `stop` cuts off.
    package func close(patience: Duration) async {
        firstLoop.execute { [self] in
            for acceptor in acceptors.with({ $0 }) { acceptor.end() }
            acceptors.with { $0 = [] }
            // Those that have just been accepted are on their way to their loops before this.
            for inbox in core.inboxes { inbox.loop.execute { inbox.endConnections() } }
        }
        let end = MonotonicTime.now().advanced(by: patience)
        repeat {
            try? await Task.sleep(for: .milliseconds(1))
        } while core.openConnections > 0 && MonotonicTime.now() < end
    }

    /// Ends the event loops and what connections are left. Waits for the loops, which wait for nothing.
    package func stop() { core.stop() }

    /// Round trips through every event loop: returns when all of them have had a turn.
    package func loopsTakeTurns() async {
        for inbox in core.inboxes {
            await withCheckedContinuation { done in inbox.loop.execute { done.resume() } }
        }
    }
}
