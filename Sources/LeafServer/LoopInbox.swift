internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads

/// What the connections of one event loop share: the memory for replies, and the way back for answers to parked requests.
///
/// Everything but `deliver` is used on the event loop alone.
final class LoopInbox: AnswerReceiver, TakesTurns, @unchecked Sendable {
    // @unchecked: all but `arrived`, which has a lock, is touched on `loop` only.
    let loop: EventLoop
    /// Where a connection's bytes arrive: as much as it may send before others have their turn.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Turn.bytesRead, alignment: 64)
    var arguments = Arguments()
    let replies = ReplyBuffer()
    var tally = Tally()
    private(set) var receiver: Int32 = -1
    private var parked: [UInt64: ConnectionHandler] = [:]
    private var tickets: UInt64 = 0
    private let arrived = Lock<[ParkedAnswer]>([])
    /// What has arrived and not been brought to its connection yet, from `answered` on.
    private var answers: [ParkedAnswer] = []
    private var answered = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    deinit {
        readBuffer.deallocate()
    }

    func register(with engine: Engine) {
        receiver = engine.register(self)
    }

    /// A name for the next request that may park.
    func nextToken() -> ParkToken {
        tickets += 1
        return ParkToken(receiver: receiver, ticket: tickets)
    }

    func park(_ handler: ConnectionHandler, _ token: ParkToken) { parked[token.ticket] = handler }
    func unpark(_ token: ParkToken) { parked[token.ticket] = nil }

    /// From any thread: one hand-over to the loop for all that arrives before the loop looks.
    func deliver(_ answers: [ParkedAnswer]) {
        let isFirst = arrived.with { arrived in
            defer { arrived.append(contentsOf: answers) }
            return arrived.isEmpty
        }
        guard isFirst else { return }
        loop.execute { [self] in
            let new = arrived.with { arrived in
                defer { arrived = [] }
                return arrived
            }
            let isBusy = !self.answers.isEmpty
            self.answers.append(contentsOf: new)
            if !isBusy { takeTurn() }
        }
    }

    /// Brings some answers to their connections: thousands may come with one lease.
    func takeTurn() {
        var weight = 0
        while answered < answers.count, weight < Turn.answers {
            let answer = answers[answered]
            answered += 1
            weight += LoopInbox.weight(answer)
            // An answer without a connection: its client has gone, and its IDs are a gap.
            parked.removeValue(forKey: answer.token.ticket)?.resume(with: answer.outcome)
        }
        if answered == answers.count {
            (answers, answered) = ([], 0)
        } else {
            loop.giveTurn(to: self)
        }
    }

    /// In ordinary answers: a turn's worth of IDs takes as long to write as a turn of them.
    private static func weight(_ answer: ParkedAnswer) -> Int {
        guard case .ids(let ranges) = answer.outcome else { return 1 }
        let count = ranges.reduce(0) { $0 + min($1.count, Turn.ids) }
        return 1 + Int(count) * Turn.answers / Int(Turn.ids)
    }

    /// Every connection answers what has arrived, and is closed then. New ones are served a moment longer, so that a client that
    /// connects for each request meets no closed connection: it is either accepted and answered, or waits for the next daemon.
    func endConnections() {
        var isSomeNew = false
        for case let connection as ConnectionHandler in loop.watched {
            if connection.isNew { isSomeNew = true } else { connection.endInput() }
        }
        if isSomeNew { _ = loop.schedule(in: ConnectionHandler.newness) { [self] in endConnections() } }
    }
}
