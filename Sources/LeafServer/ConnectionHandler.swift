internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import NIOCore

/// One connection: reads requests, answers them in order, everything of one read into one buffer and one flush.
///
/// A request that must wait parks, and with it the rest of its connection, nobody else's. A client that does not read its
/// replies is not read from either. What the commands do is in this type's other files, by kind of command; how a
/// connection waits is in `ConnectionHandler+Waiting`.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let server: ServerCore
    let engine: Engine
    let inbox: LoopInbox
    let limits: ServerLimits
    let isOnAdminSocket: Bool
    let connectionID: Int64

    var grant = AccessPolicy.Grant(rules: [], isAdmin: false)
    var clientName = ""
    var protocolVersion = 2
    var transaction = Transaction()
    var state = State.ready
    var context: ChannelHandlerContext?

    private var decoder: RequestDecoder
    private var arguments = Arguments()
    /// Bytes read and not yet processed: less than one request, or held up by one that waits.
    private var input: ByteBuffer?
    /// A `read` that waits until there is a use for more bytes.
    private var isReadHeld = false
    private var isInputClosed = false

    /// The tag asked for last, which most clients ask for again.
    var recent: (name: [UInt8], entry: TagEntry)?
    /// Requests for one ID of one tag, one right after the other, not answered yet: they take its lock once.
    var run: (entry: TagEntry, length: Int64)?
    /// The same for SNOWFLAKE: how many.
    var snowflakes: Int64 = 0
    var ranges: [IDRange] = []
    /// A request has waited in vain, and nothing has arrived since: those behind it have waited as long.
    var isOutOfPatience = false

    enum State {
        case ready
        /// The answer to a parked request comes later.
        case waiting(Waiting)
        /// The answer comes from another thread: the store's, or the one that gathers statistics.
        case asking(ticket: UInt64)
        /// The client does not read: no more work for it until it does.
        case clogged
        /// No more requests are taken; the connection is to be closed behind the replies.
        case closing
        /// Closed, or it will be as soon as the replies are written.
        case closed
    }

    init(server: ServerCore, inbox: LoopInbox, isOnAdminSocket: Bool, connectionID: Int64) {
        self.server = server
        engine = server.engine
        self.inbox = inbox
        limits = server.limits
        self.isOnAdminSocket = isOnAdminSocket
        self.connectionID = connectionID
        decoder = RequestDecoder(maxLineBytes: limits.maxLineBytes)
    }

    var replies: ReplyBuffer { inbox.replies }

    /// Writes an error reply, and counts it by its prefix.
    func fail(_ text: String) {
        replies.error(text)
        inbox.tally.countError(text)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        grant = server.grant(for: context.channel, onAdminSocket: isOnAdminSocket)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        abandonWait()
        state = .closed
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var arrived = unwrapInboundIn(data)
        if input == nil {
            input = arrived
        } else {
            input?.writeBuffer(&arrived)
        }
        isOutOfPatience = false
        process(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if case .ready = state { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .clogged = state {
            state = .ready
            // Not from within the write that made room: others have their turn first, and the stack its end.
            context.eventLoop.assumeIsolated().execute { self.goOn() }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent:
            // The replies to what has arrived come first (`nc -N` closes its side right after its request).
            isInputClosed = true
            process(context)
            context.flush()
        case is IdleStateHandler.IdleStateEvent:
            switch state {
            case .waiting, .asking: break
            // With replies that nobody reads as without.
            case .ready, .clogged, .closing, .closed: context.close(promise: nil)
            }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, a broken pipe: the client has gone.
        context.close(promise: nil)
    }

    // MARK: Processing

    /// Answers requests until the input ends, one must wait, or the client has replies enough to read; then sends.
    ///
    /// Replies lie in memory that all connections of the loop share: whoever has written some there calls this, in
    /// whatever state, before the loop turns to another connection.
    private func process(_ context: ChannelHandlerContext) {
        var isDrained = false
        while case .ready = state, !isDrained, !hasOutputEnough {
            // The rest of an EXEC comes before any new input.
            isDrained = transaction.isReplaying ? !replay() : !answerInput()
        }
        send(context)
    }

    /// Twice the channel's high-water mark: once this is sent the connection is clogged, and comes back to what is left over.
    private var hasOutputEnough: Bool { replies.count >= limits.outputLimitBytes }

    /// Returns whether there may be more to do.
    private func replay() -> Bool {
        guard let queued = transaction.takeReplay() else { return true }
        let used = queued.withUnsafeBytes { work($0) }
        transaction.postpone(queued.dropFirst(used))
        return true
    }

    /// Returns whether there may be more to do: false when what is left is less than a request.
    private func answerInput() -> Bool {
        guard let pending = input else { return false }
        let used = pending.withUnsafeReadableBytes { work($0) }
        if used == pending.readableBytes {
            input = nil
        } else {
            input?.moveReaderIndex(forwardBy: used)
            // Does not carry the memory of all that came before, nor copy the rest each time.
            if pending.readableBytes - used < pending.capacity / 2 { input?.discardReadBytes() }
        }
        return transaction.isReplaying
    }

    /// Returns how many of the bytes have been dealt with.
    private func work(_ bytes: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        while case .ready = state, !transaction.isReplaying, !hasOutputEnough {
            let start = offset
            switch decoder.decode(bytes, at: &offset, into: &arguments) {
            case .incomplete:
                flushRun()
                return offset
            case .violation(let text):
                flushRun()
                guard case .ready = state else { return start }
                fail("ERR Protocol error: \(text)")
                state = .closing
                return bytes.count
            case .request:
                if joinRun(arguments, bytes) { continue }
                flushRun()
                // What came before this request must wait, and so must it.
                guard case .ready = state else { return start }
                dispatch(arguments, bytes)
            }
        }
        flushRun()
        return offset
    }

    private func send(_ context: ChannelHandlerContext) {
        if !replies.isEmpty {
            var buffer = context.channel.allocator.buffer(capacity: replies.count)
            buffer.writeBytes(replies.bytes)
            replies.clear()
            context.write(wrapOutboundOut(buffer), promise: nil)
        }
        switch state {
        case .closing:
            closeWhenWritten(context)
        case .ready where !context.channel.isWritable:
            state = .clogged
            context.flush()
        case .ready where isInputClosed:
            closeWhenWritten(context)
        default: break
        }
    }

    private func closeWhenWritten(_ context: ChannelHandlerContext) {
        state = .closed
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)), promise: written)
    }

    /// After a wait: the rest of the input, then what could not be read meanwhile.
    func goOn() {
        guard let context else { return }
        process(context)
        context.flush()
        if case .ready = state, isReadHeld {
            isReadHeld = false
            context.read()
        }
    }
}
