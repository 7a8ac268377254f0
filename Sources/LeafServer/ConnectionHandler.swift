internal import CLeafPlatform
internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads

/// One connection: reads requests, answers them in order, everything of one read in one write.
///
/// A request that must wait parks, and with it the rest of its connection, nobody else's. A client that does not read its
/// replies is not read from either. What the commands do is in this type's other files, by kind of command; how a
/// connection waits is in `ConnectionHandler+Waiting`.
final class ConnectionHandler: Watched, TakesTurns, @unchecked Sendable {
    // @unchecked: used on its event loop alone.
    let server: ServerCore
    let engine: Engine
    let inbox: LoopInbox
    let limits: ServerLimits
    /// Who is at the other end.
    let client: Client
    /// When it was accepted.
    private let openedAt: MonotonicTime

    var clientName = ""
    var protocolVersion = 2
    var transaction = Transaction()
    var state = State.ready
    /// What the state `waiting` waits for.
    var waiting: Waiting?
    /// What the state `asking` waits for.
    var asking: UInt64 = 0
    /// When the request arrived that is waiting or asking.
    var waitingSince = MonotonicTime(nanoseconds: 0)

    var stream: Stream
    private var key: EventLoop.Key?
    private var interest = LEAF_READ
    private var decoder: RequestDecoder
    /// Bytes read and not yet processed: less than one request, or held up by one that waits.
    var input = PendingInput()
    var isInputClosed = false
    /// There was more to read than one turn's bytes.
    var hasMoreToRead = false
    /// What the requests of this turn have cost, in units of about 50 ns.
    var effort = 0
    var waitsForTurn = false
    /// Its last turn was not enough for it: what it sends next waits for a turn, so that many such do not have theirs at once.
    var isHeavy = false
    /// What the state `replying` is about.
    var longReply: LongReply?
    /// Memory that its user's account has been charged for.
    var bookedBytes = 0
    /// There may be some to charge or to give back. Nearly always there is not, and nothing more than this is looked at.
    var mayHold = false
    /// When bytes last went either way. Kept only where there is an idle timeout.
    var lastActivity = MonotonicTime(nanoseconds: 0)
    var idleTimer: Timers.ID?

    /// The tag asked for last, which most clients ask for again.
    var recent: TagEntry?
    /// Its name: so many bytes of an array as long as the longest.
    var recentName: [UInt8] = []
    var recentLength = 0
    /// Requests for one ID of the recent tag, one right after the other, not answered yet: they take its lock once.
    var runLength: Int64 = 0
    /// Whether the request that was joined last is one of a run, and of which.
    var joined: Command?
    /// The same for SNOWFLAKE: how many.
    var snowflakes: Int64 = 0
    var ranges: [IDRange] = []
    /// A request has waited in vain, and nothing has arrived since: those behind it have waited as long.
    var isOutOfPatience = false

    enum State {
        case ready
        /// The answer to a parked request comes later.
        case waiting
        /// The answer comes from another thread: the store's, or the one that gathers statistics.
        case asking
        /// A reply that is too long for one turn is being written.
        case replying
        /// The client does not read, or has had its turn: no more work for it until it does, or others had theirs.
        case clogged
        /// No more requests are taken; the connection is to be closed behind the replies.
        case closing
        /// The last replies wait until the client reads them.
        case finishing
        case closed
    }

    /// Serves a connection from now on. To be called on its loop.
    ///
    /// - Parameter descriptor: connected and non-blocking; closed with the connection.
    init(server: ServerCore, inbox: LoopInbox, descriptor: Int32, client: Client) {
        self.server = server
        engine = server.engine
        self.inbox = inbox
        limits = server.limits
        self.client = client
        openedAt = inbox.loop.wokenAt
        stream = Stream(descriptor: descriptor)
        decoder = RequestDecoder(maxLineBytes: limits.maxLineBytes)
        key = inbox.loop.watch(descriptor, self, for: LEAF_READ)
        guard key != nil else {
            close()
            return
        }
        if limits.idleTimeout > .zero { watchIdleness() }
    }

    var replies: ReplyBuffer { inbox.replies }
    var grant: AccessPolicy.Grant { client.grant }

    /// Writes an error reply, and counts it by its prefix.
    func fail(_ text: String) {
        replies.error(text)
        inbox.tally.countError(text)
        effort += Turn.effortOfError
    }

    /// Writes the first piece of a reply whose head is written already; the others follow turn by turn.
    func write(_ reply: LongReply) {
        longReply = reply
        mayHold = true
        state = .replying
        writePiece()
    }

    func writePiece() {
        guard longReply?.write(to: replies) ?? true else { return }
        longReply = nil
        state = .ready
    }

    // MARK: Events of the socket

    func isReady(_ readiness: leaf_readiness_t) {
        if readiness.can_write { waitForTurn() }
        if readiness.can_read, interest & LEAF_READ != 0 {
            if isHeavy { queueUp() } else { receive() }
        } else if readiness.has_hung_up {
            // Both sides: nobody is there to read what might be answered.
            close()
        }
        adjustInterest()
    }

    func loopEnds() { close() }

    func receive() {
        switch stream.receive(into: inbox.readBuffer) {
        case .bytes(let count):
            if count == inbox.readBuffer.count { hasMoreToRead = true }
            isOutOfPatience = false
            noteActivity()
            process(UnsafeRawBufferPointer(rebasing: inbox.readBuffer[..<count]))
        case .nothing: return
        case .end:
            // The replies to what has arrived come first (`nc -N` closes its side right after its request).
            isInputClosed = true
            process()
        case .broken: close()
        }
    }

