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
    private static let perTurn = 64
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
        if let key { loop.unwatch(key) }
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
            case EMFILE, ENFILE: if !refuseOne() { return rest() }
            default: return rest()
            }
        }
    }

    /// No descriptor is left: the next connection gets the spare one, and with it the reason. Returns whether it did.
    private func refuseOne() -> Bool {
        guard spare >= 0 else { return false }
        Glibc.close(spare)
        let descriptor = leaf_accept(listener)
        if descriptor >= 0 { refused(descriptor) }
        spare = Acceptor.makeSpare()
        return descriptor >= 0
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
