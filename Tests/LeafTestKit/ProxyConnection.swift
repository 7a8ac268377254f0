import Glibc

/// One connection through a proxy. Used on the proxy's thread alone.
final class ProxyConnection {
    private enum Chunk {
        case bytes([UInt8], due: ContinuousClock.Instant)
        case end(due: ContinuousClock.Instant)

        var due: ContinuousClock.Instant {
            switch self {
            case .bytes(_, let due), .end(let due): due
            }
        }
    }

    /// What flows one way.
    private final class Flow {
        let source: Int32
        let target: Int32
        let isToServer: Bool
        var queue: [Chunk] = []
        /// Bytes that wait here.
        var waiting = 0
        /// The source has sent its last byte.
        var hasEnded = false
        /// The target has been told so.
        var isFinished = false
        /// The target takes nothing at the moment.
        var isBlocked = false
        var passed = 0

        init(source: Int32, target: Int32, isToServer: Bool) {
            self.source = source
            self.target = target
            self.isToServer = isToServer
        }
    }

    private let client: Int32
    private let server: Int32
    private let orders: ProxyOrders
    private var isConnecting = true
    private let toServer: Flow
    private let toClient: Flow
    private var lastWasToServer = false
    private(set) var isOver = false
    var isBlackholed = false

    /// So much is kept here at most before the sender has to wait.
    private static let most = 1 << 20

    init(client: Int32, server: Int32, _ orders: ProxyOrders) {
        self.client = client
        self.server = server
        self.orders = orders
        toServer = Flow(source: client, target: server, isToServer: true)
        toClient = Flow(source: server, target: client, isToServer: false)
    }

    // MARK: Waiting

    /// What it waits for.
    var waits: [pollfd] {
        guard !isOver else { return [] }
        if isConnecting { return [pollfd(fd: server, events: Int16(POLLOUT), revents: 0)] }
        return [wait(for: client, toServer, toClient), wait(for: server, toClient, toServer)].compactMap { $0 }
    }

    private func wait(for socket: Int32, _ reads: Flow, _ writes: Flow) -> pollfd? {
        let wantsRead = !reads.hasEnded && reads.waiting < ProxyConnection.most
        let events = (wantsRead ? POLLIN : 0) | (writes.isBlocked ? POLLOUT : 0)
        return events == 0 ? nil : pollfd(fd: socket, events: Int16(events), revents: 0)
    }

    /// When the next bytes are to go on.
    var due: ContinuousClock.Instant? {
        guard !isOver, !isConnecting else { return nil }
        return [toServer, toClient].compactMap { $0.isBlocked ? nil : $0.queue.first?.due }.min()
    }

    /// Reads what has come.
    func take(_ ready: [Int32: Int32], delay: Duration) {
        guard !isOver else { return }
        if isConnecting {
            guard let events = ready[server], events != 0 else { return }
            guard LoopbackSocket.error(of: server) == 0 else { return end(.reset) }
            isConnecting = false
            return
        }
        if let events = ready[client], events != 0 { take(toServer, toClient, events, delay) }
        if !isOver, let events = ready[server], events != 0 { take(toClient, toServer, events, delay) }
    }

    private func take(_ reads: Flow, _ writes: Flow, _ events: Int32, _ delay: Duration) {
        if events & (POLLOUT | POLLERR | POLLHUP) != 0 { writes.isBlocked = false }
        guard events & (POLLIN | POLLERR | POLLHUP) != 0, !reads.hasEnded else { return }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(reads.source, &bytes, bytes.count, 0)
        let due = ContinuousClock.now.advanced(by: delay)
        if count > 0 {
            reads.queue.append(.bytes(Array(bytes.prefix(count)), due: due))
            reads.waiting += count
        } else if count == 0 {
            reads.hasEnded = true
            reads.queue.append(.end(due: due))
        } else if errno != EAGAIN, errno != EINTR {
            end(.reset)
        }
    }

    // MARK: Forwarding

    /// Sends on what is due.
    func forward() {
        guard !isConnecting else { return }
        forward(toServer)
        forward(toClient)
        if !isOver, toServer.isFinished, toClient.isFinished { end(.close) }
    }

    private func forward(_ flow: Flow) {
        while !isOver, !isBlackholed, !flow.isBlocked, let chunk = flow.queue.first,
            chunk.due <= ContinuousClock.now
        {
            guard case .bytes(let bytes, let due) = chunk else {
                shutdown(flow.target, Int32(SHUT_WR))
                flow.isFinished = true
                flow.queue.removeFirst()
                continue
            }
            let allowed = min(bytes.count, allowance(flow))
            guard allowed > 0 else { return strike() }
            let sent = send(flow.target, bytes, allowed, Int32(MSG_NOSIGNAL))
            guard sent > 0 else {
                if errno == EAGAIN { flow.isBlocked = true } else { end(.reset) }
                return
            }
            flow.waiting -= sent
            flow.passed += sent
            if sent == bytes.count {
                flow.queue.removeFirst()
            } else {
                flow.queue[0] = .bytes(Array(bytes[sent...]), due: due)
            }
            count(sent, isToServer: flow.isToServer)
            if allowance(flow) == 0 { strike() }
        }
    }

    private func count(_ sent: Int, isToServer: Bool) {
        orders.update { state in
            if isToServer {
                state.counters.toServer += sent
                if !lastWasToServer { state.counters.roundTrips += 1 }
            } else {
                state.counters.toClient += sent
            }
            if state.cut?.counts(toServer: isToServer) == true { state.cut?.passed += sent }
        }
        lastWasToServer = isToServer
    }

    // MARK: Cuts

    /// How many bytes may still go this way.
    private func allowance(_ flow: Flow) -> Int {
        guard let cut = orders.current.cut, cut.counts(toServer: flow.isToServer) else { return .max }
        guard cut.counting == .eachConnection else { return max(0, cut.count - cut.passed) }
        let passed = cut.direction == .either ? toServer.passed + toClient.passed : flow.passed
        return max(0, cut.count - passed)
    }

    private func strike() {
        let how = orders.update { state in
            let how = state.cut?.how ?? .reset
            if state.cut?.counting == .fromNow { state.cut = nil }
            state.counters.cuts += 1
            return how
        }
        end(how)
    }

    /// Ends it, in one of the ways.
    func end(_ how: FaultProxy.Cut) {
        guard !isOver else { return }
        switch how {
        case .blackhole:
            isBlackholed = true
            return
        case .close:
            for socket in [client, server] {
                shutdown(socket, Int32(SHUT_WR))
                // Closing with something unread would be a reset.
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                while recv(socket, &bytes, bytes.count, 0) > 0 {}
                close(socket)
            }
        case .reset:
            for socket in [client, server] {
                settle(socket)
                LoopbackSocket.reset(socket)
            }
        }
        isOver = true
    }

    /// Waits until what was sent has arrived: a reset would take it back.
    private func settle(_ socket: Int32) {
        for _ in 0..<50 {
            var left: Int32 = 0
            guard ioctl(socket, UInt(TIOCOUTQ), &left) == 0, left > 0 else { return }
            usleep(1000)
        }
    }
}
