internal import LeafCore
package import LeafEngine
internal import LeafThreads
internal import NIOCore
internal import NIOExtras
package import NIOPosix

/// The sockets, and the connections that come in on them.
package final class Server: Sendable {
    private let core: ServerCore
    private let group: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - group: the event loops that serve connections.
    ///   - defaultStep: the step of a CREATE without one.
    package init(
        engine: Engine, group: MultiThreadedEventLoopGroup, limits: ServerLimits, policy: AccessPolicy,
        defaultStep: Int64,
        version: String
    ) {
        self.group = group
        core = ServerCore(
            engine: engine, group: group, limits: limits, policy: policy, defaultStep: defaultStep, version: version)
    }

    /// A socket that connections are accepted on.
    package struct Door: Sendable {
        fileprivate let channel: any Channel
        /// Taken out at the close: its own end needs the event loops.
        fileprivate let quiescing: Lock<ServerQuiescingHelper?>
    }

    /// Accepts connections on a socket.
    package func listen(on socket: ListeningSocket, isAdmin: Bool) async throws -> Door {
        let (core, quiescing) = (core, ServerQuiescingHelper(group: group))
        let channel = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read at a time: connections take turns, and one that waits buffers little.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Server.welcome(channel, core, isAdmin: isAdmin) }
            }
            .withBoundSocket(socket.descriptor).get()
        return Door(channel: channel, quiescing: Lock(quiescing))
    }

    private static func welcome(_ channel: any Channel, _ core: ServerCore, isAdmin: Bool) throws {
        guard let number = core.connectionOpened() else {
            return try channel.pipeline.syncOperations.addHandler(RefusingHandler())
        }
        channel.closeFuture.whenComplete { _ in core.connectionClosed() }
        let output = core.limits.outputLimitBytes
        try channel.syncOptions?.setOption(
            .writeBufferWaterMark, value: .init(low: max(1, output / 4), high: max(2, output / 2)))
        let idle = core.limits.idleTimeout
        if idle > .zero {
            try channel.pipeline.syncOperations.addHandler(
                IdleStateHandler(allTimeout: .nanoseconds(idle.inNanoseconds)))
        }
        try channel.pipeline.syncOperations.addHandler(
            ConnectionHandler(
                server: core, inbox: core.inbox(of: channel.eventLoop), isOnAdminSocket: isAdmin, connectionID: number))
    }

    /// Limits for connections from now on.
    package func adopt(_ limits: ServerLimits) { core.adopt(limits) }

    /// Stops accepting, lets every connection have the replies to what it has sent, and closes it.
    ///
    /// - Parameter patience: after which it returns although some still wait: for the engine, whose stop answers them, or
    ///   for clients that do not read, whom the end of the event loops cuts off.
    package func close(_ doors: [Door], patience: Duration) async {
        let loop = group.next()
        let closed = doors.map { door in
            let done = door.channel.eventLoop.makePromise(of: Void.self)
            if let quiescing = door.quiescing.with({ $0.take() }) {
                quiescing.initiateShutdown(promise: done)
            } else {
                done.succeed()
            }
            return done.futureResult
        }
        let ended = loop.makePromise(of: Void.self)
        let cutOff = loop.scheduleTask(in: .nanoseconds(patience.inNanoseconds)) {}
        EventLoopFuture.andAllComplete(closed, on: loop).whenComplete { _ in cutOff.cancel() }
        // Run out or cancelled: over either way.
        cutOff.futureResult.whenComplete { _ in ended.succeed() }
        try? await ended.futureResult.get()
    }

    package func stop() { core.stop() }

    /// Round trips through every event loop: returns when all of them have had a turn.
    package func loopsTakeTurns() async throws {
        for loop in group.makeIterator() { try await loop.submit {}.get() }
    }
}

/// Tells a client that there are too many already, in the words that client libraries know.
private final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let reply = context.channel.allocator.buffer(string: "-ERR max number of clients reached\r\n")
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(reply), promise: written)
    }
}
