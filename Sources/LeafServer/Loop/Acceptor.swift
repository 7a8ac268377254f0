internal import CLeafPlatform
private import Glibc

/// Takes the connections that come in on one listening socket.
final class Acceptor: Watched, @unchecked Sendable {
    // @unchecked: used on its event loop alone.
    private let loop: EventLoop
    private let listener: Int32
    private var key: EventLoop.Key?
    /// Given back when the process has no descriptor left, so that the next client can at least be told so.
    private var spare: Int32
    private let accepted: (Int32) -> Void
    private let refused: (Int32) -> Void

    /// The most that are taken in one turn: those who are connected already are waiting as well.
    private static let perTurn = 2
    /// For how long nothing is accepted once even the spare descriptor is of no use.
    private static let pause = Duration.milliseconds(100)

    /// Begins to accept. To be called on the loop.
    ///
    /// - Parameters:
    ///   - listener: bound and listening; closed with this acceptor.
    ///   - accepted: has a new connection's descriptor from then on.
    ///   - refused: has one that there is no room for.
    init(
        _ listener: Int32, on loop: EventLoop, accepted: @escaping (Int32) -> Void, refused: @escaping (Int32) -> Void
    ) {
        self.loop = loop
        self.listener = listener
        self.accepted = accepted
        self.refused = refused
        spare = Acceptor.makeSpare()
        key = leaf_set_nonblocking(listener) == 0 ? loop.watch(listener, self, for: LEAF_READ) : nil
    }

    deinit {
        for descriptor in [listener, spare] where descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Whether the system lets it accept.
    var isWorking: Bool { key != nil }

    /// Accepts no more. To be called on the loop, and then to be let go of, which closes the socket.
    func end() {
        if let key { loop.unwatch(key, shared: listener) }
        key = nil
    }

    func loopEnds() { end() }

    func isReady(_ readiness: leaf_readiness_t) {
        for _ in 0..<Acceptor.perTurn {
            let descriptor = leaf_accept(listener)
            if descriptor >= 0 {
                accepted(descriptor)
                continue
            }
            switch -descriptor {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return
            case EMFILE, ENFILE:
                switch refuseOne() {
                case .refused: continue
                case .nobodyWaits: return
                case .noUse: return rest()
                }
            default: return rest()
            }
        }
    }

    private enum Refusal {
        case refused
        /// The system says so of the descriptor before it looks for a client.
        case nobodyWaits
        case noUse
    }

    /// No descriptor is left: the next connection gets the spare one, and with it the reason.
    private func refuseOne() -> Refusal {
        if spare < 0 { spare = Acceptor.makeSpare() }
        guard spare >= 0 else { return .noUse }
        Glibc.close(spare)
        let descriptor = leaf_accept(listener)
        if descriptor >= 0 { refused(descriptor) }
        spare = Acceptor.makeSpare()
        if descriptor >= 0 { return .refused }
        return descriptor == -EAGAIN ? .nobodyWaits : .noUse
    }

    /// There is nothing to be done about it now, and trying without a pause would take a core.
    private func rest() {
        guard let key else { return }
        loop.change(key, listener, to: 0)
        _ = loop.schedule(in: Acceptor.pause) { [weak self] in
            guard let self, let key = self.key else { return }
            self.loop.change(key, self.listener, to: LEAF_READ)
        }
    }

    private static func makeSpare() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