    /// How long a connection counts as new. Its client has only just seen it succeed, and its first requests are on their way.
    static let newness = Duration.milliseconds(250)

    /// Whether its client may still be about to send its first requests: closed now, it would have connected for nothing.
    var isNew: Bool { MonotonicTime.now().since(openedAt) < ConnectionHandler.newness }

    /// The server takes no more requests: what has arrived is answered, up to one read of it, then the connection is closed.
    func endInput() {
        if case .ready = state, !isInputClosed { receive() }
        isInputClosed = true
        process()
        adjustInterest()
    }

    func close() {
        guard state != .closed else { return }
        abandonWait()
        state = .closed
        if let idleTimer { inbox.loop.cancel(idleTimer) }
        if let key { inbox.loop.unwatch(key) }
        key = nil
        stream.close()
        (input, transaction, longReply) = (PendingInput(), Transaction(), nil)
        client.account.free(bookedBytes)
        client.account.connectionClosed()
    }

    /// Has the system tell what this connection has a use for now.
    func adjustInterest() {
        guard let key else { return }
        let reading = state == .ready && !isInputClosed ? LEAF_READ : 0
        let wanted = stream.unsentCount > 0 ? reading | LEAF_WRITE : reading
        guard wanted != interest else { return }
        interest = wanted
        inbox.loop.change(key, stream.descriptor, to: wanted)
    }

    // MARK: Processing

    /// Answers requests until the input ends, one must wait, or the client has replies enough to read; then sends.
    ///
    /// Replies lie in memory that all connections of the loop share: whoever has written some there calls this, in
    /// whatever state, before the loop turns to another connection. What does not fit into one turn (`Turn`) is done
    /// in the next ones, when others have had theirs.
    ///
    /// - Parameter arrived: bytes just read, behind those that are pending.
    func process(_ arrived: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)) {
        let counted = inbox.tally.total
        effort = 0
        var arrived = arrived
        if !input.isEmpty {
            input.append(arrived)
            arrived = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        var isDrained = false
        while state == .ready, !isDrained, !isTurnOver {
            if let queued = transaction.takeReplay() {
                // The rest of an EXEC comes before any new input.
                let used = queued.withUnsafeBytes { work($0) }
                transaction.postpone(queued.dropFirst(used))
                continue
            }
            if input.isEmpty {
                arrived = UnsafeRawBufferPointer(rebasing: arrived[work(arrived)...])
            } else {
                let used = input.bytes.withUnsafeBytes { work($0) }
                input.drop(used)
            }
            isDrained = !transaction.isReplaying
        }
        if !arrived.isEmpty {
            input.append(arrived)
            mayHold = true
        }
        let answered = inbox.tally.total - counted - unansweredCount
        send()
        if mayHold { book() }
        if answered > 0 { inbox.tally.answered(answered, since: inbox.loop.wokenAt, now: .now()) }
    }

    /// Requests of this connection that have been counted and wait: one, and those of its run.
    var unansweredCount: Int64 {
        state == .waiting || state == .asking ? 1 + runLength + snowflakes : 0
    }

    var isTurnOver: Bool { effort >= Turn.effort || replies.count >= Turn.bytesWritten }

    /// Returns how many of the bytes have been dealt with.
    private func work(_ bytes: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        while state == .ready, !transaction.isReplaying, !isTurnOver {
            let start = offset
            switch decoder.decode(bytes, at: &offset, into: &inbox.arguments) {
            case .incomplete:
                flushRun()
                return offset
            case .violation(let text):
                flushRun()
                guard state == .ready else { return start }
                fail("ERR Protocol error: \(text)")
                state = .closing
                return bytes.count
            case .request:
                effort += 1
                if joinRun(inbox.arguments, bytes) {
                    if offset < bytes.count { offset += joinRepeats(of: start..<offset, bytes) }
                    continue
                }
                flushRun()
                // What came before this request must wait, and so must it.
                guard state == .ready else { return start }
                dispatch(inbox.arguments, bytes)
            }
        }
        flushRun()
        return offset
    }

    private func send() {
        let isCutShort = isTurnOver || hasMoreToRead
        if hasMoreToRead { hasMoreToRead = false }
        guard sendReplies(inbox.replies) else { return close() }
        switch state {
        case .closing: finish()
        case .ready where stream.unsentCount > limits.outputLimitBytes / 2: state = .clogged
        case .ready where isCutShort:
            isHeavy = true
            state = .clogged
            awaitTurn()
        case .ready where isInputClosed: finish()
        // Clogged: within a run.
        case .replying, .clogged: awaitTurn()
        default: break
        }
    }

    /// Handed over, the replies' references are not counted at each use.
    @inline(never)
    private func sendReplies(_ replies: ReplyBuffer) -> Bool {
        guard !replies.isEmpty else { return true }
        noteActivity()
        let isSent = stream.send(replies.bytes)
        replies.clear()
        if stream.unsentCount > 0 { mayHold = true }
        return isSent
    }

    func finish() {
        if stream.unsentCount == 0 { close() } else { state = .finishing }
    }

    /// After a wait: the rest of the input, then what could not be read meanwhile.
    func goOn() {
        process()
        adjustInterest()
    }
}
