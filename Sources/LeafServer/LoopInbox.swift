internal import LeafCore
internal import LeafEngine
internal import LeafProtocol
internal import LeafThreads

/// What the connections of one event loop share: the memory for replies, and the way back for answers to parked requests.
///
/// Everything but `deliver` is used on the event loop alone.
final class LoopInbox: AnswerReceiver, @unchecked Sendable {
    // @unchecked: all but `arrived`, which has a lock, is touched on `loop` only.
    let loop: EventLoop
    /// Where a connection's bytes arrive: as much as it may send before others have their turn.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    var arguments = Arguments()
    let replies = ReplyBuffer()
    var tally = Tally()
    private(set) var receiver: Int32 = -1
    private var parked: [UInt64: ConnectionHandler] = [:]
    private var tickets: UInt64 = 0
    private let arrived = Lock<[ParkedAnswer]>([])

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
            let answers = arrived.with { arrived in
                defer { arrived = [] }
                return arrived
            }
            // An answer without a connection: its client has gone, and its IDs are a gap.
            for answer in answers { parked.removeValue(forKey: answer.token.ticket)?.resume(with: answer.outcome) }
        }
    }

    /// Every connection answers what has arrived, and is closed then.
    func endConnections() {
        for case let connection as ConnectionHandler in loop.watched { connection.endInput() }
    }
}
